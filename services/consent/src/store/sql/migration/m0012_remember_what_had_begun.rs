//! Remembers whether what was requested had begun when the patient said yes.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::boolean_null;

pub(super) struct RememberWhatHadBegun;

impl MigrationName for RememberWhatHadBegun {
    fn name(&self) -> &'static str {
        "m0012_remember_what_had_begun"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for RememberWhatHadBegun {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut alter = Table::alter();
        alter
            .table("grants")
            .add_column(boolean_null("begun_when_answered"));
        manager.alter_table(alter).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut alter = Table::alter();
        alter.table("grants").drop_column("begun_when_answered");
        manager.alter_table(alter).await
    }
}
