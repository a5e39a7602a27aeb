//! Whoever changes the database is noticed.

use super::fixture::Fixture;
use crate::query::{Filter, Scope};
use crate::store::Store;
use crate::store::sql::damage;

pub(super) async fn an_altered_row_is_noticed(fixture: &Fixture) {
    let mut hand = fixture.take_over().await;
    let patient = fixture.sample.patient_id();
    let events = [
        fixture.sample.access(Some(patient)),
        fixture.sample.access(Some(patient)),
    ];
    fixture.append(&mut hand, &events).await;
    let other = fixture.sample.patient_id();
    let changes = [
        ("payload", "commitment".to_owned()),
        ("salt", "commitment".to_owned()),
        ("commitment", "previous_leaf".to_owned()),
        ("key_id", "key_id + 1".to_owned()),
        ("key_id", "NULL".to_owned()),
        ("recorded_at", "recorded_at + 1".to_owned()),
        ("occurred_at", "occurred_at - 1".to_owned()),
        ("patient_sequence", "7".to_owned()),
        ("previous_leaf", "commitment".to_owned()),
        ("nodes", "commitment".to_owned()),
        ("kind", "'grant.created'".to_owned()),
        ("outcome", "'refused'".to_owned()),
        ("is_emergency", "NOT is_emergency".to_owned()),
        ("practitioner_id", "patient_id".to_owned()),
        ("organization_id", "NULL".to_owned()),
        ("patient_id", "practitioner_id".to_owned()),
        ("event_id", "patient_id".to_owned()),
    ];
    for (column, value) in changes {
        let kept = format!(
            "CREATE TABLE kept AS SELECT * FROM events WHERE log_index = 1; \
             UPDATE events SET {column} = {value} WHERE log_index = 1"
        );
        damage::execute(&fixture.db, &kept).await;

        // Found by whatever leads to it: the patient, the professional, the identifier.
        let id = events[1].event_id;
        let found = fixture.store.event(id).await.unwrap();
        let professional = events[1].actor.practitioner_id().unwrap();
        let mut found: Vec<_> = found.into_iter().collect();
        for scope in [Scope::Patient(patient), Scope::Practitioner(professional)] {
            found.extend(fixture.list(scope, Filter::default()).await);
        }
        let altered: Vec<_> = found.into_iter().filter(|e| e.log_index == 1).collect();
        assert!(!altered.is_empty(), "{column}");
        for entry in altered {
            assert_eq!(entry.open().unwrap_err().log_index, 1, "{column}");
        }
        damage::execute(
            &fixture.db,
            "DELETE FROM events WHERE log_index = 1; INSERT INTO events SELECT * FROM kept; \
             DROP TABLE kept",
        )
        .await;
        let restored = fixture.store.event(id).await.unwrap().unwrap();
        assert_eq!(restored.open().unwrap().event, events[1], "{column}");
    }
    assert!(
        fixture
            .list(Scope::Patient(other), Filter::default())
            .await
            .is_empty()
    );
}
