//! Makes a patient known.

use std::collections::BTreeMap;

use aval_database::requests::{RequestKey, fingerprint};
use aval_domain::etag::Version;
use aval_domain::event::{EventKind, Outcome};
use aval_domain::id::{PatientId, RequestId};
use aval_domain::ins::InsStatus;
use aval_runtime::context::RequestContext;

use super::{App, keep_patients};

use crate::error::Error;
use crate::patient::{Identity, Patient, differing_traits};
use crate::store::{NewIssue, Registered, Registration, SealedPatient, Verdict};

/// What is asked for.
#[derive(Debug, Clone)]
pub struct RegisterPatient {
    /// Who they are.
    pub identity: Identity,
    /// How far that is proved.
    pub status: InsStatus,
    /// The client's name for this write.
    pub request_id: RequestId,
}

impl App {
    /// Registers a patient. The same matricule with the same traits answers the patient
    /// who is there, as they are; with other traits it is refused, and an identity
    /// issue waits for a person.
    pub async fn register_patient(
        &self,
        cx: &RequestContext,
        command: &RegisterPatient,
    ) -> Result<Patient, Error> {
        keep_patients(cx)?;
        let identity = &command.identity;
        self.require_accepted(&identity.ins)?;
        let registration = self.registration(cx, command);
        let judge = |known: &SealedPatient| {
            let known = self.patient_keys.open(known.patient_id, &known.sealed)?;
            let differing = differing_traits(&known.traits, &identity.traits);
            Ok(if differing.is_empty() {
                Verdict::Same
            } else {
                Verdict::Other {
                    evidence: differing,
                }
            })
        };
        match self.store.register_patient(&registration, &judge).await? {
            Registered::Patient(row) => self.opened(&self.survivor(row).await?),
            Registered::MatriculeTaken => Err(Error::MatriculeTaken),
        }
    }

    fn registration(&self, cx: &RequestContext, command: &RegisterPatient) -> Registration {
        let identity = &command.identity;
        let patient_id = PatientId::new(cx.now, cx.random.as_ref());
        let keys = &self.patient_keys;
        let ins_digest = keys.digest_of_ins(&identity.ins);
        let traits_digest = keys.digest_of_traits(&identity.traits);
        let status = command.status;
        let mut event = cx.event(EventKind::PatientRegistered, Outcome::Success);
        event.patient_id = Some(patient_id);
        event.after = BTreeMap::from([("status".to_owned(), status.code().to_owned())]);
        Registration {
            patient: SealedPatient {
                patient_id,
                ins_digest,
                traits_digest,
                digest_key_id: keys.digest_key_id().to_owned(),
                sealed: keys.seal(patient_id, identity),
                status,
                registered_at: cx.now,
                updated_at: cx.now,
                version: Version::FIRST,
                merged_into: None,
            },
            ins_digests: keys.digests_of_ins(&identity.ins),
            issue: NewIssue::at(cx.now, cx.random.as_ref()),
            event,
            // From the keyed digests: the fingerprint is stored, and must tell no more.
            request: RequestKey {
                actor: cx.caller.to_string(),
                request_id: command.request_id,
                operation: "identity.register_patient",
                fingerprint: fingerprint([
                    ins_digest.0.as_slice(),
                    traits_digest.0.as_slice(),
                    status.code().as_bytes(),
                ]),
            },
        }
    }
}
