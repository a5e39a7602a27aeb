//! Creates the rights to act for a patient.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, text, uuid, uuid_null};

pub(super) struct CreateRepresentations;

impl MigrationName for CreateRepresentations {
    fn name(&self) -> &'static str {
        "m0004_create_representations"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for CreateRepresentations {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut representations = Table::create();
        representations
            .table("representations")
            .col(uuid("representation_id").primary_key())
            .col(uuid("patient_id"))
            .col(uuid("representative_patient_id"))
            .col(text("kind"))
            .col(big_integer("started_at"))
            .col(big_integer_null("end_at"))
            .col(big_integer_null("removed_at"));
        manager.create_table(representations).await?;
        // Who may act for a patient, and for whom somebody may, the newest first: an
        // identifier begins with its time.
        for (name, column) in [
            ("representations_patient_id", "patient_id"),
            (
                "representations_representative_patient_id",
                "representative_patient_id",
            ),
        ] {
            let mut list = Index::create();
            list.name(name)
                .table("representations")
                .col(column)
                .col("representation_id");
            manager.create_index(list).await?;
        }
        let mut alter = Table::alter();
        alter
            .table("sessions")
            .add_column(uuid_null("representation_id"));
        manager.alter_table(alter).await?;
        let mut by_representation = Index::create();
        by_representation
            .name("sessions_representation_id")
            .table("sessions")
            .col("representation_id")
            .cond_where(Expr::cust("representation_id IS NOT NULL"));
        manager.create_index(by_representation).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut by_representation = Index::drop();
        by_representation
            .name("sessions_representation_id")
            .table("sessions");
        manager.drop_index(by_representation).await?;
        let mut alter = Table::alter();
        alter.table("sessions").drop_column("representation_id");
        manager.alter_table(alter).await?;
        manager
            .drop_table(Table::drop().table("representations").take())
            .await
    }
}
