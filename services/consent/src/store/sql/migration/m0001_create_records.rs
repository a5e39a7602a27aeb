//! Creates records, their treating doctors, and the visibility of documents.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, boolean, text, uuid, uuid_null};

pub(super) struct CreateRecords;

impl MigrationName for CreateRecords {
    fn name(&self) -> &'static str {
        "m0001_create_records"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for CreateRecords {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut records = Table::create();
        records
            .table("records")
            .col(uuid("patient_id").primary_key())
            .col(boolean("opposes_break_glass"))
            .col(boolean("opposes_regulation_center"))
            .col(big_integer("opened_at"))
            .col(big_integer_null("closed_at"))
            .col(big_integer("version"));
        manager.create_table(records).await?;

        let mut doctors = Table::create();
        doctors
            .table("treating_doctors")
            .col(uuid("patient_id"))
            .col(uuid("practitioner_id"))
            .col(big_integer("added_at"))
            .col(big_integer_null("removed_at"))
            .primary_key(Index::create().col("patient_id").col("practitioner_id"));
        manager.create_table(doctors).await?;

        create_visibilities(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["document_visibilities", "treating_doctors", "records"] {
            manager
                .drop_table(Table::drop().table(table).take())
                .await?;
        }
        Ok(())
    }
}

async fn create_visibilities(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut visibilities = Table::create();
    visibilities
        .table("document_visibilities")
        .col(uuid("mask_id").primary_key())
        .col(uuid("patient_id"))
        .col(text("document_id"))
        .col(text("kind"))
        .col(uuid_null("practitioner_id"))
        .col(uuid_null("set_by"))
        .col(big_integer("set_at"))
        .col(big_integer_null("release_at"))
        .col(big_integer_null("removed_at"));
    manager.create_table(visibilities).await?;

    // By document: for decisions, and for the next setting on it.
    let mut by_document = Index::create();
    by_document
        .name("document_visibilities_patient_id_document_id")
        .table("document_visibilities")
        .col("patient_id")
        .col("document_id");
    manager.create_index(by_document).await?;

    // The list of a patient, the newest first.
    let mut list = Index::create();
    list.name("document_visibilities_patient_id_mask_id")
        .table("document_visibilities")
        .col("patient_id")
        .col("mask_id")
        .cond_where(Expr::col("removed_at").is_null());
    manager.create_index(list).await
}
