//! Whether an export shows everything that proofs say there is.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use aval_audit::aliases::{self, Aliases};
use aval_audit::erasure;
use aval_audit::export::Untold;
use aval_domain::event::Event;
use aval_domain::id::PatientId;
use aval_merkle_log::checkpoint::Policy;
use aval_merkle_log::erasure::{Account, Unaccounted};
use aval_merkle_log::history::{HistoryError, VerifiedHistory};
use aval_merkle_log::leaf::LeafContent;

use super::exported::{self, Proved};
use super::states::States;

/// A history names another patient who was merged into this one, and nothing proves
/// theirs.
#[derive(Debug, thiserror::Error)]
#[error("{0} was merged into this patient, and no proof of theirs was saved")]
pub(crate) struct NotProved(pub(crate) PatientId);

/// What some events tell is withheld from whoever exported: the history is whole, and not all of
/// it can be read.
#[derive(Debug, thiserror::Error)]
#[error("of {0} events the place is proved, and what they tell is withheld for now")]
pub(crate) struct Withheld(pub(crate) usize);

/// Events that an export shows, or says to be erased or withheld, each with its place in the log proved:
/// by patient, in their order.
#[derive(Debug, Default)]
pub(crate) struct Shown(BTreeMap<[u8; 16], OfOne>);

/// What is shown of one patient: each leaf, and the event, or why that is not told.
type OfOne = BTreeMap<u64, (LeafContent, Result<Event, Untold>)>;

impl Shown {
    /// Reads an export, and proves each event of it.
    pub(crate) fn read(
        export: &[u8],
        states: &mut States,
        policy: &Policy,
    ) -> anyhow::Result<Self> {
        let mut shown = Self::default();
        exported::each(exported::begin(export)?, states, policy, |place, proved| {
            let Proved { leaf, event } = proved.with_context(|| place.to_string())?;
            if let Some(patient_id) = leaf.patient_id() {
                let theirs = shown.0.entry(patient_id).or_default();
                theirs.insert(leaf.patient_sequence(), (leaf, event));
            }
            Ok(())
        })?;
        Ok(shown)
    }

    /// How many are withheld, of all that is shown.
    pub(crate) fn withheld(&self) -> usize {
        let all = self.0.values().flat_map(BTreeMap::values);
        all.filter(|(_, event)| matches!(event, Err(Untold::Withheld)))
            .count()
    }

    /// Makes sure that every event of this history is shown, erased by another one that is
    /// shown, or withheld, and gives the patients who lead to this one by what those events say: theirs
    /// belong to it.
    pub(crate) fn require_all_of(
        &self,
        history: &VerifiedHistory,
    ) -> anyhow::Result<BTreeSet<PatientId>> {
        let theirs = self.0.get(&history.patient_id);
        let mut own = None;
        let mut account = Account::default();
        let mut aliases = Aliases::default();
        for leaf in &history.leaves {
            let shown = theirs.and_then(|theirs| theirs.get(&leaf.patient_sequence()));
            let Some((_, event)) = shown.filter(|(shown, _)| shown == leaf) else {
                continue;
            };
            let sequence = leaf.patient_sequence();
            let event = match event {
                Ok(event) => event,
                Err(Untold::Erased) => {
                    account.erased.insert(sequence);
                    continue;
                }
                Err(Untold::Withheld) => {
                    account.withheld.insert(sequence);
                    continue;
                }
            };
            account.told.insert(sequence);
            own = own.or(event.patient_id);
            let erasure = erasure::told_in(event);
            account
                .erasures
                .extend(erasure.map(|told| (sequence, told.places)));
            if let Some(change) = aliases::in_event(event) {
                aliases.take(change);
            }
        }
        history.require_accounted(&account).map_err(|unaccounted| {
            let expected = history.leaves.len() as u64;
            let shown = [&account.told, &account.erased, &account.withheld];
            let found = shown.map(BTreeSet::len).iter().sum::<usize>() as u64;
            match unaccounted {
                Unaccounted::NotShown { .. } => {
                    anyhow::Error::from(HistoryError::Incomplete { expected, found })
                }
                Unaccounted::NotErased { .. } => unaccounted.into(),
            }
        })?;
        Ok(own.map_or_else(BTreeSet::new, |own| aliases.leading_to(own)))
    }
}
