//! Takes a merge back.

use aval_database::requests::{RequestKey, fingerprint};
use aval_domain::event::EventKind;
use aval_domain::id::{PatientId, RequestId};
use aval_runtime::context::RequestContext;

use super::close_session::closing_event;
use super::merge_patients::in_both_histories;
use super::{App, keep_patients};
use crate::error::Error;
use crate::patient::Patient;
use crate::session::{Closed, Closing};
use crate::store::{Joining, SessionsOf};

/// What is asked for.
#[derive(Debug, Clone)]
pub struct UnmergePatients {
    /// Who was merged into another.
    pub source: PatientId,
    /// Why, in a person's words.
    pub reason: String,
    /// The client's name for this write.
    pub request_id: RequestId,
}

impl App {
    /// Lets the source stand for itself again, and answers source and target. Everybody
    /// is signed out of the target's record: some may have come in under the source's
    /// matricule.
    pub async fn unmerge_patients(
        &self,
        cx: &RequestContext,
        command: &UnmergePatients,
    ) -> Result<(Patient, Patient), Error> {
        keep_patients(cx)?;
        let source = command.source;
        let known = self.store.patient(source).await?;
        known.ok_or(Error::PatientNotFound)?;
        let kind = EventKind::PatientsUnmerged;
        let why = Closing::IdentityChanged;
        let joined = self
            .store
            .join_patients(&Joining {
                source,
                target: None,
                at: cx.now,
                events: &|target| in_both_histories(cx, kind, source, target, &command.reason),
                close: SessionsOf {
                    closed: Closed { at: cx.now, why },
                    trace: &|session| closing_event(cx, session, why),
                },
                request: request(cx, command),
            })
            .await?;
        for session in joined.sessions {
            self.verifier.close_session(session);
        }
        Ok((self.opened(&joined.source)?, self.opened(&joined.target)?))
    }
}

fn request(cx: &RequestContext, command: &UnmergePatients) -> RequestKey {
    RequestKey {
        actor: cx.caller.to_string(),
        request_id: command.request_id,
        operation: "identity.unmerge_patients",
        fingerprint: fingerprint([
            command.source.as_uuid().as_bytes().as_slice(),
            command.reason.as_bytes(),
        ]),
    }
}
