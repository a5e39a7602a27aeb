//! Whether an export shows everything that proofs say there is.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use aval_audit::aliases::{self, Aliases};
use aval_domain::event::Event;
use aval_domain::id::PatientId;
use aval_merkle_log::checkpoint::Policy;
use aval_merkle_log::history::{HistoryError, VerifiedHistory};
use aval_merkle_log::leaf::LeafContent;
use aval_merkle_log::receipt::{Evidence, Receipt};
use serde::Deserialize;

/// A history names another patient who was merged into this one, and nothing proves
/// theirs.
#[derive(Debug, thiserror::Error)]
#[error("{0} was merged into this patient, and no proof of theirs was saved")]
pub(crate) struct NotProved(pub(crate) PatientId);

/// Events that an export shows, each with its place in the log proved: by patient, in
/// their order.
#[derive(Debug, Default)]
pub(crate) struct Shown(BTreeMap<PatientId, BTreeMap<u64, (LeafContent, Event)>>);

/// A line of the export.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    canonical_event: String,
    receipt: String,
}

impl Shown {
    /// Reads an export of receipts, and proves each of them.
    pub(crate) fn read(export: &[u8], policy: &Policy) -> anyhow::Result<Self> {
        let mut shown = Self::default();
        let text = str::from_utf8(export).context("the export is no text")?;
        for (number, line) in (1..).zip(text.lines()) {
            let place = || format!("line {number} of the export");
            let line: Line = serde_json::from_str(line).with_context(place)?;
            let receipt = Receipt::parse(line.receipt.as_bytes()).with_context(place)?;
            let evidence = Evidence::Event(line.canonical_event.as_bytes());
            receipt.verify(evidence, policy).with_context(place)?;
            let event: Event = serde_json::from_str(&line.canonical_event).with_context(place)?;
            let Some(patient_id) = event.patient_id else {
                continue;
            };
            let leaf = receipt.leaf;
            let theirs = shown.0.entry(patient_id).or_default();
            theirs.insert(leaf.patient_sequence(), (leaf, event));
        }
        Ok(shown)
    }

    /// Makes sure that every event of this history is shown, and gives the patients who
    /// lead to this one by what those events say: theirs belong to it.
    pub(crate) fn require_all_of(
        &self,
        history: &VerifiedHistory,
    ) -> Result<BTreeSet<PatientId>, HistoryError> {
        let is_theirs = |id: PatientId| *id.as_uuid().as_bytes() == history.patient_id;
        let theirs = self.0.iter().find(|(id, _)| is_theirs(**id));
        let mut found = 0;
        let mut aliases = Aliases::default();
        for leaf in &history.leaves {
            let shown = theirs.and_then(|(_, theirs)| theirs.get(&leaf.patient_sequence()));
            let Some((_, event)) = shown.filter(|(shown, _)| shown == leaf) else {
                continue;
            };
            found += 1;
            if let Some(change) = aliases::in_event(event) {
                aliases.take(change);
            }
        }
        let expected = history.leaves.len() as u64;
        if found < expected {
            return Err(HistoryError::Incomplete { expected, found });
        }
        Ok(theirs.map_or_else(BTreeSet::new, |(id, _)| aliases.leading_to(*id)))
    }
}
