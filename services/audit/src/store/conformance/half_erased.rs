//! An erasure of which a part came back.

use aval_database::Backend;

use super::examining::{a_log, examine};
use super::fixture::Fixture;
use crate::erasure::Target;
use crate::examination::Fault;
use crate::store::sql::damage;

/// An erasure takes the payload, what stands with it, and what lists are narrowed by, at once:
/// of a part that was restored from a copy it is said that it is back.
pub(super) async fn an_erasure_that_came_back_by_half_is_found(fixture: &Fixture) {
    let (mut hand, one) = a_log(fixture).await;
    let mut tables = vec!["events", "patient_keys"];
    if fixture.db.backend() == Backend::Postgres {
        tables.push("payloads");
    }
    for table in &tables {
        let keep = format!("CREATE TABLE before_{table} AS SELECT * FROM {table}");
        damage::execute(&fixture.db, &keep).await;
    }
    fixture.erase(&mut hand, Target::Patient(one)).await;
    damage::execute(&fixture.db, "CREATE TABLE kept AS SELECT * FROM events").await;
    assert!(examine(fixture).await.is_whole());
    let back = |columns: &[&str]| {
        let column = |column: &&str| {
            format!("{column} = (SELECT b.{column} FROM before_events b WHERE b.log_index = 2)")
        };
        let columns: Vec<String> = columns.iter().map(column).collect();
        format!(
            "UPDATE events SET {} WHERE log_index = 2",
            columns.join(", ")
        )
    };
    let all = [
        "payload",
        "salt",
        "key_id",
        "practitioner_id",
        "organization_id",
        "kind",
        "outcome",
        "is_emergency",
        "occurred_at",
    ];
    let keys =
        "DELETE FROM patient_keys; INSERT INTO patient_keys SELECT * FROM before_patient_keys";
    let mut changes = vec![
        back(&["practitioner_id"]),
        back(&["organization_id"]),
        back(&["outcome"]),
        "UPDATE events SET occurred_at = occurred_at - 1 WHERE log_index = 2".to_owned(),
        "UPDATE events SET is_emergency = NOT is_emergency WHERE log_index = 2".to_owned(),
        format!("{keys}; {}", back(&all)),
    ];
    if fixture.db.backend() == Backend::Postgres {
        let told = "INSERT INTO payloads SELECT * FROM before_payloads WHERE log_index = 2";
        changes.push(told.to_owned());
        changes.push(format!("{keys}; {told}; {}", back(&all)));
    }
    for change in changes {
        damage::execute(&fixture.db, &change).await;
        let found = examine(&fixture.again()).await;
        let is_half = |fault: &Fault| matches!(fault, Fault::HalfErased { log_index: 2 });
        assert!(
            found.faults.iter().any(is_half),
            "{change}: {:?}",
            found.faults
        );
        let restore = "DELETE FROM events; INSERT INTO events SELECT * FROM kept";
        damage::execute(&fixture.db, restore).await;
        if fixture.db.backend() == Backend::Postgres {
            let restore = "DELETE FROM payloads WHERE log_index = 2";
            damage::execute(&fixture.db, restore).await;
        }
    }
}
