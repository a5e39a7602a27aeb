//! How the engines find the rows of people.

use aval_database::conformance::plan_of;
use sea_orm::prelude::Uuid;

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
    let plan = plan_of(&fixture.db, &statement, &["enable_seqscan"]).await;
    let plan = plan.join("\n") + "\n";
    for table in TABLES {
        assert!(plan.contains(table), "{table} in {plan}");
        for walked in [format!("SCAN {table}\n"), format!("Seq Scan on {table} ")] {
            assert!(!plan.contains(&walked), "{walked} in {plan}");
        }
    }
}
