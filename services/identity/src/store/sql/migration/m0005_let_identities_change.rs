//! Lets identities change and be merged, and finds the sessions of a record.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, blob, uuid, uuid_null};

pub(super) struct LetIdentitiesChange;

impl MigrationName for LetIdentitiesChange {
    fn name(&self) -> &'static str {
        "m0005_let_identities_change"
    }
}

/// Table and column.
const COLUMNS: [(&str, &str); 3] = [
    ("patients", "merged_into"),
    ("identity_issues", "other_patient_id"),
    ("sessions", "patient_id"),
];

#[async_trait::async_trait]
impl MigrationTrait for LetIdentitiesChange {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in COLUMNS {
            let mut alter = Table::alter();
            alter.table(table).add_column(uuid_null(column));
            manager.alter_table(alter).await?;
        }
        let mut former = Table::create();
        former
            .table("former_matricules")
            .col(blob("ins_digest").primary_key())
            .col(uuid("patient_id"))
            .col(big_integer("replaced_at"));
        manager.create_table(former).await?;
        let mut of_record = Index::create();
        of_record
            .name("sessions_patient_id")
            .table("sessions")
            .col("patient_id");
        manager.create_index(of_record).await?;
        // The worklist, the oldest first.
        let mut issues = Index::create();
        issues
            .name("identity_issues_found_at")
            .table("identity_issues")
            .col("found_at")
            .col("issue_id");
        manager.create_index(issues).await?;
        let mut changes = Index::create();
        changes
            .name("patients_updated_at")
            .table("patients")
            .col("updated_at")
            .col("patient_id");
        manager.create_index(changes).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, name) in [
            ("patients", "patients_updated_at"),
            ("identity_issues", "identity_issues_found_at"),
            ("sessions", "sessions_patient_id"),
        ] {
            let mut index = Index::drop();
            index.name(name).table(table);
            manager.drop_index(index).await?;
        }
        manager
            .drop_table(Table::drop().table("former_matricules").take())
            .await?;
        for (table, column) in COLUMNS {
            let mut alter = Table::alter();
            alter.table(table).drop_column(column);
            manager.alter_table(alter).await?;
        }
        Ok(())
    }
}
