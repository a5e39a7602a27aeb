//! Remembers which entries of the directory are one human, and how far its changes were
//! followed.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{small_integer, text, uuid, uuid_null};

pub(super) struct CreateAliases;

impl MigrationName for CreateAliases {
    fn name(&self) -> &'static str {
        "m0009_create_aliases"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for CreateAliases {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut aliases = Table::create();
        aliases
            .table("practitioner_aliases")
            .col(uuid("practitioner_id").primary_key())
            .col(uuid_null("leads_to"))
            .col(uuid("human_id"));
        manager.create_table(aliases).await?;
        // Everybody who is the same human: asked by every check that reads the database.
        let mut by_human = Index::create();
        by_human
            .name("practitioner_aliases_human_id")
            .table("practitioner_aliases")
            .col("human_id")
            .col("practitioner_id");
        manager.create_index(by_human).await?;

        let mut followed = Table::create();
        followed
            .table("directory_followed")
            .col(small_integer("id").primary_key())
            .col(text("cursor"));
        manager.create_table(followed).await?;
        let mut first = Query::insert();
        first
            .into_table("directory_followed")
            .columns(["id", "cursor"])
            .values_panic([1.into(), "start".into()]);
        manager.execute(first).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["directory_followed", "practitioner_aliases"] {
            manager
                .drop_table(Table::drop().table(table).take())
                .await?;
        }
        Ok(())
    }
}
