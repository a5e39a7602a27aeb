//! The directory itself: people, their numbers and practice situations, structures,
//! and the words under which both are found.
//!
//! There are no foreign keys between these tables: an import writes millions of rows
//! by joins that take their keys from the referenced table, nothing is ever deleted
//! that another row names, and checking each row again would double the import.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, boolean, text, text_null, uuid, uuid_null,
};

use super::table::{create_index, create_index_table, create_unique, drop_tables, key_text};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0001_directory"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_people(manager).await?;
        create_structures(manager).await?;
        create_activities(manager).await?;
        create_words(manager, "practitioner_words", "practitioner_id").await?;
        create_words(manager, "organization_words", "organization_id").await?;
        create_sources(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = [
            "sources",
            "organization_words",
            "practitioner_words",
            "activity_rows",
            "activities",
            "organizations",
            "practitioner_identifiers",
            "practitioners",
        ];
        drop_tables(manager, &tables).await
    }
}

async fn create_people(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut practitioners = Table::create();
    practitioners
        .table("practitioners")
        .col(uuid("practitioner_id").primary_key())
        .col(text("family_name"))
        .col(text("given_name"))
        .col(text("civility"))
        .col(key_text(manager, "sort_name"))
        .col(boolean("active"))
        .col(big_integer("updated_at"));
    manager.create_table(practitioners).await?;
    // Counts homonyms, and everybody who is active, without reading the rows.
    create_index(manager, "practitioners", &["active", "sort_name"]).await?;

    let mut identifiers = Table::create();
    identifiers
        .table("practitioner_identifiers")
        .col(key_text(manager, "national_id").primary_key())
        .col(uuid("practitioner_id"))
        .col(big_integer("wording"));
    manager.create_table(identifiers).await?;
    create_index(manager, "practitioner_identifiers", &["practitioner_id"]).await
}

async fn create_structures(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let numbers = ["finess", "legal_finess", "siret", "siren", "rpps_rank"];
    let mut table = Table::create();
    table
        .table("organizations")
        .col(uuid("organization_id").primary_key())
        .col(key_text(manager, "technical_id"));
    for number in numbers {
        table.col(text_null(number));
    }
    table
        .col(text("name"))
        .col(text("address_line"))
        .col(key_text(manager, "postal_code"))
        .col(text("town"))
        .col(key_text(manager, "town_key"))
        .col(text("town_code"))
        .col(text("department_code"))
        .col(text("sector_code"))
        .col(key_text(manager, "sort_name"))
        .col(big_integer("wording"))
        .col(boolean("active"))
        .col(big_integer("updated_at"));
    manager.create_table(table).await?;
    create_unique(manager, "organizations", "technical_id").await?;
    for number in numbers {
        create_index(manager, "organizations", &[number]).await?;
    }
    Ok(())
}

async fn create_activities(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut activities = Table::create();
    activities
        .table("activities")
        .col(uuid("activity_id").primary_key())
        .col(uuid("situation"))
        .col(uuid("practitioner_id"))
        .col(text("profession"))
        .col(text("category"))
        .col(text("mode"))
        .col(text("sector"))
        .col(text("function"))
        .col(text("kind"))
        .col(uuid_null("organization_id"))
        .col(boolean("active"));
    manager.create_table(activities).await?;
    create_unique(manager, "activities", "situation").await?;
    create_index(manager, "activities", &["practitioner_id"]).await?;
    create_index(manager, "activities", &["organization_id"]).await?;

    let mut rows = Table::create();
    rows.table("activity_rows")
        .col(uuid("row_key").primary_key())
        .col(uuid("activity_id"))
        .col(text("skill_type"))
        .col(text("skill_code"))
        .col(text("skill_label"))
        .col(boolean("active"));
    manager.create_table(rows).await?;
    create_index(manager, "activity_rows", &["activity_id"]).await
}

/// The name stands beside each word, so that the words of one name are read in the
/// order of the answer.
async fn create_words(
    manager: &SchemaManager<'_>,
    name: &'static str,
    id: &'static str,
) -> Result<(), DbErr> {
    let mut key = Index::create();
    key.name(format!("{name}_pkey"))
        .col("active")
        .col("word")
        .col("sort_name")
        .col(id);
    let mut table = Table::create();
    table
        .table(name)
        .col(boolean("active"))
        .col(key_text(manager, "word"))
        .col(key_text(manager, "sort_name"))
        .col(uuid(id))
        .primary_key(&mut key);
    create_index_table(manager, table).await?;
    create_index(manager, name, &[id, "word"]).await
}

async fn create_sources(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut sources = Table::create();
    sources
        .table("sources")
        .col(text("source").primary_key())
        .col(uuid_null("import_id"))
        .col(big_integer_null("generated_at"))
        .col(big_integer_null("newest_at"))
        .col(big_integer_null("imported_at"))
        .col(big_integer("changed_count"))
        .col(big_integer("practitioner_count"))
        .col(big_integer("activity_count"))
        .col(big_integer("organization_count"));
    manager.create_table(sources).await
}
