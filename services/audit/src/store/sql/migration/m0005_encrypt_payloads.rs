//! Makes room for the keys under which payloads are kept, and for what says why one was
//! erased. Rows that are in clear stay so until `rotate-keys` encrypts them.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, blob, string, uuid};
use sea_orm_migration::sea_orm::ConnectionTrait;

pub(super) struct EncryptPayloads;

impl MigrationName for EncryptPayloads {
    fn name(&self) -> &'static str {
        "m0005_encrypt_payloads"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for EncryptPayloads {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut keys = Table::create();
        keys.table("patient_keys")
            .col(big_integer("key_id").primary_key())
            .col(uuid("patient_id").unique_key())
            .col(string("wrapping_key_id"))
            .col(blob("wrapped"));
        manager.create_table(keys).await?;
        // Which wrapping keys are in use, and what is under one that goes.
        let mut by_wrapping = Index::create();
        by_wrapping
            .name("patient_keys_wrapping_key_id")
            .table("patient_keys")
            .col("wrapping_key_id")
            .col("key_id");
        manager.create_index(by_wrapping).await?;

        for column in ["key_id", "erased_by"] {
            let mut more = Table::alter();
            more.table("events").add_column(big_integer_null(column));
            manager.alter_table(more).await?;
        }
        // Empty once everything is encrypted.
        let mut in_clear = Index::create();
        in_clear
            .name("events_in_clear")
            .table("events")
            .col("log_index")
            .cond_where(
                Expr::col("payload")
                    .is_not_null()
                    .and(Expr::col("key_id").is_null()),
            );
        manager.create_index(in_clear).await?;
        // What of a patient was erased: for most, nothing.
        let mut erased = Index::create();
        erased
            .name("events_erased")
            .table("events")
            .col("patient_id")
            .col("log_index")
            .cond_where(Expr::col("erased_by").is_not_null());
        manager.create_index(erased).await
    }

    /// Refused once something was encrypted or erased: an older program would take the one
    /// for damage, and would not know why of the other.
    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut kept = Query::select();
        kept.column("log_index")
            .from("events")
            .cond_where(any![
                Expr::col("key_id").is_not_null(),
                Expr::col("erased_by").is_not_null()
            ])
            .limit(1);
        let kept = manager.get_connection().query_one(&kept).await?;
        if kept.is_some() {
            return Err(DbErr::Migration(
                "events are encrypted or erased by now: a schema without keys cannot hold them"
                    .to_owned(),
            ));
        }
        for index in ["events_erased", "events_in_clear"] {
            let mut drop = Index::drop();
            drop.name(index).table("events");
            manager.drop_index(drop).await?;
        }
        for column in ["erased_by", "key_id"] {
            let mut less = Table::alter();
            less.table("events").drop_column(column);
            manager.alter_table(less).await?;
        }
        manager
            .drop_table(Table::drop().table("patient_keys").take())
            .await
    }
}
