//! Lets patients be found however their names are spelt.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::blob_null;

pub(super) struct KnowWhoIsAlike;

impl MigrationName for KnowWhoIsAlike {
    fn name(&self) -> &'static str {
        "m0011_know_who_is_alike"
    }
}

const COLUMNS: [&str; 2] = ["likeness_digest", "likeness_of"];
const ALIKE: &str = "patients_likeness_digest";
const WITHOUT: &str = "patients_without_likeness";

#[async_trait::async_trait]
impl MigrationTrait for KnowWhoIsAlike {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // The keys are not here: the service fills them, and whoever does not know of them
        // leaves beside them a digest that is no longer the row's.
        for column in COLUMNS {
            let mut alter = Table::alter();
            alter.table("patients").add_column(blob_null(column));
            manager.alter_table(alter).await?;
        }
        let mut alike = Index::create();
        alike
            .name(ALIKE)
            .table("patients")
            .col("likeness_digest")
            .col("patient_id");
        manager.create_index(alike).await?;
        let mut without = Index::create();
        without
            .name(WITHOUT)
            .table("patients")
            .col("patient_id")
            .cond_where(Expr::cust(
                "likeness_of IS NULL OR likeness_of <> traits_digest",
            ));
        manager.create_index(without).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for name in [WITHOUT, ALIKE] {
            let mut index = Index::drop();
            index.name(name).table("patients");
            manager.drop_index(index).await?;
        }
        for column in COLUMNS {
            let mut alter = Table::alter();
            alter.table("patients").drop_column(column);
            manager.alter_table(alter).await?;
        }
        Ok(())
    }
}
