//! What the log hands out: notes, receipts, histories, bundles, events, its growth. What is read is
//! written again to the byte, and what is believed is what the log signed.

mod log;

use std::sync::LazyLock;

use aval_merkle_log::bundle;
use aval_merkle_log::canonical::{from_canonical_bytes, to_canonical_bytes};
use aval_merkle_log::checkpoint::Policy;
use aval_merkle_log::history::HistoryProof;
use aval_merkle_log::leaf::LeafContent;
use aval_merkle_log::note::SignedNote;
use aval_merkle_log::proof::ConsistencyProof;
use aval_merkle_log::receipt::{Evidence, Receipt};
use aval_merkle_log::witness::AddCheckpoint;
use serde_json::Value;

use crate::{Target, with_changed_bytes};
use log::Log;

/// A signed note.
pub(crate) const NOTE: Target = Target {
    name: "note",
    sound: notes,
    almost: |mutator| with_changed_bytes(mutator, &notes()),
    check: check_note,
};

/// A policy: which logs and witnesses are believed.
pub(crate) const POLICY: Target = Target {
    name: "policy",
    sound: policies,
    almost: |mutator| with_changed_bytes(mutator, &policies()),
    check: check_policy,
};

/// A receipt, which is shown with the event that the log holds.
pub(crate) const RECEIPT: Target = Target {
    name: "receipt",
    sound: receipts,
    almost: |mutator| with_changed_bytes(mutator, &receipts()),
    check: check_receipt,
};

/// The proof of a whole history.
pub(crate) const HISTORY: Target = Target {
    name: "history",
    sound: histories,
    almost: |mutator| with_changed_bytes(mutator, &histories()),
    check: check_history,
};

/// A bundle of entries.
pub(crate) const BUNDLE: Target = Target {
    name: "bundle",
    sound: bundles,
    almost: |mutator| with_changed_bytes(mutator, &bundles()),
    check: check_bundle,
};

/// An event's canonical bytes.
pub(crate) const EVENT: Target = Target {
    name: "event",
    sound: || vec![LOG.event.clone()],
    almost: |mutator| mutator.bytes(&LOG.event),
    check: check_event,
};

/// What shows that the log has only grown.
pub(crate) const GROWTH: Target = Target {
    name: "growth",
    sound: growths,
    almost: |mutator| with_changed_bytes(mutator, &growths()),
    check: check_growth,
};

static LOG: LazyLock<Log> = LazyLock::new(Log::new);

fn notes() -> Vec<Vec<u8>> {
    vec![LOG.checkpoint.format().into_bytes()]
}

fn check_note(data: &[u8]) -> bool {
    let Ok(note) = SignedNote::parse(data) else {
        return false;
    };
    assert_eq!(note.format().as_bytes(), data);
    let believed = LOG.policy.open(&note).is_ok();
    if believed {
        assert_eq!(note.unverified_text(), LOG.checkpoint.unverified_text());
    }
    believed
}

/// Of the log alone, and of its checkpoints that one of two witnesses cosigned.
fn policies() -> Vec<Vec<u8>> {
    let [log, witness, other] = &LOG.keys;
    let alone = format!("log {log}\nquorum none\n");
    let witnessed = format!(
        "# two\nlog {log}\nwitness w {witness}\nwitness v {other} https://v.example\n\
         group any 1 w v\nquorum any\n"
    );
    vec![alone.into_bytes(), witnessed.into_bytes()]
}

fn check_policy(data: &[u8]) -> bool {
    let Ok(policy) = Policy::parse(data) else {
        return false;
    };
    // Whoever does not name the log's key does not believe the log.
    let names_the_log = data
        .windows(LOG.keys[0].len())
        .any(|window| window == LOG.keys[0].as_bytes());
    assert!(names_the_log || policy.open(&LOG.checkpoint).is_err());
    true
}

fn receipts() -> Vec<Vec<u8>> {
    vec![LOG.receipt.format().into_bytes()]
}

fn check_receipt(data: &[u8]) -> bool {
    let Ok(receipt) = Receipt::parse(data) else {
        return false;
    };
    assert_eq!(receipt.format().as_bytes(), data);
    let verified = receipt.verify(Evidence::Event(&LOG.event), &LOG.policy);
    if let Ok(verified) = &verified {
        assert_eq!(verified.leaf, LOG.receipt.leaf);
        assert_eq!(verified.index, LOG.receipt.index);
        assert!(verified.event_verified);
    }
    verified.is_ok()
}

fn histories() -> Vec<Vec<u8>> {
    vec![LOG.history.format().into_bytes()]
}

fn check_history(data: &[u8]) -> bool {
    let Ok(history) = HistoryProof::parse(data) else {
        return false;
    };
    assert_eq!(history.format().as_bytes(), data);
    let believed = history.verify(&LOG.policy).is_ok();
    // Of another patient it may truly say that there is nothing.
    if believed && history.patient_id == LOG.history.patient_id {
        assert_eq!(history.leaves, LOG.history.leaves);
    } else if believed {
        assert!(history.leaves.is_empty());
    }
    believed
}

fn bundles() -> Vec<Vec<u8>> {
    let entries: Vec<_> = LOG.history.leaves.iter().map(LeafContent::encode).collect();
    vec![bundle::encode(&entries).unwrap()]
}

fn check_bundle(data: &[u8]) -> bool {
    let Ok(entries) = bundle::decode(data) else {
        return false;
    };
    assert_eq!(bundle::encode(&entries).unwrap(), data);
    for entry in entries {
        if let Ok(leaf) = LeafContent::decode(entry) {
            assert_eq!(leaf.encode(), entry);
        }
    }
    true
}

fn check_event(data: &[u8]) -> bool {
    let read = from_canonical_bytes(data);
    if let Ok(value) = &read {
        assert_eq!(to_canonical_bytes(value).as_deref(), Ok(data));
    } else if let Ok(value) = serde_json::from_slice::<Value>(data)
        && let Ok(canonical) = to_canonical_bytes(&value)
    {
        assert_eq!(from_canonical_bytes(&canonical), Ok(value));
    }
    read.is_ok()
}

fn growths() -> Vec<Vec<u8>> {
    vec![LOG.growth.format().into_bytes()]
}

fn check_growth(data: &[u8]) -> bool {
    let Ok(growth) = AddCheckpoint::parse(data) else {
        return false;
    };
    assert_eq!(growth.format().as_bytes(), data);
    let Ok(now) = LOG.policy.open(&growth.checkpoint) else {
        return false;
    };
    let proof = ConsistencyProof {
        old_size: growth.old_size,
        new_size: now.size,
        path: growth.path,
    };
    let believed = now.require_continues(&LOG.earlier, Some(&proof)).is_ok();
    if believed {
        assert_eq!(proof.path, LOG.growth.path);
    }
    believed
}
