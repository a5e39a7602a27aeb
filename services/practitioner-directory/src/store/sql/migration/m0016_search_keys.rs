//! On PostgreSQL, one row a person with the keys of all that is asked of them in a search,
//! under an inverted index.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use super::table::drop_tables;

pub(super) struct Migration;

const TABLE: &str = "\
    CREATE TABLE search_keys ( \
        practitioner_id uuid PRIMARY KEY, \
        active boolean NOT NULL, \
        sort_name text COLLATE \"C\" NOT NULL, \
        keys tsvector NOT NULL)";

/// The keys of the people who are known already.
const LEARN: &str = "\
    INSERT INTO search_keys (practitioner_id, active, sort_name, keys) \
    WITH placed AS MATERIALIZED ( \
        SELECT DISTINCT a.practitioner_id, a.profession, o.postal_code, o.town_key \
        FROM activities a LEFT JOIN organizations o ON o.organization_id = a.organization_id \
        WHERE a.active), \
    parts AS MATERIALIZED ( \
        SELECT town_key, array_agg(array_to_string(names[:n], ' ')) AS parts \
        FROM (SELECT DISTINCT town_key, string_to_array(town_key, ' ') AS names \
            FROM placed WHERE town_key <> '') towns \
        CROSS JOIN LATERAL generate_series(1, cardinality(names)) n GROUP BY town_key) \
    SELECT w.practitioner_id, bool_or(w.active), min(w.sort_name), \
        array_to_tsvector(array_agg(k.key)) \
    FROM practitioner_words w \
    LEFT JOIN placed s ON s.practitioner_id = w.practitioner_id \
    LEFT JOIN parts p ON p.town_key = s.town_key \
    CROSS JOIN LATERAL ( \
        SELECT '/' || w.word AS key \
        UNION ALL SELECT part || '/' || w.word FROM unnest(p.parts) part \
        UNION ALL SELECT '%' || s.profession WHERE s.profession IS NOT NULL \
        UNION ALL SELECT '#' || s.postal_code WHERE s.postal_code <> '') k \
    GROUP BY w.practitioner_id";

/// Searches would read what waits to be put into the index one by one.
const INDEX: &str = "\
    CREATE INDEX search_keys_keys ON search_keys USING gin (keys) WITH (fastupdate = off)";

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0016_search_keys"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() != DbBackend::Postgres {
            return Ok(());
        }
        let db = manager.get_connection();
        for sql in [TABLE, LEARN, INDEX, "ANALYZE search_keys"] {
            db.execute_unprepared(sql).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() != DbBackend::Postgres {
            return Ok(());
        }
        drop_tables(manager, &["search_keys"]).await
    }
}
