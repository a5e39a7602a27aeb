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

/// The tables that people's rows are in. `sources` has a handful of rows for ever.
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

/// A table that is read whole for a few people would make every answer slower as the
/// directory grows.
async fn the_rows_of_people_are_found_by_their_keys(fixture: &Fixture) {
    for (some, others) in [(1, 0), (2, 10), (11, 200)] {
        let [statement, other] =
            [some, others].map(|people| gathering(fixture.db.reader(), &vec![Uuid::max(); people]));
        assert_eq!(statement.sql, other.sql, "it is prepared once");
        let plan = plan_of(&fixture.db, &statement, &["enable_seqscan"]).await;
        assert_walks_nothing(&plan.join("\n"), &TABLES);
    }
}

fn assert_walks_nothing(plan: &str, tables: &[&str]) {
    let plan = format!("{plan}\n");
    for table in tables {
        assert!(plan.contains(table), "{table} in {plan}");
        for walked in [format!("SCAN {table}\n"), format!("Seq Scan on {table} ")] {
            assert!(!plan.contains(&walked), "{walked} in {plan}");
        }
    }
}
