//! Indexes the few events that say how people stand to a patient, and those alone.

use sea_orm_migration::prelude::*;

use crate::store::sql::standing::is_of_standing;

pub(super) struct IndexStanding;

const NAME: &str = "events_standing";

impl MigrationName for IndexStanding {
    fn name(&self) -> &'static str {
        "m0004_index_standing"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for IndexStanding {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut index = Index::create();
        index
            .name(NAME)
            .table("events")
            .col("patient_id")
            .col("log_index")
            .cond_where(is_of_standing());
        manager.create_index(index).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut index = Index::drop();
        index.name(NAME).table("events");
        manager.drop_index(index).await
    }
}
