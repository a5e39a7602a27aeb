//! Where the basis of a decision comes from.

use std::fmt;
use std::sync::Arc;

use aval_domain::id::{DocumentId, OrganizationId, PatientId, PractitionerId};

use crate::decision::{AccessBasis, Asker, Question};
use crate::store::Answer;

/// What a decision needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessQuery<'a> {
    /// Whose record.
    pub patient_id: PatientId,
    /// Which professional; `None` when the patient asks.
    pub practitioner_id: Option<PractitionerId>,
    /// In which organization they act.
    pub organization_id: Option<OrganizationId>,
    /// Whose settings are wanted.
    pub documents: Vec<&'a DocumentId>,
}

/// Gives everything that a decision rests on. Whoever implements it promises:
///
/// - each basis is one state of the database, and all of one call are the same state;
/// - that state holds every change that had returned before the call began;
/// - when it cannot be known, the answer is an error, never a guess.
pub trait AccessBasisSource: fmt::Debug + Send + Sync {
    /// The basis of each query, in the order of the queries.
    fn access_bases<'a>(
        &'a self,
        queries: &'a [AccessQuery<'a>],
    ) -> Answer<'a, Vec<Arc<AccessBasis>>>;
}

impl<'a> AccessQuery<'a> {
    /// What is to be known to answer this question.
    #[must_use]
    pub fn of(question: &'a Question) -> Self {
        let capacity = match &question.asker {
            Asker::Practitioner(capacity) => Some(capacity),
            Asker::Patient(_) | Asker::Representative(_) => None,
        };
        let documents = question.documents.iter().map(|document| &document.id);
        Self {
            patient_id: question.patient_id,
            practitioner_id: capacity.map(|capacity| capacity.practitioner_id),
            organization_id: capacity.and_then(|capacity| capacity.organization_id),
            documents: documents.collect(),
        }
    }
}
