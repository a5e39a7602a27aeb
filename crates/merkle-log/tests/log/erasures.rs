//! A server that says that events were erased, and the check of whoever reads its answer.

use std::collections::{BTreeMap, BTreeSet};

use aval_merkle_log::checkpoint::Checkpoint;
use aval_merkle_log::erasure::{Account, Places, Unaccounted};
use aval_merkle_log::hash::empty_root;
use aval_merkle_log::history::VerifiedHistory;
use aval_merkle_log::leaf::{LeafContent, PatientLink, leaf_hash};

/// Five events of a patient, as they are proved.
fn history() -> VerifiedHistory {
    let mut leaves: Vec<LeafContent> = Vec::new();
    for sequence in 1..=5_u64 {
        let previous = leaves.last().map(leaf_hash);
        let leaf = LeafContent {
            event_id: [u8::try_from(sequence).unwrap(); 16],
            patient: Some(PatientLink::new([9; 16], sequence, previous).unwrap()),
            recorded_at_micros: 0,
            commitment: empty_root(),
        };
        leaves.push(leaf);
    }
    VerifiedHistory {
        patient_id: [9; 16],
        leaf_hashes: leaves.iter().map(leaf_hash).collect(),
        leaves,
        checkpoint: Checkpoint {
            origin: "audit.example/log".to_owned(),
            size: 5,
            root: empty_root(),
            extensions: Vec::new(),
        },
    }
}

/// An answer: what it tells, what it says to be erased, and what its erasures name.
fn account(told: &[u64], erased: &[u64], erasures: &[(u64, &str)]) -> Account {
    let set = |places: &[u64]| -> BTreeSet<u64> { places.iter().copied().collect() };
    let erasures = erasures
        .iter()
        .map(|(sequence, places)| (*sequence, Places::parse(places).unwrap()));
    Account {
        told: set(told),
        erased: set(erased),
        withheld: BTreeSet::new(),
        erasures: erasures.collect(),
    }
}

#[test]
fn what_an_erasure_of_the_same_history_names_is_accounted_for() {
    let told = account(&[2, 4, 5], &[1, 3], &[(4, "1"), (5, "1 3")]);
    let erased = history().require_accounted(&told).unwrap();
    assert_eq!(erased, BTreeMap::from([(1, 4), (3, 5)]));
    let nothing = history().require_accounted(&account(&[1, 2, 3, 4, 5], &[], &[]));
    assert!(nothing.unwrap().is_empty());
}

#[test]
fn what_is_said_to_be_withheld_is_there_and_says_nothing_of_others() {
    let mut told = account(&[2, 4], &[3], &[(4, "3")]);
    told.withheld = BTreeSet::from([1, 5]);
    let erased = history().require_accounted(&told).unwrap();
    assert_eq!(erased, BTreeMap::from([(3, 4)]));
    // An erasure that is itself withheld accounts for nothing.
    told.told.remove(&4);
    told.withheld.insert(4);
    let caught = history().require_accounted(&told);
    assert_eq!(caught, Err(Unaccounted::NotErased { sequence: 3 }));
}

#[test]
fn a_server_that_withholds_and_says_erased_is_caught() {
    let not_erased = |sequence| Err(Unaccounted::NotErased { sequence });
    for (lie, caught) in [
        // No erasure at all.
        (account(&[2, 3, 4, 5], &[1], &[]), not_erased(1)),
        // One that names another event.
        (account(&[2, 3, 4, 5], &[1], &[(5, "2-4")]), not_erased(1)),
        // One from before the event.
        (account(&[1, 2, 3, 4], &[5], &[(4, "5")]), not_erased(5)),
        // An event that says that it erased itself.
        (account(&[1, 2, 3, 4], &[5], &[(5, "5")]), not_erased(5)),
        // One whose own content is not shown.
        (account(&[2, 3, 4], &[1, 5], &[(5, "1")]), not_erased(1)),
        // Nothing is said of it.
        (
            account(&[2, 3, 4, 5], &[], &[(5, "1")]),
            Err(Unaccounted::NotShown { sequence: 1 }),
        ),
    ] {
        assert_eq!(history().require_accounted(&lie), caught);
    }
}
