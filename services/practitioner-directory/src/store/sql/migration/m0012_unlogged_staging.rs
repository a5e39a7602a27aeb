//! What imports stage is made again when it is lost, and is read as a whole: on PostgreSQL
//! it stands in no log and under no index, and a mark says whether it is there.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::uuid;
use sea_orm_migration::sea_orm::DbBackend;

use super::table::{create_index_table, drop_tables};

pub(super) struct Migration;

/// The tables that are written while a file comes, and their keys.
const STAGED: [(&str, &str); 7] = [
    ("staged_practitioners", "import_id, national_id"),
    ("staged_organizations", "import_id, technical_id"),
    ("staged_rows", "import_id, row_key"),
    ("staged_ends", "import_id, row_key"),
    ("staged_person_skills", "import_id, row_key"),
    ("staged_mailboxes", "import_id, row_key"),
    ("staged_qualifications", "import_id, row_key"),
];

/// The tables that are written while it is applied, and emptied before that ends.
const TOUCHED: [&str; 4] = [
    "touched_practitioners",
    "touched_activities",
    "touched_organizations",
    "touched_holders",
];

const MARKS: &str = "staging_marks";

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0012_unlogged_staging"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut marks = Table::create();
        marks.table(MARKS).col(uuid("import_id").primary_key());
        create_index_table(manager, marks).await?;
        // Those that wait or are being received staged everything until now.
        let waiting = "INSERT INTO staging_marks (import_id) SELECT import_id FROM imports \
            WHERE state IN ('receiving', 'suspended') AND is_staged";
        manager.get_connection().execute_unprepared(waiting).await?;
        for (table, _) in STAGED {
            on_postgres(manager, &format!("DROP CONSTRAINT {table}_pkey"), table).await?;
        }
        for table in unlogged() {
            on_postgres(manager, "SET UNLOGGED", table).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, key) in STAGED {
            on_postgres(manager, &format!("ADD PRIMARY KEY ({key})"), table).await?;
        }
        for table in unlogged() {
            on_postgres(manager, "SET LOGGED", table).await?;
        }
        drop_tables(manager, &[MARKS]).await
    }
}

fn unlogged() -> impl Iterator<Item = &'static str> {
    let staged = STAGED.into_iter().map(|(table, _)| table);
    staged.chain(TOUCHED).chain([MARKS])
}

async fn on_postgres(manager: &SchemaManager<'_>, change: &str, table: &str) -> Result<(), DbErr> {
    if manager.get_database_backend() == DbBackend::Postgres {
        let alter = format!("ALTER TABLE {table} {change}");
        manager.get_connection().execute_unprepared(&alter).await?;
    }
    Ok(())
}
