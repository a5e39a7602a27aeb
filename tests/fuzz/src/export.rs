//! Exports: whatever stands in a file, what is proved of it is what its log recorded.

use std::sync::LazyLock;

use aval_audit::entry::{Entry, Salt};
use aval_audit::export::{self, Exported, Format};
use aval_audit::sentence::Reader;
use aval_domain::event::{Actor, Event, EventKind, Outcome, Subject};
use aval_domain::time::Timestamp;
use aval_merkle_log::canonical::to_canonical_bytes;
use aval_merkle_log::checkpoint::{Checkpoint, Policy};
use aval_merkle_log::leaf::{LeafContent, PatientLink, commitment, leaf_hash};
use aval_merkle_log::note::Signer;
use aval_merkle_log::proof::InclusionProof;
use aval_merkle_log::receipt::{Evidence, Receipt};
use aval_merkle_log::tree::{Frontier, KnownNodes};

use crate::{Target, with_changed_bytes};

/// An export in any form.
pub(crate) const EXPORT: Target = Target {
    name: "export",
    sound: || SAVED.files.clone(),
    almost: |mutator| with_changed_bytes(mutator, &SAVED.files),
    check,
};

const ORIGIN: &str = "audit.example/log";
const SALT: [u8; 32] = [5; 32];
const RECORDED_AT: i64 = 1_790_000_000_000_000;
const FORMATS: [Format; 6] = [
    Format::BalpNdjson,
    Format::BalpBundle,
    Format::TdeNdjson,
    Format::TdeBundle,
    Format::Csv,
    Format::Receipts,
];

static SAVED: LazyLock<Saved> = LazyLock::new(Saved::new);

/// What was exported of a log of two events.
struct Saved {
    policy: Policy,
    events: Vec<Event>,
    files: Vec<Vec<u8>>,
}

/// Whether an event of the file is proved: one that was recorded, then.
fn check(data: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(data) else {
        return false;
    };
    let Ok(reading) = export::read(text) else {
        return false;
    };
    let mut is_one_proved = false;
    for shown in reading.flatten() {
        let canonical = shown.canonical.as_deref();
        let evidence = canonical.map_or(Evidence::LeafOnly, Evidence::Event);
        if shown.receipt.verify(evidence, &SAVED.policy).is_err() {
            continue;
        }
        if let Ok(Ok(event)) = shown.as_recorded() {
            assert!(SAVED.events.contains(&event));
            is_one_proved = true;
        }
    }
    is_one_proved
}

impl Saved {
    fn new() -> Self {
        let events: Vec<Event> = [1, 2].map(event).into();
        let canonical: Vec<Vec<u8>> = events
            .iter()
            .map(|event| to_canonical_bytes(&serde_json::to_value(event).unwrap()).unwrap())
            .collect();
        let mut leaves: Vec<LeafContent> = Vec::new();
        for ((sequence, event), canonical) in (1..).zip(&events).zip(&canonical) {
            let patient_id = *event.patient_id.unwrap().as_uuid().as_bytes();
            let previous = leaves.last().map(leaf_hash);
            leaves.push(LeafContent {
                event_id: *event.event_id.as_uuid().as_bytes(),
                patient: Some(PatientLink::new(patient_id, sequence, previous).unwrap()),
                recorded_at_micros: RECORDED_AT,
                commitment: commitment(&SALT, canonical),
            });
        }
        let hashes: Vec<_> = leaves.iter().map(leaf_hash).collect();
        let mut tree = Frontier::new();
        let nodes: KnownNodes = tree.append_all(&hashes).unwrap().into_iter().collect();
        let signer = Signer::from_seed(ORIGIN, &[3; 32]).unwrap();
        let checkpoint = Checkpoint {
            origin: ORIGIN.to_owned(),
            size: tree.size(),
            root: tree.root(),
            extensions: Vec::new(),
        };
        let checkpoint = checkpoint.sign(&[&signer]).unwrap();
        let mut exported: Vec<(Entry, Receipt)> = Vec::new();
        for (((index, event), canonical), leaf) in (0..).zip(&events).zip(canonical).zip(&leaves) {
            let place = InclusionProof::compute(&nodes, index, tree.size()).unwrap();
            let receipt = Receipt {
                leaf: leaf.clone(),
                salt: Some(SALT),
                index,
                path: place.path,
                checkpoint: checkpoint.clone(),
            };
            let entry = Entry {
                log_index: index,
                event: event.clone(),
                recorded_at: Timestamp::from_micros(RECORDED_AT),
                leaf: leaf.clone(),
                canonical,
                salt: Salt(SALT),
            };
            exported.push((entry, receipt));
        }
        Self {
            policy: Policy::of_log(ORIGIN, vec![signer.verifier().clone()]),
            events,
            files: FORMATS.map(|format| file(&exported, format)).into(),
        }
    }
}

fn event(number: u8) -> Event {
    let patient_id = "01980000-0000-7000-8000-00000000000a".parse().unwrap();
    let event_id = format!("01980000-0000-7000-8000-00000000000{number}");
    let mut event = Event::new(
        event_id.parse().unwrap(),
        Timestamp::from_micros(RECORDED_AT),
        EventKind::GrantCreated,
        Outcome::Success,
        Actor::Patient { patient_id },
        "gateway",
    );
    event.patient_id = Some(patient_id);
    event.subject = Some(Subject::new("grant", &number));
    let name = "=Dr \"Odile\", PETIT\r\n".to_owned();
    event.after.insert("grantee_name".to_owned(), name);
    event
}

fn file(exported: &[(Entry, Receipt)], format: Format) -> Vec<u8> {
    let mut text = format.beginning();
    for (position, (entry, receipt)) in exported.iter().enumerate() {
        let exported = Exported {
            entry,
            receipt,
            reader: Reader::Holder,
        };
        text.push_str(&format.event(exported, position == 0));
    }
    (text + format.end()).into_bytes()
}
