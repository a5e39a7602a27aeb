//! What a history proof shows, and what a log that lies is caught by.

use aval_merkle_log::{
    checkpoint::{Checkpoint, CheckpointError},
    hash::hash_leaf,
    history::{Continuation, HistoryError, HistoryProof, KeptHead, LastPlace},
    map::{MapKey, MapProof, MapProofError, NoMapRoot, ProofEnd},
    note::{SignatureError, Signer},
    proof::InclusionProof,
};
use proptest::prelude::*;

use crate::fixture::ORIGIN;
use crate::lying_log::{ANNE, BRUNO, CARLA, Log};

#[test]
fn an_honest_log_shows_all_events_of_each_patient() {
    let log = Log::of(&[ANNE, BRUNO, ANNE, ANNE]);
    for (patient, count) in [(ANNE, 3), (BRUNO, 1), (CARLA, 0)] {
        let verified = log.verify(&log.prove(patient)).unwrap();
        assert_eq!(verified.leaves.len(), count);
        assert_eq!(verified.head().sequence, count as u64);
    }
    assert_eq!(
        Log::new().verify(&Log::new().prove(ANNE)).unwrap().leaves,
        []
    );
}

#[test]
fn a_history_and_a_log_that_grow_continue_what_was_kept() {
    let mut log = Log::of(&[ANNE, BRUNO]);
    let kept = log.verify(&log.prove(ANNE)).unwrap();
    for patient in [BRUNO, ANNE, BRUNO, ANNE] {
        log.append(patient);
        let now = log.verify(&log.prove(ANNE)).unwrap();
        now.require_continues(&kept.head()).unwrap();
        let proof = log.consistency(2);
        now.checkpoint
            .require_continues(&kept.checkpoint, Some(&proof))
            .unwrap();
        let unproved = now.checkpoint.require_continues(&kept.checkpoint, None);
        assert_eq!(unproved, Err(Continuation::Unproved));
    }
}

#[test]
fn an_event_left_out_is_missed() {
    let log = Log::of(&[ANNE, ANNE, BRUNO, ANNE]);
    let whole = log.prove(ANNE);
    for missing in 0..3 {
        let mut proof = whole.clone();
        proof.leaves.remove(missing);
        let refusal = HistoryError::Incomplete {
            expected: 3,
            found: 2,
        };
        assert_eq!(log.verify(&proof), Err(refusal));
    }
}

#[test]
fn an_event_put_in_is_noticed() {
    let log = Log::of(&[ANNE, BRUNO, ANNE]);
    let mut proof = log.prove(ANNE);
    proof.leaves.push(proof.leaves[1].clone());
    let refusal = HistoryError::Incomplete {
        expected: 2,
        found: 3,
    };
    assert_eq!(log.verify(&proof), Err(refusal));
    let mut proof = log.prove(ANNE);
    proof.leaves[0] = log.leaves[1].clone();
    assert_eq!(
        log.verify(&proof),
        Err(HistoryError::Broken { sequence: 1 })
    );
}

#[test]
fn events_in_another_order_are_noticed() {
    let log = Log::of(&[ANNE, ANNE, ANNE]);
    for (one, other, sequence) in [(0, 1, 1), (1, 2, 2), (0, 2, 1)] {
        let mut proof = log.prove(ANNE);
        proof.leaves.swap(one, other);
        assert_eq!(log.verify(&proof), Err(HistoryError::Broken { sequence }));
    }
}

#[test]
fn an_event_that_was_rewritten_is_noticed() {
    let log = Log::of(&[ANNE, ANNE, ANNE]);
    for rewritten in 0..3 {
        let mut proof = log.prove(ANNE);
        proof.leaves[rewritten].commitment = hash_leaf(b"another event");
        let refusal = HistoryError::Broken {
            sequence: 3.min(rewritten as u64 + 2),
        };
        assert_eq!(log.verify(&proof), Err(refusal));
    }
}

#[test]
fn a_log_that_signs_a_shorter_history_is_caught_by_who_kept_the_longer_one() {
    let honest = Log::of(&[ANNE, ANNE, BRUNO, ANNE]);
    let kept = honest.verify(&honest.prove(ANNE)).unwrap();
    // The second event never happened, says the log, and signs everything anew.
    let liar = Log::of(&[ANNE, BRUNO, BRUNO, ANNE]);
    let now = liar.verify(&liar.prove(ANNE)).unwrap();
    assert_eq!(
        now.require_continues(&kept.head()),
        Err(HistoryError::NotContinued { kept: 3 })
    );
    assert_eq!(
        now.checkpoint.require_continues(&kept.checkpoint, None),
        Err(Continuation::Forked { size: 4 })
    );
    // So is one that goes on as if nothing were.
    let mut liar = liar;
    liar.append(ANNE);
    liar.append(ANNE);
    let now = liar.verify(&liar.prove(ANNE)).unwrap();
    assert!(now.require_continues(&kept.head()).is_err());
    let rewritten = now
        .checkpoint
        .require_continues(&kept.checkpoint, Some(&liar.consistency(4)));
    assert!(matches!(rewritten, Err(Continuation::Rewritten(_))));
}

#[test]
fn an_older_head_is_caught_by_who_kept_the_newer_one() {
    let mut log = Log::of(&[ANNE, BRUNO, ANNE]);
    let old = log.prove(ANNE);
    log.append(ANNE);
    let kept = log.verify(&log.prove(ANNE)).unwrap();
    let shown = log.verify(&old).unwrap();
    assert_eq!(
        shown.require_continues(&kept.head()),
        Err(HistoryError::NotContinued { kept: 3 })
    );
    assert_eq!(
        shown.checkpoint.require_continues(&kept.checkpoint, None),
        Err(Continuation::Shorter { kept: 4, found: 3 })
    );
    // The older head under the newest checkpoint leads nowhere.
    let mixed = HistoryProof {
        checkpoint: log.signed(),
        ..old
    };
    assert_eq!(
        log.verify(&mixed),
        Err(HistoryError::Head(MapProofError::RootMismatch))
    );
}

#[test]
fn a_map_that_was_set_back_is_caught_by_the_patient() {
    let mut log = Log::of(&[ANNE, ANNE]);
    let old_heads = log.heads.clone();
    log.append(ANNE);
    let kept = log.verify(&log.prove(ANNE)).unwrap();
    // The tree has grown, and the map says what it said before.
    log.append(BRUNO);
    log.heads = old_heads;
    let mut proof = log.prove(ANNE);
    proof.leaves.truncate(2);
    let nodes = log.tree().1;
    proof.last = Some(LastPlace {
        index: 1,
        path: InclusionProof::compute(&nodes, 1, 4).unwrap().path,
    });
    let shown = log.verify(&proof).unwrap();
    let consistent = log.consistency(3);
    assert_eq!(
        shown
            .checkpoint
            .require_continues(&kept.checkpoint, Some(&consistent)),
        Ok(())
    );
    assert_eq!(
        shown.require_continues(&kept.head()),
        Err(HistoryError::NotContinued { kept: 3 })
    );
}

#[test]
fn two_patients_who_are_shown_two_logs_see_it_when_they_compare() {
    let shown_to_anne = Log::of(&[ANNE, BRUNO, ANNE]);
    let shown_to_bruno = Log::of(&[ANNE, BRUNO, BRUNO]);
    let annes = shown_to_anne.verify(&shown_to_anne.prove(ANNE)).unwrap();
    let brunos = shown_to_bruno.verify(&shown_to_bruno.prove(BRUNO)).unwrap();
    let forked = Err(Continuation::Forked { size: 3 });
    assert_eq!(
        annes.checkpoint.require_continues(&brunos.checkpoint, None),
        forked
    );

    // One tree and two maps are a fork as well.
    let mut two_maps = shown_to_anne.clone();
    two_maps.heads.remove(&MapKey::of_patient(&BRUNO));
    let other = two_maps.checkpoint();
    assert_eq!(other.root, annes.checkpoint.root);
    assert_eq!(other.require_continues(&annes.checkpoint, None), forked);

    // Of different sizes, a proof is what tells.
    let mut longer = shown_to_bruno;
    longer.append(ANNE);
    let brunos = longer.checkpoint();
    let told = brunos.require_continues(&annes.checkpoint, Some(&longer.consistency(3)));
    assert!(matches!(told, Err(Continuation::Rewritten(_))));
}

#[test]
fn of_two_logs_neither_continues_the_other() {
    let log = Log::of(&[ANNE, BRUNO]);
    let kept = log.checkpoint();
    for size in [0, 1, 2, 3] {
        let other = Checkpoint {
            origin: "audit.example/another".to_owned(),
            size,
            ..kept.clone()
        };
        let told = other.require_continues(&kept, Some(&log.consistency(1)));
        assert!(matches!(told, Err(Continuation::OtherLog { .. })), "{size}");
    }
}

#[test]
fn a_patient_who_has_events_cannot_be_shown_that_they_have_none() {
    let log = Log::of(&[ANNE, BRUNO]);
    let hidden = |map_proof| HistoryProof {
        map_proof,
        leaves: Vec::new(),
        last: None,
        ..log.prove(ANNE)
    };
    let empty = MapProof {
        siblings: Vec::new(),
        end: ProofEnd::Empty,
    };
    let of_another = log.prove(CARLA).map_proof;
    for (proof, refusal) in [
        (empty, MapProofError::RootMismatch),
        (log.prove(BRUNO).map_proof, MapProofError::RootMismatch),
    ] {
        assert_eq!(log.verify(&hidden(proof)), Err(HistoryError::Head(refusal)));
    }
    assert!(log.verify(&hidden(of_another)).is_err());
}

#[test]
fn a_head_whose_leaf_the_log_does_not_hold_is_refused() {
    let mut log = Log::of(&[ANNE, BRUNO]);
    let ghost = Log::of(&[BRUNO, ANNE]);
    log.heads = ghost.heads.clone();
    let proof = HistoryProof {
        leaves: ghost.prove(ANNE).leaves,
        ..log.prove(ANNE)
    };
    assert!(matches!(
        log.verify(&proof),
        Err(HistoryError::NotIncluded(_))
    ));
}

#[test]
fn a_checkpoint_that_says_no_heads_or_is_a_stranger_s_is_refused() {
    let log = Log::of(&[ANNE]);
    let mut proof = log.prove(ANNE);
    let mut silent = log.checkpoint();
    silent.extensions.clear();
    proof.checkpoint = silent.sign(&[&log.signer]).unwrap();
    assert_eq!(log.verify(&proof), Err(HistoryError::NoMapRoot(NoMapRoot)));

    let mut stranger = log.clone();
    stranger.signer = Signer::from_seed(ORIGIN, &[4; 32]).unwrap();
    let refusal = CheckpointError::Signature(SignatureError::NoKnownSigner);
    assert_eq!(
        log.verify(&stranger.prove(ANNE)),
        Err(HistoryError::Checkpoint(refusal))
    );
}

#[test]
fn another_patient_s_history_is_not_mine() {
    let log = Log::of(&[ANNE, BRUNO]);
    let proof = HistoryProof {
        patient_id: BRUNO,
        ..log.prove(ANNE)
    };
    assert!(log.verify(&proof).is_err());
}

#[test]
fn what_was_kept_of_nothing_is_continued_by_everything() {
    let nothing = KeptHead {
        sequence: 0,
        leaf: None,
    };
    let log = Log::of(&[ANNE]);
    let verified = log.verify(&log.prove(ANNE)).unwrap();
    assert_eq!(verified.require_continues(&nothing), Ok(()));
    let empty = Log::new().checkpoint();
    assert_eq!(verified.checkpoint.require_continues(&empty, None), Ok(()));
}

#[test]
fn every_bit_of_a_history_proof_matters() {
    let log = Log::of(&[ANNE, BRUNO, ANNE, CARLA, ANNE]);
    let text = log.prove(ANNE).format();
    for bit in 0..text.len() * 8 {
        let mut bytes = text.as_bytes().to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let outcome = HistoryProof::parse(&bytes)
            .ok()
            .and_then(|proof| proof.verify(&log.policy()).ok());
        assert_eq!(outcome, None, "byte {} of {text}", bit / 8);
    }
}

#[test]
fn what_is_not_a_history_proof_is_refused_at_its_line() {
    let text = Log::of(&[ANNE, BRUNO, ANNE]).prove(ANNE).format();
    let lines: Vec<_> = text.lines().collect();
    let with = |number: usize, line: &str| {
        let mut lines = lines.clone();
        lines[number - 1] = line;
        lines.join("\n") + "\n"
    };
    // header, patient, map, two leaves, index, a hash, empty, the checkpoint
    for (text, line) in [
        (String::new(), 1),
        (with(1, "aval-history@v2"), 1),
        (with(2, "patient 0"), 2),
        (with(2, &lines[1].replace("01", "0A")), 2),
        (with(3, "map AQ=="), 3),
        (with(4, "leaf AQ=="), 4),
        (with(5, "leaf"), 5),
        (with(6, "index 01"), 6),
        (with(7, "hash"), 7),
        (with(8, "hash"), 8),
        (lines[..7].join("\n"), 8),
        (with(10, "three"), 10),
    ] {
        let malformed = HistoryProof::parse(text.as_bytes()).unwrap_err();
        assert_eq!(malformed.line, line, "{text}\n{malformed}");
    }
}

proptest! {
    #[test]
    fn whatever_a_log_shows_of_a_patient_it_shows_whole(order in prop::collection::vec(0..3_u8, 0..30)) {
        let patients = [ANNE, BRUNO, CARLA];
        let order: Vec<_> = order.into_iter().map(|who| patients[usize::from(who)]).collect();
        let log = Log::of(&order);
        for patient in patients {
            let count = order.iter().filter(|other| **other == patient).count();
            prop_assert_eq!(log.verify(&log.prove(patient)).unwrap().leaves.len(), count);
        }
    }

    #[test]
    fn reading_a_history_proof_is_total(bytes: Vec<u8>) {
        let _ = HistoryProof::parse(&bytes);
    }
}
