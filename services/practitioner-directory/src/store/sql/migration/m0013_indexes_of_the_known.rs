//! Indexes over what most rows do not have leave those rows out.

use sea_orm_migration::prelude::*;

use super::table::{create_index, drop_index};

pub(super) struct Migration;

const RARE: [(&str, &str); 8] = [
    ("practitioners", "merged_into"),
    ("practitioner_identifiers", "entry_id"),
    ("activities", "entry_id"),
    ("organizations", "finess"),
    ("organizations", "legal_finess"),
    ("organizations", "siret"),
    ("organizations", "siren"),
    ("organizations", "rpps_rank"),
];

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0013_indexes_of_the_known"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in RARE {
            drop_index(manager, table, &[column]).await?;
            let create = format!(
                "CREATE INDEX {table}_{column} ON {table} ({column}) WHERE {column} IS NOT NULL"
            );
            manager.get_connection().execute_unprepared(&create).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in RARE {
            drop_index(manager, table, &[column]).await?;
            create_index(manager, table, &[column]).await?;
        }
        Ok(())
    }
}
