//! How the engines find the rows of people.

use aval_database::{Backend, DatabaseError};
use sea_orm::prelude::Uuid;
use sea_orm::{ConnectionTrait, Statement};

use super::*;
use crate::store::sql::gathering;

aval_database::conformance_suite! {
    migrator: Migrator,
    store: Fixture::new,
    tests: [
        the_rows_of_people_are_found_by_their_keys,
    ],
}

/// A table that is read whole for a few people would make every answer slower as the
/// directory grows. `sources` has a handful of rows for ever.
async fn the_rows_of_people_are_found_by_their_keys(fixture: &Fixture) {
    const TABLES: [&str; 10] = [
        "practitioners",
        "practitioner_identifiers",
        "qualifications",
        "person_skills",
        "activities",
        "activity_rows",
        "attachment_overrides",
        "organizations",
        "establishments",
        "mailboxes",
    ];
    let statement = gathering(fixture.db.reader(), &[Uuid::nil(), Uuid::max()]);
    let other = gathering(fixture.db.reader(), &[]);
    assert_eq!(statement.sql, other.sql, "it is prepared once");
    let plan = plan(fixture, statement).await;
    for table in TABLES {
        assert!(plan.contains(table), "{table} in {plan}");
        for walked in [format!("SCAN {table}\n"), format!("Seq Scan on {table} ")] {
            assert!(!plan.contains(&walked), "{walked} in {plan}");
        }
    }
}

async fn plan(fixture: &Fixture, statement: Statement) -> String {
    let (explain, column) = match fixture.db.backend() {
        Backend::Sqlite => ("EXPLAIN QUERY PLAN", "detail"),
        Backend::Postgres => ("EXPLAIN", "QUERY PLAN"),
    };
    let explained = fixture
        .db
        .transaction::<_, DatabaseError, _>("test.explain", async |tx| {
            if fixture.db.backend() == Backend::Postgres {
                // Tables as small as these it would rather read.
                tx.execute_unprepared("SET LOCAL enable_seqscan = off")
                    .await?;
            }
            let mut statement = statement.clone();
            statement.sql = format!("{explain} {}", statement.sql);
            let rows = tx.query_all_raw(statement).await?;
            let lines = rows.iter().map(|row| row.try_get::<String>("", column));
            Ok(lines.collect::<Result<Vec<_>, _>>()?)
        })
        .await;
    explained.unwrap().join("\n") + "\n"
}
