//! Creates the clocks of changes, one for each shard, and the changes.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, small_integer, uuid};

use crate::cache::Shard;

pub(super) struct CreateChangeClock;

impl MigrationName for CreateChangeClock {
    fn name(&self) -> &'static str {
        "m0005_create_change_clock"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for CreateChangeClock {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut clock = Table::create();
        clock
            .table("change_clock")
            .col(small_integer("shard").primary_key())
            .col(big_integer("position"));
        manager.create_table(clock).await?;
        for shard in Shard::all() {
            let mut row = Query::insert();
            row.into_table("change_clock")
                .columns(["shard", "position"])
                .values_panic([i16::from(shard.number()).into(), 0_i64.into()]);
            manager.execute(row).await?;
        }

        let mut changes = Table::create();
        changes
            .table("changes")
            .col(small_integer("shard"))
            .col(big_integer("position"))
            .col(small_integer("kind"))
            .col(uuid("dependency_id"))
            .primary_key(Index::create().col("shard").col("position"));
        manager.create_table(changes).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["changes", "change_clock"] {
            manager
                .drop_table(Table::drop().table(table).take())
                .await?;
        }
        Ok(())
    }
}
