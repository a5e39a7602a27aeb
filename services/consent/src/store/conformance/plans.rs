//! How the engines find what a decision rests on.

use aval_database::Backend;
use aval_database::conformance::plan_of;
use sea_orm::Statement;

use super::fixture::{Fixture, organization, patient, person};
use crate::access_basis::AccessQuery;
use crate::cache::AccessKey;
use crate::store::sql::{basis_statement, entry_statement};

/// A table read from end to end would make every check slower as records are added.
pub(super) async fn the_basis_is_read_through_indexes(fixture: &Fixture) {
    let document = "d".parse().unwrap();
    let query = AccessQuery {
        patient_id: patient(1),
        practitioner_id: person(1).practitioner_id(),
        organization_id: organization(1).organization_id(),
        documents: vec![&document],
    };
    let engine = fixture.db.reader().get_database_backend();
    let of_two = [patient(2)];
    for others in [&[][..], &of_two] {
        for statement in [
            basis_statement(engine, &query, others),
            entry_statement(engine, &AccessKey::of(&query), others),
        ] {
            reads_through_indexes(fixture, statement).await;
        }
    }
}

async fn reads_through_indexes(fixture: &Fixture, statement: Statement) {
    let plan = plan_of(&fixture.db, &statement, &["enable_seqscan"]).await;
    let scan = match fixture.db.backend() {
        Backend::Sqlite => "SCAN ",
        Backend::Postgres => "Seq Scan",
    };
    // What is scanned in memory (rows that a part of the statement gave) is no table.
    let in_memory = ["SCAN settings", "SCAN human", "SCAN CONSTANT ROW"];
    let scanned: Vec<_> = plan
        .iter()
        .filter(|line| line.contains(scan))
        .filter(|line| !in_memory.iter().any(|rows| line.contains(rows)))
        .collect();
    assert!(scanned.is_empty(), "{scanned:?} in {plan:#?}");
}
