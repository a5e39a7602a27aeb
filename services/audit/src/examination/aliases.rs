//! Who is whom, as the entries tell it and as the table has it.

use std::collections::BTreeMap;

use aval_domain::event::Event;
use aval_domain::id::PatientId;

use super::entries::{Payload, Row};
use super::{Examination, Fault};
use crate::aliases::{self, Aliases};
use crate::entry::Content;

/// What identity told, up to an entry.
#[derive(Debug, Default)]
pub struct WhoIsWhom(Aliases);

/// What the table has of a patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alias {
    /// Whom they were merged into.
    pub leads_to: Option<PatientId>,
    /// The human's present identifier.
    pub human: PatientId,
}

impl WhoIsWhom {
    /// Takes the next entry.
    pub fn take(&mut self, row: &Row, found: &mut Examination) {
        if !row.tells_who_is_whom {
            return;
        }
        match &row.payload {
            Payload::There(entry) => {
                // One that is no event is noted as altered.
                let Content::Told { canonical, .. } = &entry.content else {
                    return;
                };
                let event = serde_json::from_slice::<Event>(canonical).ok();
                if let Some(change) = event.as_ref().and_then(aliases::in_event) {
                    self.0.take(change);
                }
            }
            Payload::Erased { .. } => found.note(Fault::MergeErased {
                log_index: row.log_index,
            }),
            // Noted already.
            Payload::Half => {}
        }
    }

    /// Holds the table against what was told.
    pub fn hold(&self, mut table: BTreeMap<PatientId, Alias>, found: &mut Examination) {
        for (patient_id, human) in self.0.humans() {
            let told = Alias {
                leads_to: self.0.leads_to(patient_id),
                human,
            };
            if table.remove(&patient_id) != Some(told) {
                found.note(Fault::Alias { patient_id });
            }
        }
        for patient_id in table.into_keys() {
            found.note(Fault::Alias { patient_id });
        }
    }
}
