//! Creates the log, its head, the patients' heads and the producers' positions.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, blob, blob_null, boolean, integer, string, text_null, uuid,
    uuid_null,
};

pub(super) struct CreateLog;

impl MigrationName for CreateLog {
    fn name(&self) -> &'static str {
        "m0001_create_log"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for CreateLog {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_events(manager).await?;

        let mut head = Table::create();
        head.table("log_head")
            .col(integer("id").primary_key())
            .col(big_integer("fence"))
            .col(big_integer("size"))
            .col(big_integer("recorded_at"))
            .col(text_null("checkpoint"));
        manager.create_table(head).await?;

        let mut patient_heads = Table::create();
        patient_heads
            .table("patient_heads")
            .col(uuid("patient_id").primary_key())
            .col(big_integer("sequence"))
            .col(blob("leaf"));
        manager.create_table(patient_heads).await?;

        let mut producers = Table::create();
        producers
            .table("producers")
            .col(string("source"))
            .col(big_integer("epoch"))
            .col(big_integer("last_sequence"))
            .primary_key(Index::create().col("source").col("epoch"));
        manager.create_table(producers).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["producers", "patient_heads", "log_head", "events"] {
            manager
                .drop_table(Table::drop().table(table).take())
                .await?;
        }
        Ok(())
    }
}

async fn create_events(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut events = Table::create();
    events
        .table("events")
        .col(big_integer("log_index").primary_key())
        .col(uuid("event_id"))
        .col(string("source"))
        .col(big_integer("epoch"))
        .col(big_integer("sequence"))
        .col(big_integer("recorded_at"))
        .col(uuid_null("patient_id"))
        .col(big_integer_null("patient_sequence"))
        .col(blob_null("previous_leaf"))
        .col(blob("commitment"))
        .col(blob("nodes"))
        .col(big_integer("occurred_at"))
        .col(uuid_null("practitioner_id"))
        .col(uuid_null("organization_id"))
        .col(string("kind"))
        .col(string("outcome"))
        .col(boolean("is_emergency"))
        .col(blob_null("payload"))
        .col(blob_null("salt"));
    manager.create_table(events).await?;

    let mut unique = Index::create();
    unique
        .name("events_event_id_key")
        .table("events")
        .col("event_id")
        .unique();
    manager.create_index(unique).await?;
    // The two lists that there are, the newest first: an index is read backwards as
    // well as forwards. Events without the person are in neither.
    for person in ["patient_id", "practitioner_id"] {
        let mut list = Index::create();
        list.name(format!("events_{person}_log_index"))
            .table("events")
            .col(person)
            .col("log_index")
            .cond_where(Expr::col(person).is_not_null());
        manager.create_index(list).await?;
    }
    Ok(())
}
