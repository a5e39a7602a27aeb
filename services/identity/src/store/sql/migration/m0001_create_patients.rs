//! Creates the patients and the issues of their identities.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, blob, text, uuid};

pub(super) struct CreatePatients;

impl MigrationName for CreatePatients {
    fn name(&self) -> &'static str {
        "m0001_create_patients"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for CreatePatients {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut patients = Table::create();
        patients
            .table("patients")
            .col(uuid("patient_id").primary_key())
            .col(blob("ins_digest"))
            .col(blob("traits_digest"))
            .col(text("key_id"))
            .col(blob("sealed_identity"))
            .col(text("status"))
            .col(big_integer("registered_at"))
            .col(big_integer("updated_at"))
            .col(big_integer("version"));
        manager.create_table(patients).await?;
        let mut one_per_matricule = Index::create();
        one_per_matricule
            .name("patients_ins_digest_key")
            .table("patients")
            .col("ins_digest")
            .unique();
        manager.create_index(one_per_matricule).await?;
        let mut by_traits = Index::create();
        by_traits
            .name("patients_traits_digest")
            .table("patients")
            .col("traits_digest");
        manager.create_index(by_traits).await?;

        let mut issues = Table::create();
        issues
            .table("identity_issues")
            .col(uuid("issue_id").primary_key())
            .col(text("kind"))
            .col(uuid("patient_id"))
            .col(text("evidence"))
            .col(big_integer("found_at"));
        manager.create_table(issues).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["identity_issues", "patients"] {
            manager
                .drop_table(Table::drop().table(table).take())
                .await?;
        }
        Ok(())
    }
}
