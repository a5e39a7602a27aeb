//! Indexes the few events that say which professionals are one human, and those alone.

use sea_orm_migration::prelude::*;

use crate::store::sql::professionals::tells_of_professionals;

pub(super) struct IndexProfessionals;

const NAME: &str = "events_professionals";

impl MigrationName for IndexProfessionals {
    fn name(&self) -> &'static str {
        "m0007_index_professionals"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for IndexProfessionals {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut index = Index::create();
        index
            .name(NAME)
            .table("events")
            .col("log_index")
            .cond_where(tells_of_professionals());
        manager.create_index(index).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut index = Index::drop();
        index.name(NAME).table("events");
        manager.drop_index(index).await
    }
}
