//! Numbers merges in their order, for those who follow them.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, small_integer, uuid, uuid_null};

pub(super) struct NumberMerges;

impl MigrationName for NumberMerges {
    fn name(&self) -> &'static str {
        "m0010_number_merges"
    }
}

/// Merges from before, as they hold now. Who leads elsewhere was written when they were
/// merged, so a chain comes link by link.
const NUMBER_WHAT_HOLDS: &str = "\
    INSERT INTO merges (position, source_id, target_id) \
    SELECT ROW_NUMBER() OVER (ORDER BY updated_at, patient_id), patient_id, merged_into \
    FROM patients WHERE merged_into IS NOT NULL";
const BEGIN_THE_CLOCK: &str = "\
    INSERT INTO merge_clock (id, position) SELECT 1, COUNT(*) FROM merges";

#[async_trait::async_trait]
impl MigrationTrait for NumberMerges {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut merges = Table::create();
        merges
            .table("merges")
            .col(big_integer("position").primary_key())
            .col(uuid("source_id"))
            .col(uuid_null("target_id"));
        manager.create_table(merges).await?;
        let mut clock = Table::create();
        clock
            .table("merge_clock")
            .col(small_integer("id").primary_key())
            .col(big_integer("position"));
        manager.create_table(clock).await?;
        for statement in [NUMBER_WHAT_HOLDS, BEGIN_THE_CLOCK] {
            manager
                .get_connection()
                .execute_unprepared(statement)
                .await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["merge_clock", "merges"] {
            manager
                .drop_table(Table::drop().table(table).take())
                .await?;
        }
        Ok(())
    }
}
