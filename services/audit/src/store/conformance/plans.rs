//! How the engines find a page of a history.

use aval_database::conformance::plan_of;
use aval_domain::event::EventKind;
use sea_orm::Statement;

use super::fixture::Fixture;
use crate::query::{Filter, Query, Scope};
use crate::store::sql::page_statements;

/// A history that is read whole, or sorted, for a page of it would make every page slower
/// as events are added.
pub(super) async fn a_page_is_a_walk_along_an_index(fixture: &Fixture) {
    let mut hand = fixture.take_over().await;
    let (s, t) = (fixture.sample.patient_id(), fixture.sample.patient_id());
    let merged = fixture.sample.of_two(EventKind::PatientsMerged, s, t);
    fixture.append_from("identity", &mut hand, &merged).await;
    for before in [None, Some(1_000_000)] {
        let query = Query {
            scope: Scope::Patient(t),
            filter: Filter::default(),
            before,
            limit: 51,
        };
        let engine = fixture.db.reader().get_database_backend();
        let statements = page_statements(engine, &query, t, &[s, t]);
        // Whether something was erased, or ever hidden, is asked in the statement of who has one
        // identifier.
        for index in ["events_erased", "events_hidings"] {
            walks_along(fixture, statements[0].clone(), index).await;
        }
        for statement in statements {
            walks_along(fixture, statement, "events_patient_id_log_index").await;
        }
    }
}

/// Requires that the engine finds what the statement asks for along this index.
pub(super) async fn walks_along(fixture: &Fixture, statement: Statement, index: &str) {
    let without = ["enable_seqscan", "enable_bitmapscan", "enable_sort"];
    let plan = plan_of(&fixture.db, &statement, &without).await;
    let whole = plan.join("\n");
    assert!(whole.contains(index), "{whole}");
    for slow in ["SCAN", "Seq Scan", "Sort", "TEMP B-TREE", "Bitmap"] {
        assert!(!whole.contains(slow), "{slow} in {whole}");
    }
}
