//! Remembers who wants to be told of what is told on demand, and how far the findings of the
//! trail were followed.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{integer, small_integer, text};

pub(super) struct TellOfFindings;

impl MigrationName for TellOfFindings {
    fn name(&self) -> &'static str {
        "m0011_tell_of_findings"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for TellOfFindings {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut alter = Table::alter();
        alter
            .table("notification_inboxes")
            .add_column(integer("wanted").default(0));
        manager.alter_table(alter).await?;

        let mut followed = Table::create();
        followed
            .table("findings_followed")
            .col(small_integer("id").primary_key())
            .col(text("cursor"));
        manager.create_table(followed).await?;
        let mut first = Query::insert();
        first
            .into_table("findings_followed")
            .columns(["id", "cursor"])
            .values_panic([1.into(), "start".into()]);
        manager.execute(first).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut followed = Table::drop();
        followed.table("findings_followed");
        manager.drop_table(followed).await?;
        let mut alter = Table::alter();
        alter.table("notification_inboxes").drop_column("wanted");
        manager.alter_table(alter).await
    }
}
