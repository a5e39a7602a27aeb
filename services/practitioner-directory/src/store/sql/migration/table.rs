//! What the tables of this schema have in common.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// Text that is searched by what it begins with and sorted: compared byte by byte on
/// both engines, as Rust does, whatever the locale of the server.
pub(super) fn key_text(manager: &SchemaManager<'_>, name: &'static str) -> ColumnDef {
    let mut column = schema::text(name);
    if manager.get_database_backend() == DbBackend::Postgres {
        column.extra("COLLATE \"C\"");
    }
    column
}

/// A table that is its primary key and nothing else: on SQLite it is kept in the
/// order of that key, once.
pub(super) async fn create_index_table(
    manager: &SchemaManager<'_>,
    mut table: TableCreateStatement,
) -> Result<(), DbErr> {
    if manager.get_database_backend() == DbBackend::Sqlite {
        table.extra("WITHOUT ROWID");
    }
    manager.create_table(table).await
}

/// What is staged is made again when it is lost, and is read as a whole: on PostgreSQL
/// such a table stands in no log and under no index.
pub(super) async fn leave_out_of_the_log(
    manager: &SchemaManager<'_>,
    table: &'static str,
) -> Result<(), DbErr> {
    if manager.get_database_backend() == DbBackend::Postgres {
        let alter = format!("ALTER TABLE {table} DROP CONSTRAINT {table}_pkey, SET UNLOGGED");
        manager.get_connection().execute_unprepared(&alter).await?;
    }
    Ok(())
}

/// An index named after its table and columns.
pub(super) async fn create_index(
    manager: &SchemaManager<'_>,
    table: &'static str,
    columns: &[&'static str],
) -> Result<(), DbErr> {
    let mut index = Index::create();
    index
        .name(format!("{table}_{}", columns.join("_")))
        .table(table);
    for column in columns {
        index.col(*column);
    }
    manager.create_index(index).await
}

/// Drops what [`create_index`] made.
pub(super) async fn drop_index(
    manager: &SchemaManager<'_>,
    table: &'static str,
    columns: &[&'static str],
) -> Result<(), DbErr> {
    let mut index = Index::drop();
    index
        .name(format!("{table}_{}", columns.join("_")))
        .table(table);
    manager.drop_index(index).await
}

/// A unique index, for `ON CONFLICT`.
pub(super) async fn create_unique(
    manager: &SchemaManager<'_>,
    table: &'static str,
    column: &'static str,
) -> Result<(), DbErr> {
    let mut index = Index::create();
    index
        .name(format!("{table}_{column}_key"))
        .table(table)
        .col(column)
        .unique();
    manager.create_index(index).await
}

/// Adds these columns, one after the other: SQLite adds no two at once.
pub(super) async fn add_columns(
    manager: &SchemaManager<'_>,
    table: &'static str,
    columns: impl IntoIterator<Item = ColumnDef>,
) -> Result<(), DbErr> {
    for column in columns {
        let add = Table::alter().table(table).add_column(column).take();
        manager.alter_table(add).await?;
    }
    Ok(())
}

/// Drops these columns.
pub(super) async fn drop_columns(
    manager: &SchemaManager<'_>,
    table: &'static str,
    columns: &[&'static str],
) -> Result<(), DbErr> {
    for column in columns {
        let drop = Table::alter().table(table).drop_column(*column).take();
        manager.alter_table(drop).await?;
    }
    Ok(())
}

/// Drops these tables.
pub(super) async fn drop_tables(
    manager: &SchemaManager<'_>,
    tables: &[&'static str],
) -> Result<(), DbErr> {
    for table in tables {
        manager
            .drop_table(Table::drop().table(*table).take())
            .await?;
    }
    Ok(())
}
