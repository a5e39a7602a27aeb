//! Makes the table of what events tell, in parts of a month each, on PostgreSQL. What was told
//! before stays where it is.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

pub(super) struct PayloadsByMonth;

/// Whoever serves may call the function and change no table: it runs as the schema's owner. A
/// part is filled before it is attached, which locks no reader out, and one for whose month
/// there are rows already in the last part is left out: they stay there.
const UP: &str = r"
CREATE TABLE payloads (
    log_index bigint NOT NULL,
    recorded_at bigint NOT NULL,
    payload bytea NOT NULL,
    PRIMARY KEY (log_index, recorded_at)
) PARTITION BY RANGE (recorded_at);

CREATE TABLE payloads_other PARTITION OF payloads DEFAULT;

CREATE FUNCTION make_payload_months(months integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET lock_timeout = '1s' AS $make$
DECLARE
    begins timestamp := date_trunc('month', now() AT TIME ZONE 'UTC');
    ends timestamp;
    part text;
    made integer := 0;
BEGIN
    FOR month IN 1 .. least(months, 120) LOOP
        ends := begins + interval '1 month';
        part := 'payloads_' || to_char(begins, 'YYYY_MM');
        IF to_regclass(part) IS NULL THEN
            BEGIN
                EXECUTE format('CREATE TABLE %I (LIKE payloads INCLUDING INDEXES)', part);
                EXECUTE format(
                    'ALTER TABLE payloads ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)',
                    part,
                    extract(epoch FROM begins)::bigint * 1000000,
                    extract(epoch FROM ends)::bigint * 1000000
                );
                made := made + 1;
            EXCEPTION WHEN check_violation THEN
                RAISE WARNING '% is not made: some of its month is in payloads_other', part;
            END;
        END IF;
        begins := ends;
    END LOOP;
    RETURN made;
END
$make$;

DO $own$ BEGIN
    EXECUTE format(
        'ALTER FUNCTION make_payload_months (integer) SET search_path = %I, pg_temp',
        current_schema()
    );
END $own$;
";

const DOWN: &str = r"
UPDATE events SET payload = told.payload FROM payloads AS told
WHERE told.log_index = events.log_index AND told.recorded_at = events.recorded_at
    AND events.payload = '';
DROP FUNCTION make_payload_months;
DROP TABLE payloads;
";

impl MigrationName for PayloadsByMonth {
    fn name(&self) -> &'static str {
        "m0008_payloads_by_month"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for PayloadsByMonth {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, DOWN).await
    }
}

/// An SQLite database is one file, and has no parts.
async fn run(manager: &SchemaManager<'_>, sql: &str) -> Result<(), DbErr> {
    if manager.get_database_backend() == DbBackend::Postgres {
        manager.get_connection().execute_unprepared(sql).await?;
    }
    Ok(())
}
