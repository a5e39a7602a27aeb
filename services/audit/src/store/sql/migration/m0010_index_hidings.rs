//! Indexes the few events that say from whom a document is hidden, and those alone.

use sea_orm_migration::prelude::*;

use crate::store::sql::hidings::is_hiding;

pub(super) struct IndexHidings;

const NAME: &str = "events_hidings";

impl MigrationName for IndexHidings {
    fn name(&self) -> &'static str {
        "m0010_index_hidings"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for IndexHidings {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut index = Index::create();
        index
            .name(NAME)
            .table("events")
            .col("patient_id")
            .col("log_index")
            .cond_where(is_hiding());
        manager.create_index(index).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut index = Index::drop();
        index.name(NAME).table("events");
        manager.drop_index(index).await
    }
}
