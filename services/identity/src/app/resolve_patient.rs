//! Finds a patient by INS or by the five traits.

use aval_domain::ins::{Ins, InsTraits};
use aval_runtime::context::RequestContext;

use super::{App, keep_patients};

use crate::error::Error;
use crate::patient::Patient;

/// By what a patient is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// The INS, exactly.
    Ins(Ins),
    /// The five traits, to the letter.
    Traits(InsTraits),
}

/// Who answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Nobody.
    Nobody,
    /// Exactly one.
    One(Box<Patient>),
    /// Several: none is named.
    Several,
}

impl App {
    /// Who answers to a description.
    pub async fn resolve_patient(&self, cx: &RequestContext, by: &By) -> Result<Found, Error> {
        keep_patients(cx)?;
        let mut rows = match by {
            By::Ins(ins) => {
                self.require_accepted(ins)?;
                let digests = self.patient_keys.digests_of_ins(ins);
                self.store
                    .patient_by_ins(&digests)
                    .await?
                    .into_iter()
                    .collect()
            }
            By::Traits(traits) => {
                let digests = self.patient_keys.digests_of_traits(traits);
                self.store.patients_by_traits(&digests).await?
            }
        };
        match (rows.pop(), rows.is_empty()) {
            (None, _) => Ok(Found::Nobody),
            (Some(row), true) => {
                let row = self.survivor(row).await?;
                Ok(Found::One(Box::new(self.opened(&row)?)))
            }
            (Some(_), false) => Ok(Found::Several),
        }
    }
}
