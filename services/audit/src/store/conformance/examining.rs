//! A log that is examined as a whole.

use aval_database::Backend;
use aval_domain::event::EventKind;
use aval_domain::id::PatientId;

use super::fixture::{Fixture, Hand};
use crate::erasure::Target;
use crate::examination::{Examination, Fault};
use crate::store::Store;
use crate::store::sql::damage;

pub(super) async fn examine(fixture: &Fixture) -> Examination {
    fixture.store.examine(&fixture.key).await.unwrap()
}

/// Seven entries of two patients and of nobody, in three batches.
pub(super) async fn a_log(fixture: &Fixture) -> (Hand, PatientId) {
    let mut hand = fixture.take_over().await;
    let sample = &fixture.sample;
    let (one, two) = (sample.patient_id(), sample.patient_id());
    for patients in [
        vec![Some(one), Some(two), Some(one)],
        vec![None],
        vec![Some(two), Some(one), None],
    ] {
        let events: Vec<_> = patients.into_iter().map(|id| sample.access(id)).collect();
        fixture.append(&mut hand, &events).await;
    }
    let numbers = "INSERT INTO producers (source, epoch, last_sequence) VALUES ('consent', 1, 7); \
        UPDATE events SET sequence = log_index + 1";
    damage::execute(&fixture.db, numbers).await;
    (hand, one)
}

pub(super) async fn a_log_that_nobody_touched_is_whole(fixture: &Fixture) {
    let nothing = examine(fixture).await;
    assert!(nothing.is_whole());
    assert_eq!(
        nothing.to_string(),
        "0 entries of 0 patients, 0 of them erased; nothing was signed yet"
    );
    let (mut hand, one) = a_log(fixture).await;
    fixture.erase(&mut hand, Target::Patient(one)).await;
    let found = examine(fixture).await;
    assert!(found.is_whole(), "{:?}", found.faults);
    assert_eq!(
        found.to_string(),
        "8 entries of 2 patients, 3 of them erased; all as signed at 8 entries"
    );
    assert_eq!(found.exit_code(), 0);
}

/// What is changed, and what must be among the faults. Everything else that is found
/// follows from it.
type Change = (&'static str, fn(&Fault) -> bool);

fn altered(fault: &Fault) -> bool {
    matches!(fault, Fault::Altered(altered) if altered.log_index == 2)
}

fn unreadable(fault: &Fault) -> bool {
    matches!(fault, Fault::Unreadable { .. })
}

fn missing<const FROM: u64, const TO: u64>(fault: &Fault) -> bool {
    matches!(fault, Fault::Missing { from, to } if (*from, *to) == (FROM, TO))
}

fn checkpoint(fault: &Fault) -> bool {
    matches!(fault, Fault::Checkpoint(_))
}

fn head(fault: &Fault) -> bool {
    matches!(fault, Fault::Head { .. })
}

fn of_nobody(fault: &Fault) -> bool {
    matches!(fault, Fault::HeadOfNobody { .. })
}

fn bucket(fault: &Fault) -> bool {
    matches!(fault, Fault::Bucket { .. })
}

fn tile(fault: &Fault) -> bool {
    matches!(fault, Fault::Tile { .. })
}

fn size(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::Size { said: 7, found: 6 } | Fault::Size { said: 8, found: 7 }
    )
}

fn chain(fault: &Fault) -> bool {
    matches!(fault, Fault::Chain { log_index: 2 })
}

fn producer(fault: &Fault) -> bool {
    matches!(fault, Fault::Producer { .. })
}

fn number(fault: &Fault) -> bool {
    matches!(fault, Fault::Number { log_index: 5 })
}

const CHANGES: &[Change] = &[
    (
        "UPDATE events SET payload = NULL, key_id = NULL, erased_by = 6 WHERE log_index = 2",
        |fault| matches!(fault, Fault::ErasedUntold { log_index: 2 }),
    ),
    (
        "UPDATE events SET payload = commitment WHERE log_index = 2",
        altered,
    ),
    (
        "UPDATE events SET salt = commitment WHERE log_index = 2",
        altered,
    ),
    (
        "UPDATE events SET key_id = key_id + 1 WHERE log_index = 2",
        altered,
    ),
    (
        "UPDATE events SET commitment = previous_leaf WHERE log_index = 2",
        altered,
    ),
    (
        "UPDATE events SET recorded_at = recorded_at + 1 WHERE log_index = 2",
        altered,
    ),
    (
        "UPDATE events SET recorded_at = recorded_at - 1 WHERE log_index = 2",
        |fault| matches!(fault, Fault::Time { log_index: 2 }),
    ),
    (
        "UPDATE events SET occurred_at = occurred_at - 1 WHERE log_index = 2",
        altered,
    ),
    (
        "UPDATE events SET kind = 'grant.created' WHERE log_index = 2",
        altered,
    ),
    (
        "UPDATE events SET kind = 'no such kind' WHERE log_index = 2",
        unreadable,
    ),
    (
        "UPDATE events SET outcome = 'refused' WHERE log_index = 2",
        altered,
    ),
    (
        "UPDATE events SET is_emergency = NOT is_emergency WHERE log_index = 2",
        altered,
    ),
    (
        "UPDATE events SET practitioner_id = patient_id WHERE log_index = 2",
        altered,
    ),
    (
        "UPDATE events SET organization_id = NULL WHERE log_index = 2",
        altered,
    ),
    (
        "UPDATE events SET patient_id = practitioner_id WHERE log_index = 2",
        altered,
    ),
    (
        "UPDATE events SET event_id = patient_id WHERE log_index = 2",
        altered,
    ),
    (
        "UPDATE events SET key_id = NULL WHERE log_index = 2",
        |fault| matches!(fault, Fault::HalfErased { log_index: 2 }),
    ),
    (
        "UPDATE events SET patient_sequence = 9 WHERE log_index = 2",
        chain,
    ),
    (
        "UPDATE events SET previous_leaf = commitment WHERE log_index = 2",
        chain,
    ),
    (
        "UPDATE events SET nodes = commitment WHERE log_index = 2",
        altered,
    ),
    (
        "UPDATE events SET nodes = (SELECT o.nodes FROM events o WHERE o.log_index = 1) \
          WHERE log_index = 3",
        |fault| matches!(fault, Fault::Tree { log_index: 3 }),
    ),
    ("DELETE FROM events WHERE log_index = 0", missing::<0, 0>),
    (
        "DELETE FROM events WHERE log_index IN (2, 3)",
        missing::<2, 3>,
    ),
    ("DELETE FROM events WHERE log_index = 6", size),
    (
        "DELETE FROM events WHERE log_index = 6; UPDATE log_head SET size = 6",
        checkpoint,
    ),
    ("UPDATE log_head SET size = 8", size),
    (
        "UPDATE log_head SET checkpoint = replace(checkpoint, 'audit.example', 'other.example')",
        checkpoint,
    ),
    ("UPDATE log_head SET checkpoint = NULL", |fault| {
        matches!(fault, Fault::Unsigned)
    }),
    ("UPDATE patient_heads SET sequence = sequence - 1", head),
    ("UPDATE patient_heads SET sequence = sequence - 1", bucket),
    ("DELETE FROM patient_heads", head),
    ("DELETE FROM patient_heads", bucket),
    (
        "INSERT INTO patient_heads (patient_id, bucket, sequence, leaf) \
          SELECT event_id, 1, 1, commitment FROM events WHERE log_index = 3",
        of_nobody,
    ),
    (
        "INSERT INTO patient_heads (patient_id, bucket, sequence, leaf) \
          SELECT event_id, 1, 1, commitment FROM events WHERE log_index = 3",
        bucket,
    ),
    ("DELETE FROM map_tiles WHERE level = 0", tile),
    ("DELETE FROM map_tiles WHERE level = 0", checkpoint),
    ("DELETE FROM map_tiles WHERE level = 2", tile),
    ("DELETE FROM map_tiles WHERE level = 3", tile),
    ("UPDATE producers SET last_sequence = 6", producer),
    ("UPDATE events SET epoch = 2 WHERE log_index = 5", producer),
    (
        "UPDATE events SET source = 'identity' WHERE log_index = 5",
        producer,
    ),
    ("UPDATE events SET sequence = 1 WHERE log_index = 5", number),
    (
        "UPDATE events SET sequence = 11 - sequence WHERE log_index IN (4, 5)",
        number,
    ),
];

/// Where what is told stands in a table of its own.
const CHANGES_OF_MONTHS: &[Change] = &[
    (
        "UPDATE payloads SET payload = (SELECT o.payload FROM payloads o WHERE o.log_index = 0) \
          WHERE log_index = 2",
        altered,
    ),
    ("DELETE FROM payloads WHERE log_index = 2", altered),
    (
        "UPDATE payloads SET recorded_at = recorded_at + 1 WHERE log_index = 2",
        altered,
    ),
];

/// Who is whom is held against what identity told, and nobody else.
pub(super) async fn a_merge_that_is_no_more_what_the_log_says_is_found(fixture: &Fixture) {
    let mut hand = fixture.take_over().await;
    let sample = &fixture.sample;
    let [a, b, c, other] = std::array::from_fn(|_| sample.patient_id());
    let merged = |source, target| sample.of_two(EventKind::PatientsMerged, source, target);
    let mut told = merged(a, b).to_vec();
    told.extend(merged(b, c));
    fixture.append_from("identity", &mut hand, &told).await;
    let forged = merged(other, c);
    fixture.append(&mut hand, &forged).await;
    let numbers = "INSERT INTO producers (source, epoch, last_sequence) \
        VALUES ('consent', 1, 2), ('identity', 1, 4)";
    damage::execute(&fixture.db, numbers).await;
    let found = examine(fixture).await;
    assert!(found.is_whole(), "{:?}", found.faults);
    let keep = "CREATE TABLE kept AS SELECT * FROM patient_aliases";
    damage::execute(&fixture.db, keep).await;
    let first_of = |index: u8| format!("(SELECT patient_id FROM events WHERE log_index = {index})");
    // Who stands with the entries: 0 is a, 1 and 2 are b, 3 is c, 4 is the other.
    for change in [
        "DELETE FROM patient_aliases".to_owned(),
        format!(
            "DELETE FROM patient_aliases WHERE patient_id = {}",
            first_of(0)
        ),
        format!(
            "INSERT INTO patient_aliases (patient_id, leads_to, human_id) \
             SELECT {}, {}, {}",
            first_of(4),
            first_of(3),
            first_of(3)
        ),
        format!(
            "UPDATE patient_aliases SET human_id = {} WHERE patient_id = {}",
            first_of(1),
            first_of(0)
        ),
        format!(
            "UPDATE patient_aliases SET leads_to = {} WHERE patient_id = {}",
            first_of(3),
            first_of(0)
        ),
        "UPDATE patient_aliases SET leads_to = NULL, human_id = patient_id".to_owned(),
    ] {
        damage::execute(&fixture.db, &change).await;
        let found = examine(fixture).await;
        let is_found = found.faults.iter();
        let is_found = is_found.filter(|fault| matches!(fault, Fault::Alias { .. }));
        assert!(is_found.count() > 0, "{change}: {:?}", found.faults);
        assert_eq!(found.exit_code(), 22);
        let restore = "DELETE FROM patient_aliases; INSERT INTO patient_aliases SELECT * FROM kept";
        damage::execute(&fixture.db, restore).await;
        assert!(examine(fixture).await.is_whole(), "{change}");
    }
    let erase = "UPDATE events SET payload = NULL, key_id = NULL WHERE log_index = 2";
    damage::execute(&fixture.db, erase).await;
    let found = examine(fixture).await;
    let is_erased = |fault: &Fault| matches!(fault, Fault::MergeErased { log_index: 2 });
    assert!(found.faults.iter().any(is_erased), "{:?}", found.faults);
}

pub(super) async fn whatever_is_changed_in_the_database_is_found(fixture: &Fixture) {
    let mut tables = vec![
        "events",
        "log_head",
        "patient_heads",
        "map_tiles",
        "producers",
    ];
    let mut changes = CHANGES.to_vec();
    if fixture.db.backend() == Backend::Postgres {
        tables.push("payloads");
        changes.extend(CHANGES_OF_MONTHS);
    }
    let _hand = a_log(fixture).await;
    for table in &tables {
        let keep = format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}");
        damage::execute(&fixture.db, &keep).await;
    }
    for (change, is_expected) in changes {
        damage::execute(&fixture.db, change).await;
        let found = examine(fixture).await;
        let is_found = found.faults.iter().any(is_expected);
        assert!(is_found, "{change}: {:?}", found.faults);
        assert_eq!(found.exit_code(), 22);
        for table in &tables {
            let restore =
                format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept_{table}");
            damage::execute(&fixture.db, &restore).await;
        }
        let restored = examine(fixture).await;
        assert!(restored.is_whole(), "{change}: {:?}", restored.faults);
    }
}
