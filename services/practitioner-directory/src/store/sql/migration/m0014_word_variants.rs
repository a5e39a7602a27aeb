//! The words of people's names with what each is without one of its letters.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use super::table::{create_index_table, drop_tables, key_text};

pub(super) struct Migration;

/// The words of the people who are known already.
const LEARN: &str = "\
    INSERT INTO word_variants (variant, word) \
    WITH RECURSIVE places (place) AS ( \
        SELECT 1 UNION ALL SELECT place + 1 FROM places WHERE place <= 40), \
    news (word) AS ( \
        SELECT DISTINCT word FROM practitioner_words WHERE length(word) BETWEEN 3 AND 40) \
    SELECT substr(word, 1, place - 1) || substr(word, place + 1), word \
    FROM news JOIN places ON place <= length(word) + 1 \
    WHERE length(word) >= 4 OR place = length(word) + 1 \
    ORDER BY 1 ON CONFLICT DO NOTHING";

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0014_word_variants"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut variants = Table::create();
        variants
            .table("word_variants")
            .col(key_text(manager, "variant"))
            .col(key_text(manager, "word"))
            .primary_key(Index::create().col("variant").col("word"));
        create_index_table(manager, variants).await?;
        let db = manager.get_connection();
        db.execute_unprepared(LEARN).await?;
        if manager.get_database_backend() == DbBackend::Postgres {
            db.execute_unprepared("ANALYZE word_variants").await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["word_variants"]).await
    }
}
