//! How the engines find the rows of people.

use aval_database::Backend;
use aval_database::conformance::plan_of;
use sea_orm::prelude::Uuid;

use super::searching::asked;
use super::*;
use crate::search::{Place, PractitionerSearch};
use crate::store::sql::{gathering, searching_by_keys};

aval_database::conformance_suite! {
    migrator: Migrator,
    store: Fixture::new,
    tests: [
        the_rows_of_people_are_found_by_their_keys,
        a_search_and_its_page_are_one_statement_that_walks_no_table,
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

/// SQLite has no keys: it searches in passes, inside of a snapshot.
async fn a_search_and_its_page_are_one_statement_that_walks_no_table(fixture: &Fixture) {
    if fixture.db.backend() == Backend::Sqlite {
        return;
    }
    let search = |name: &str, town: &str| PractitionerSearch {
        profession: Some("10".to_owned()),
        place: Place {
            town: Some(town.to_owned()),
            postal_code: None,
        },
        ..asked(name)
    };
    let statement = searching_by_keys(&search("jean martin", "LYON"));
    let other = searching_by_keys(&search("marie d'hôte durand", "SAINT MALO"));
    assert_eq!(statement.sql, other.sql, "it is prepared once");
    let plan = plan_of(&fixture.db, &statement, &["enable_seqscan"]).await;
    let plan = plan.join("\n");
    let words = plan.matches("InitPlan").count();
    assert!(words >= 3, "the planner sees what is asked: {plan}");
    assert_walks_nothing(&plan, &[&TABLES[..], &["search_keys"]].concat());
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
