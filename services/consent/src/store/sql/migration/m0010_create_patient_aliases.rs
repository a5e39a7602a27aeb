//! Remembers which patients are one human, and how far identity's merges were followed.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{small_integer, text, uuid, uuid_null};

pub(super) struct CreatePatientAliases;

impl MigrationName for CreatePatientAliases {
    fn name(&self) -> &'static str {
        "m0010_create_patient_aliases"
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
        // Everybody who is the same human: asked by every check that reads the database.
        let mut by_human = Index::create();
        by_human
            .name("patient_aliases_human_id")
            .table("patient_aliases")
            .col("human_id")
            .col("patient_id");
        manager.create_index(by_human).await?;

        let mut followed = Table::create();
        followed
            .table("identity_followed")
            .col(small_integer("id").primary_key())
            .col(text("cursor"));
        manager.create_table(followed).await?;
        let mut first = Query::insert();
        first
            .into_table("identity_followed")
            .columns(["id", "cursor"])
            .values_panic([1.into(), "start".into()]);
        manager.execute(first).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["identity_followed", "patient_aliases"] {
            manager
                .drop_table(Table::drop().table(table).take())
                .await?;
        }
        Ok(())
    }
}
