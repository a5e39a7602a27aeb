//! How the engines find what a decision rests on.

use aval_database::Backend;
use sea_orm::{ConnectionTrait, Statement};

use super::fixture::{Fixture, organization, patient, person};
use crate::access_basis::AccessQuery;
use crate::cache::AccessKey;
use crate::error::Error;
use crate::store::sql::{basis_statement, entry_statement};

/// A table read from end to end would make every check slower as records are added.
pub(super) async fn the_basis_is_read_through_indexes(fixture: &Fixture) {
    let query = AccessQuery {
        patient_id: patient(1),
        practitioner_id: person(1).practitioner_id(),
        organization_id: organization(1).organization_id(),
        documents: vec!["d".parse().unwrap()],
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
    let (explain, column, scan) = match fixture.db.backend() {
        Backend::Sqlite => ("EXPLAIN QUERY PLAN", "detail", "SCAN "),
        Backend::Postgres => ("EXPLAIN", "QUERY PLAN", "Seq Scan"),
    };
    let plan = fixture
        .db
        .transaction::<_, Error, _>("test.explain", async |tx| {
            if fixture.db.backend() == Backend::Postgres {
                // Tables as small as these it would rather read whole.
                tx.execute_unprepared("SET LOCAL enable_seqscan = off")
                    .await?;
            }
            let mut statement = statement.clone();
            statement.sql = format!("{explain} {}", statement.sql);
            let rows = tx.query_all_raw(statement).await?;
            let lines = rows.iter().map(|row| row.try_get::<String>("", column));
            Ok(lines.collect::<Result<Vec<_>, _>>()?)
        })
        .await
        .unwrap();
    // What is scanned in memory (rows that a part of the statement gave) is no table.
    let in_memory = ["SCAN settings", "SCAN human", "SCAN CONSTANT ROW"];
    let scanned: Vec<_> = plan
        .iter()
        .filter(|line| line.contains(scan))
        .filter(|line| !in_memory.iter().any(|rows| line.contains(rows)))
        .collect();
    assert!(scanned.is_empty(), "{scanned:?} in {plan:#?}");
}
