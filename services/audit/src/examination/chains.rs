//! The entries of each patient, and their heads.

use std::cmp::Ordering;
use std::collections::VecDeque;

use aval_domain::id::PatientId;
use aval_merkle_log::Hash;

use super::{Examination, Fault};
use crate::batch::PatientHead;
use crate::head_map::key_of;

/// An entry of a patient, as its row tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Whose.
    pub patient_id: PatientId,
    /// Its place in the log.
    pub log_index: u64,
    /// Its place among the patient's, from 1.
    pub sequence: u64,
    /// The hash of the patient's leaf before; `None` for their first.
    pub previous: Option<Hash>,
    /// The hash of its own leaf.
    pub leaf: Hash,
}

/// Follows one patient after the other, in the order of their identifiers, each in the
/// order of the log.
#[derive(Debug, Default)]
pub struct Chains {
    last: Option<Link>,
    /// Patients who have entries, with their last ones: whose heads are to come.
    ended: Vec<Link>,
}

impl Chains {
    /// Takes the next entry.
    pub fn take(&mut self, link: Link, found: &mut Examination) {
        let before = self.last.take();
        let before = match before {
            Some(last) if last.patient_id == link.patient_id => Some(last),
            Some(last) => {
                self.ended.push(last);
                None
            }
            None => None,
        };
        found.patients += u64::from(before.is_none());
        let expected = (
            before.as_ref().map_or(1, |last| last.sequence + 1),
            before.as_ref().map(|last| last.leaf),
        );
        if (link.sequence, link.previous) != expected {
            found.note(Fault::Chain {
                log_index: link.log_index,
            });
        }
        self.last = Some(link);
    }

    /// There is no further entry.
    pub fn end(&mut self) {
        self.ended.extend(self.last.take());
    }

    /// The patients who ended since this was last asked, with their last entries.
    pub fn ended(&mut self) -> Vec<Link> {
        std::mem::take(&mut self.ended)
    }
}

/// Holds last entries against heads, both in the order of the patients' identifiers.
#[derive(Debug, Default)]
pub struct Heads {
    /// Heads that were read and belong to patients to come.
    waiting: VecDeque<(PatientId, PatientHead)>,
    read_to: Option<PatientId>,
}

impl Heads {
    /// The last patient whose head was read.
    #[must_use]
    pub const fn read_to(&self) -> Option<PatientId> {
        self.read_to
    }

    /// Heads were read up to this patient's.
    pub const fn is_read_to(&mut self, patient_id: PatientId) {
        self.read_to = Some(patient_id);
    }

    /// Takes further heads.
    pub fn know(&mut self, heads: impl IntoIterator<Item = (PatientId, PatientHead)>) {
        self.waiting.extend(heads);
    }

    /// Holds this patient's last entry against their head. All heads up to theirs are
    /// known.
    pub fn hold(&mut self, last: &Link, found: &mut Examination) {
        while let Some((patient_id, head)) = self.waiting.front().copied() {
            match patient_id.cmp(&last.patient_id) {
                Ordering::Greater => break,
                Ordering::Less => found.note(of_nobody(patient_id)),
                Ordering::Equal => {
                    self.waiting.pop_front();
                    let is_last = (head.sequence, head.leaf) == (last.sequence, last.leaf);
                    if !is_last {
                        found.note(Fault::Head {
                            log_index: last.log_index,
                        });
                    }
                    return;
                }
            }
            self.waiting.pop_front();
        }
        found.note(Fault::Head {
            log_index: last.log_index,
        });
    }

    /// No further patient has entries.
    pub fn end(self, found: &mut Examination) {
        for (patient_id, _) in self.waiting {
            found.note(of_nobody(patient_id));
        }
    }
}

fn of_nobody(patient_id: PatientId) -> Fault {
    Fault::HeadOfNobody {
        bucket: key_of(patient_id).bucket(),
    }
}
