//! Names the keys that everything is kept under, so that they can be changed, and keeps
//! the numbers that lead to a patient from before, so that they can be digested again.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{blob_null, text, text_null};

pub(super) struct NameThePatientKeys;

impl MigrationName for NameThePatientKeys {
    fn name(&self) -> &'static str {
        "m0008_name_the_patient_keys"
    }
}

/// Table and column; each has an index, through which the keys in use are found.
const NAMES: [(&str, &str, &str); 4] = [
    ("patients", "key_id", "patients_key_id"),
    ("patients", "digest_key_id", "patients_digest_key_id"),
    ("former_matricules", "key_id", "former_matricules_key_id"),
    (
        "former_matricules",
        "digest_key_id",
        "former_matricules_digest_key_id",
    ),
];

#[async_trait::async_trait]
impl MigrationTrait for NameThePatientKeys {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Empty is the key of what was there, whichever that is.
        for (table, column) in [
            ("patients", text("digest_key_id").default("").take()),
            (
                "former_matricules",
                text("digest_key_id").default("").take(),
            ),
            ("former_matricules", text_null("key_id")),
            ("former_matricules", blob_null("sealed_ins")),
        ] {
            let mut alter = Table::alter();
            alter.table(table).add_column(column);
            manager.alter_table(alter).await?;
        }
        for (table, column, name) in NAMES {
            let mut index = Index::create();
            index.name(name).table(table).col(column);
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, _, name) in NAMES {
            let mut index = Index::drop();
            index.name(name).table(table);
            manager.drop_index(index).await?;
        }
        for (table, column) in [
            ("former_matricules", "sealed_ins"),
            ("former_matricules", "key_id"),
            ("former_matricules", "digest_key_id"),
            ("patients", "digest_key_id"),
        ] {
            let mut alter = Table::alter();
            alter.table(table).drop_column(column);
            manager.alter_table(alter).await?;
        }
        Ok(())
    }
}
