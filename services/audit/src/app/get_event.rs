//! One event, with its receipt.

use aval_domain::event::Subject;
use aval_domain::id::{EventId, PatientId};
use aval_merkle_log::note::SignedNote;
use aval_merkle_log::receipt::{Evidence, Receipt};
use aval_runtime::context::RequestContext;

use super::App;
use super::trace_reading::reader;
use crate::checkpoint_key::CheckpointRefused;
use crate::entry::{Altered, Entry};
use crate::error::Error;
use crate::query::Scope;
use crate::sentence::Reader;

/// One event.
#[derive(Debug, Clone)]
pub struct FoundEvent {
    /// The event.
    pub entry: Entry,
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
        include_receipt: bool,
    ) -> Result<FoundEvent, Error> {
        let reading = self.reading(cx, patient_id).await?;
        let stored = self.store.event(event_id).await?;
        let entry = stored.ok_or(Error::NotFound)?.open()?;
        if !self.is_in(reading.scope, &entry).await? {
            return Err(Error::NotFound);
        }
        let receipt = if include_receipt {
            Some(self.receipt(&entry).await?)
        } else {
            None
        };
        let subject = Subject::new("event", &event_id);
        let patient_id = entry.event.patient_id;
        self.trace_reading(cx, patient_id, Some(subject), reading.ground())
            .await?;
        Ok(FoundEvent {
            entry,
            reader: reader(cx),
            receipt,
        })
    }

    async fn is_in(&self, scope: Scope, entry: &Entry) -> Result<bool, Error> {
        let patient_id = match scope {
            Scope::Practitioner(id) => return Ok(entry.event.actor.practitioner_id() == Some(id)),
            Scope::Patient(patient_id) => patient_id,
        };
        match entry.event.patient_id {
            None => Ok(false),
            Some(own) if own == patient_id => Ok(true),
            Some(other) => Ok(self.store.identifiers(patient_id).await?.contains(&other)),
        }
    }

    /// The receipt against the newest checkpoint, verified before it is given away: a
    /// row that was changed together with its own hashes is noticed here.
    async fn receipt(&self, entry: &Entry) -> Result<String, Error> {
        let signed = self.newest_checkpoint().await?;
        let proof = self
            .prove_inclusion(entry.log_index, signed.checkpoint.size)
            .await?;
        let receipt = Receipt {
            leaf: entry.leaf.clone(),
            salt: Some(entry.salt.0),
            index: entry.log_index,
            path: proof.path,
            checkpoint: SignedNote::parse(signed.note.as_bytes())
                .map_err(CheckpointRefused::from)?,
        };
        receipt
            .verify_in(Evidence::Event(&entry.canonical), &signed.checkpoint)
            .map_err(|_| Altered {
                log_index: entry.log_index,
                what: "place in the tree",
            })?;
        Ok(receipt.format())
    }
}
