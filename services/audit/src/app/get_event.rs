//! One event, with its receipt.

use aval_domain::event::Subject;
use aval_domain::id::{EventId, PatientId};
use aval_merkle_log::note::SignedNote;
use aval_merkle_log::receipt::Receipt;
use aval_runtime::context::RequestContext;

use super::get_checkpoint::SignedCheckpoint;
use super::trace_reading::reader;
use super::withheld::Kept;
use super::{App, Listed};
use crate::checkpoint_key::CheckpointRefused;
use crate::entry::Altered;
use crate::error::Error;
use crate::query::{Filter, Scope};
use crate::sentence::Reader;

/// Which receipt is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReceiptAsked {
    /// None.
    None,
    /// Against the newest checkpoint.
    Newest,
    /// Against the newest checkpoint that enough witnesses cosigned.
    Witnessed,
}

/// One event.
#[derive(Debug, Clone)]
pub struct FoundEvent {
    /// The event.
    pub event: Listed,
    /// For whom it is put into words.
    pub reader: Reader,
    /// The receipt's text, if it was asked for.
    pub receipt: Option<String>,
}

impl App {
    /// Answers an event of the person, or of the patient whom they name as treating doctor;
    /// [`Error::NotFound`] for anybody else's. When somebody else than the patient reads,
    /// that is traced first.
    pub async fn get_event(
        &self,
        cx: &RequestContext,
        patient_id: Option<PatientId>,
        event_id: EventId,
        asked: ReceiptAsked,
    ) -> Result<FoundEvent, Error> {
        let reading = self.reading(cx, patient_id).await?;
        let event = match self.store.event(event_id).await? {
            Some(stored) => Listed::Told(Box::new(stored.open()?)),
            None => self.erased(event_id).await?,
        };
        if !self.is_in(reading.scope, &event).await? {
            return Err(Error::NotFound);
        }
        let (store, whole) = (self.store.as_ref(), Filter::default());
        let mut hiding = Kept::default();
        let told = hiding.told_to(&reading, &whole, vec![event], store, cx.now);
        let event = told.await?.into_iter().next().ok_or(Error::NotFound)?;
        let receipt = match asked {
            ReceiptAsked::None => None,
            ReceiptAsked::Newest => {
                let newest = self.newest_checkpoint().await?;
                Some(self.receipt(&event, &newest).await?)
            }
            ReceiptAsked::Witnessed => {
                let witnessed = self.require_witnessed().await?;
                Some(self.receipt(&event, &witnessed).await?)
            }
        };
        let subject = Subject::new("event", &event_id);
        self.trace_reading(cx, event.patient_id(), Some(subject), reading.ground())
            .await?;
        Ok(FoundEvent {
            event,
            reader: reader(cx),
            receipt,
        })
    }

    /// What is left of an event that was erased.
    async fn erased(&self, event_id: EventId) -> Result<Listed, Error> {
        let erased = self.store.erased(event_id).await?;
        let rows = vec![erased.ok_or(Error::NotFound)?];
        let explained = self.explained(rows).await?.pop();
        let explained = explained.map(|left| Listed::Erased(Box::new(left)));
        explained.ok_or(Error::NotFound)
    }

    async fn is_in(&self, scope: Scope, event: &Listed) -> Result<bool, Error> {
        let patient_id = match (scope, event) {
            (Scope::Practitioner(id), Listed::Told(entry)) => {
                let Some(by) = entry.event.actor.practitioner_id() else {
                    return Ok(false);
                };
                return Ok(by == id || self.store.professional(id).await?.own.contains(&by));
            }
            // Whose act it was is not known any more.
            (Scope::Practitioner(_), _) => return Ok(false),
            (Scope::Patient(patient_id), _) => patient_id,
        };
        match event.patient_id() {
            None => Ok(false),
            Some(own) if own == patient_id => Ok(true),
            Some(other) => Ok(self.store.identifiers(patient_id).await?.contains(&other)),
        }
    }

    /// The receipt against a checkpoint, verified before it is given away: a row that was
    /// changed together with its own hashes is noticed here. [`Error::NotWitnessed`] for an
    /// event that the checkpoint does not cover yet.
    pub(super) async fn receipt(
        &self,
        event: &Listed,
        signed: &SignedCheckpoint,
    ) -> Result<String, Error> {
        let (salt, evidence) = event.evidence();
        let log_index = event.log_index();
        if log_index >= signed.checkpoint.size {
            return Err(Error::NotWitnessed);
        }
        let (size, root) = (signed.checkpoint.size, signed.checkpoint.root);
        let (_, proof) = self.prove_inclusion(log_index, size, Some(root)).await?;
        let receipt = Receipt {
            leaf: event.leaf().clone(),
            salt,
            index: log_index,
            path: proof.path,
            checkpoint: SignedNote::parse(signed.note.as_bytes())
                .map_err(CheckpointRefused::from)?,
        };
        receipt
            .verify_in(evidence, &signed.checkpoint)
            .map_err(|_| Altered {
                log_index,
                what: "place in the tree",
            })?;
        Ok(receipt.format())
    }
}
