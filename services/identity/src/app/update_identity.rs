//! Changes a patient's traits, status or matricule.

use aval_database::requests::{RequestKey, fingerprint};
use aval_domain::etag::Etag;
use aval_domain::event::{Event, EventKind, Outcome};
use aval_domain::id::{PatientId, RequestId};
use aval_domain::ins::{Ins, InsKind, InsStatus, InsTraits};
use aval_runtime::context::RequestContext;

use super::close_session::closing_event;
use super::{App, keep_patients};
use crate::error::Error;
use crate::likeness::Likeness;
use crate::patient::{Identity, Patient, differing_traits};
use crate::patient_keys::KeyedDigest;
use crate::session::{Closed, Closing, Session};
use crate::store::{FormerMatricule, IdentityUpdate, NewIssue, SealedPatient, SessionsOf, Updated};

/// What is asked for.
#[derive(Debug, Clone)]
pub struct UpdateIdentity {
    /// Whose.
    pub patient_id: PatientId,
    /// The row as it was read.
    pub etag: Etag,
    /// The new traits, if they change.
    pub traits: Option<InsTraits>,
    /// The new status, if it changes.
    pub status: Option<InsStatus>,
    /// The new matricule, if it changes.
    pub ins: Option<Ins>,
    /// The client's name for this write.
    pub request_id: RequestId,
}

impl App {
    /// Changes an identity. Another matricule, and a status that is no longer qualified,
    /// sign everybody out of the record.
    pub async fn update_identity(
        &self,
        cx: &RequestContext,
        command: &UpdateIdentity,
    ) -> Result<Patient, Error> {
        keep_patients(cx)?;
        if let Some(ins) = &command.ins {
            self.require_accepted(ins)?;
        }
        let row = self.store.patient(command.patient_id).await?;
        let row = row.ok_or(Error::PatientNotFound)?;
        if row.merged_into.is_some() {
            return Err(Error::MergeConflict);
        }
        let before = self.opened(&row)?;
        let after = Identity {
            ins: command.ins.unwrap_or(before.identity.ins),
            traits: match &command.traits {
                Some(traits) => traits.clone(),
                None => before.identity.traits.clone(),
            },
        };
        let keys = &self.patient_keys;
        let next = SealedPatient {
            ins_digest: keys.digest_of_ins(&after.ins),
            traits_digest: keys.digest_of_traits(&after.traits),
            likeness: Some(keys.digest_of_likeness(&Likeness::of(&after.traits))),
            digest_key_id: keys.digest_key_id().to_owned(),
            sealed: keys.seal(row.patient_id, &after),
            status: command.status.unwrap_or(row.status),
            updated_at: cx.now,
            version: command.etag.version().next(),
            ..row.clone()
        };
        let why = Closing::IdentityChanged;
        let trace = |session: &Session| closing_event(cx, session, why);
        let loses = row.status == InsStatus::Qualified && next.status != InsStatus::Qualified;
        let changes_ins = after.ins != before.identity.ins;
        let waited = before.identity.ins.kind() == InsKind::Nia && after.ins.kind() == InsKind::Nir;
        let mut update = IdentityUpdate {
            read: command.etag.version(),
            ins_digests: keys.digests_of_ins(&after.ins),
            replaced_waiting: (changes_ins && waited)
                .then(|| self.former(row.patient_id, &before.identity.ins)),
            close: (loses || changes_ins).then_some(SessionsOf {
                closed: Closed { at: cx.now, why },
                trace: &trace,
            }),
            event: changed_event(cx, &before, &after, next.status, changes_ins),
            issue: NewIssue::at(cx.now, cx.random.as_ref()),
            request: request(cx, command, &next.ins_digest, &next.traits_digest),
            next,
        };
        let mut answer = self.store.update_identity(&update).await;
        // It may have come first when another digest key was used.
        let ins = keys.digests_of_ins(&after.ins).into_iter();
        for (ins, traits) in ins.zip(keys.digests_of_traits(&after.traits)).skip(1) {
            if !matches!(answer, Err(Error::RequestIdReused)) {
                break;
            }
            update.request = request(cx, command, &ins, &traits);
            answer = self.store.update_identity(&update).await;
        }
        match answer? {
            Updated::Identity(updated) => {
                for session in updated.sessions {
                    self.verifier.close_session(session);
                }
                self.opened(&updated.patient)
            }
            Updated::MatriculeTaken => Err(Error::MatriculeTaken),
        }
    }

    fn former(&self, patient_id: PatientId, ins: &Ins) -> FormerMatricule {
        let keys = &self.patient_keys;
        FormerMatricule {
            patient_id,
            ins_digest: keys.digest_of_ins(ins),
            digest_key_id: keys.digest_key_id().to_owned(),
            sealed: keys.seal_former(patient_id, ins),
        }
    }
}

/// Which traits changed, by name; of the matricule the kind alone. No value of an
/// identity is in the trail.
fn changed_event(
    cx: &RequestContext,
    before: &Patient,
    after: &Identity,
    status: InsStatus,
    changes_ins: bool,
) -> Event {
    let mut event = cx.event(EventKind::PatientIdentityUpdated, Outcome::Success);
    event.patient_id = Some(before.patient_id);
    let mut facts = |name: &str, was: &str, is: &str| {
        event.before.insert(name.to_owned(), was.to_owned());
        event.after.insert(name.to_owned(), is.to_owned());
    };
    if before.status != status {
        facts("status", before.status.code(), status.code());
    }
    if changes_ins {
        let (was, is) = (before.identity.ins.kind(), after.ins.kind());
        facts("ins_oid", was.oid(), is.oid());
    }
    let traits = differing_traits(&before.identity.traits, &after.traits);
    if !traits.is_empty() {
        let names = traits.join(",");
        event.after.insert("changed_traits".to_owned(), names);
    }
    event
}

/// From the keyed digests: the fingerprint is stored, and must tell no more.
fn request(
    cx: &RequestContext,
    command: &UpdateIdentity,
    ins: &KeyedDigest,
    traits: &KeyedDigest,
) -> RequestKey {
    let asked = |is: bool| -> &[u8] { if is { b"1" } else { b"0" } };
    RequestKey {
        actor: cx.caller.to_string(),
        request_id: command.request_id,
        operation: "identity.update_identity",
        fingerprint: fingerprint([
            command.patient_id.as_uuid().as_bytes().as_slice(),
            command.etag.to_string().as_bytes(),
            asked(command.ins.is_some()),
            if command.ins.is_some() { &ins.0 } else { &[] },
            asked(command.traits.is_some()),
            if command.traits.is_some() {
                &traits.0
            } else {
                &[]
            },
            command.status.map_or("", InsStatus::code).as_bytes(),
        ]),
    }
}
