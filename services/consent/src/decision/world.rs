//! What the rules look at.

use aval_domain::access::{AccessMode, Action};
use aval_domain::code::{Function, Profession};
use aval_domain::time::Timestamp;

use super::{AccessBasis, Asker, Capacity, Policy, Question};

/// A question, what is known about it, and the instant.
pub(super) struct World<'a> {
    pub(super) question: &'a Question,
    pub(super) basis: &'a AccessBasis,
    pub(super) policy: &'a Policy,
    pub(super) now: Timestamp,
}

impl<'a> World<'a> {
    /// The professional who asks, if it is one.
    pub(super) fn capacity(&self) -> Option<&'a Capacity> {
        self.question.asker.capacity()
    }

    /// The professional who asks, if they ask in this mode.
    pub(super) fn capacity_in(&self, mode: AccessMode) -> Option<&'a Capacity> {
        self.capacity().filter(|_| self.question.mode == mode)
    }

    /// The professional who asks, if they want to consult in normal mode: the case
    /// that authorisations govern.
    pub(super) fn normal_consultation(&self) -> Option<&'a Capacity> {
        self.capacity_in(AccessMode::Normal)
            .filter(|_| self.question.action == Action::Consult)
    }

    /// Whether a professional feeds the record.
    pub(super) fn is_contribution(&self) -> bool {
        self.capacity().is_some() && self.question.action == Action::Contribute
    }

    /// Whether the asker is the patient, or acts in their place.
    pub(super) fn is_holder(&self) -> bool {
        match &self.question.asker {
            Asker::Patient(patient_id) | Asker::Representative(patient_id) => {
                *patient_id == self.question.patient_id
                    || self.basis.other_patient_ids.contains(patient_id)
            }
            Asker::Practitioner(_) => false,
        }
    }

    /// Whether the professional asks as the patient's treating doctor: declared as
    /// one, and acting as a doctor. An occupational doctor is not acting as the
    /// treating doctor, even if they are one elsewhere (art. L.1111-17 IV CSP wants
    /// the patient's express consent).
    pub(super) fn is_treating_doctor(&self) -> bool {
        self.basis.treating_doctor
            && self.capacity().is_some_and(|capacity| {
                capacity.profession == Profession::Doctor && !is_occupational_doctor(capacity)
            })
    }
}

/// Whether the practice situation is an occupational doctor's: only the patient's
/// express consent opens the record to them (art. L.1111-17 IV CSP), no presumption.
pub(super) fn is_occupational_doctor(capacity: &Capacity) -> bool {
    capacity.function == Some(Function::OCCUPATIONAL_DOCTOR)
}
