//! Declares that two patients are one human.

use std::collections::BTreeMap;

use aval_database::requests::{RequestKey, fingerprint};
use aval_domain::event::{Event, EventKind, Outcome, Subject};
use aval_domain::id::{PatientId, RequestId};
use aval_runtime::context::RequestContext;

use super::close_session::closing_event;
use super::{App, keep_patients};
use crate::error::Error;
use crate::patient::Patient;
use crate::session::{Closed, Closing};
use crate::store::{Joining, SessionsOf};

/// What is asked for.
#[derive(Debug, Clone)]
pub struct MergePatients {
    /// Who will lead to the other.
    pub source: PatientId,
    /// Who stays.
    pub target: PatientId,
    /// Why, in a person's words.
    pub reason: String,
    /// The client's name for this write.
    pub request_id: RequestId,
}

impl App {
    /// Lets the source lead to the target, and answers the target. Who is signed in to
    /// the source's record is signed out: no token goes on speaking of it.
    pub async fn merge_patients(
        &self,
        cx: &RequestContext,
        command: &MergePatients,
    ) -> Result<Patient, Error> {
        keep_patients(cx)?;
        let (source, target) = (command.source, command.target);
        if source == target {
            return Err(Error::FieldInvalid {
                field: "target_patient_id",
                rule: "must be another patient than the source",
            });
        }
        for patient_id in [source, target] {
            let known = self.store.patient(patient_id).await?;
            known.ok_or(Error::PatientNotFound)?;
        }
        let kind = EventKind::PatientsMerged;
        let why = Closing::IdentityChanged;
        let joined = self
            .store
            .join_patients(&Joining {
                source,
                target: Some(target),
                at: cx.now,
                events: &|target| in_both_histories(cx, kind, source, target, &command.reason),
                close: SessionsOf {
                    closed: Closed { at: cx.now, why },
                    trace: &|session| closing_event(cx, session, why),
                },
                request: RequestKey {
                    actor: cx.caller.to_string(),
                    request_id: command.request_id,
                    operation: "identity.merge_patients",
                    fingerprint: fingerprint([
                        source.as_uuid().as_bytes().as_slice(),
                        target.as_uuid().as_bytes(),
                        command.reason.as_bytes(),
                    ]),
                },
            })
            .await?;
        for session in joined.sessions {
            self.verifier.close_session(session);
        }
        self.opened(&joined.target)
    }
}

/// The same event in the history of each, about the other.
pub(super) fn in_both_histories(
    cx: &RequestContext,
    kind: EventKind,
    source: PatientId,
    target: PatientId,
    reason: &str,
) -> [Event; 2] {
    [(source, target), (target, source)].map(|(patient_id, other)| {
        let mut event = cx.event(kind, Outcome::Success);
        event.patient_id = Some(patient_id);
        event.subject = Some(Subject::new("patient", &other));
        event.after = BTreeMap::from([
            ("source_patient_id".to_owned(), source.to_string()),
            ("target_patient_id".to_owned(), target.to_string()),
            ("reason".to_owned(), reason.to_owned()),
        ]);
        event
    })
}
