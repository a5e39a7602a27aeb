//! Remembers which patients are one human, from the merges that stand in the log.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, uuid, uuid_null};
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::store::sql::alias;

pub(super) struct CreatePatientAliases;

impl MigrationName for CreatePatientAliases {
    fn name(&self) -> &'static str {
        "m0003_create_patient_aliases"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for CreatePatientAliases {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut aliases = Table::create();
        aliases
            .table("patient_aliases")
            .col(uuid("patient_id").primary_key())
            .col(uuid_null("leads_to"))
            .col(uuid("human_id"));
        manager.create_table(aliases).await?;
        // Who is the same human: asked by every reading of a history.
        let mut by_human = Index::create();
        by_human
            .name("patient_aliases_human_id")
            .table("patient_aliases")
            .col("human_id")
            .col("patient_id");
        manager.create_index(by_human).await?;

        let mut known = Table::alter();
        known
            .table("log_head")
            .add_column(big_integer("aliases_to").default(0));
        manager.alter_table(known).await?;
        fill(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut known = Table::alter();
        known.table("log_head").drop_column("aliases_to");
        manager.alter_table(known).await?;
        manager
            .drop_table(Table::drop().table("patient_aliases").take())
            .await
    }
}

/// Takes in what stands in the log by now. What is recorded while an older program still
/// writes is taken in by the next writer.
async fn fill(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let mut size = Query::select();
    size.column("size").from("log_head");
    let Some(head) = connection.query_one(&size).await? else {
        return Ok(());
    };
    let size: i64 = head.try_get("", "size")?;
    alias::catch_up_in_clear(connection, 0..size).await?;
    let mut known = Query::update();
    known.table("log_head").value("aliases_to", size);
    connection.execute(&known).await?;
    Ok(())
}
