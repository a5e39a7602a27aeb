//! The step that creates the `outbox` and `outbox_head` tables.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, big_pk_auto, integer, text, uuid};
use sea_orm_migration::sea_orm::DbBackend;

/// Creates `outbox` and `outbox_head`; a service lists it among its migrations.
#[derive(Debug, Clone, Copy)]
pub struct CreateOutbox;

impl MigrationName for CreateOutbox {
    fn name(&self) -> &'static str {
        "aval_database_outbox_1"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for CreateOutbox {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut outbox = Table::create();
        outbox
            .table("outbox")
            .col(big_pk_auto("id"))
            .col(uuid("event_id"))
            .col(big_integer("occurred_at"))
            .col(text("payload"))
            .col(big_integer_null("sequence"));
        manager.create_table(outbox).await?;
        for (name, column) in [
            ("outbox_event_id_key", "event_id"),
            ("outbox_sequence_key", "sequence"),
        ] {
            let mut unique = Index::create();
            unique.name(name).table("outbox").col(column).unique();
            manager.create_index(unique).await?;
        }
        // What the relay asks for first: has anything no number yet, oldest first?
        let mut unnumbered = Index::create();
        unnumbered
            .name("outbox_unnumbered")
            .table("outbox")
            .col("id")
            .cond_where(Expr::col("sequence").is_null());
        manager.create_index(unnumbered).await?;

        // Rows come and go: vacuum by how many went, not by what share of the table.
        if manager.get_database_backend() == DbBackend::Postgres {
            manager
                .get_connection()
                .execute_unprepared(
                    "ALTER TABLE outbox SET ( \
                     autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000)",
                )
                .await?;
        }

        let mut head = Table::create();
        head.table("outbox_head")
            .col(integer("id").primary_key())
            .col(big_integer("epoch"))
            .col(big_integer("last_sequence"));
        manager.create_table(head).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["outbox_head", "outbox"] {
            manager
                .drop_table(Table::drop().table(table).take())
                .await?;
        }
        Ok(())
    }
}
