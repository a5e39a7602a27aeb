//! Remembers what is told to the patient and not to who represents them. What was told before is
//! told to both.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::boolean;

pub(super) struct TellTheHolderAlone;

impl MigrationName for TellTheHolderAlone {
    fn name(&self) -> &'static str {
        "m0013_tell_the_holder_alone"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for TellTheHolderAlone {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut alter = Table::alter();
        alter
            .table("notifications")
            .add_column(boolean("holder_alone").default(false));
        manager.alter_table(alter).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut alter = Table::alter();
        alter.table("notifications").drop_column("holder_alone");
        manager.alter_table(alter).await
    }
}
