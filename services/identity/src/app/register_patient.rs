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
use crate::likeness::Likeness;
use crate::patient::{Identity, Patient, differing_traits};
use crate::patient_keys::KeyedDigest;
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
        let mut registration = self.registration(cx, command);
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
        let mut answer = self.store.register_patient(&registration, &judge).await;
        for fingerprint in self.fingerprints(command).skip(1) {
            if !matches!(answer, Err(Error::RequestIdReused)) {
                break;
            }
            registration.request.fingerprint = fingerprint;
            answer = self.store.register_patient(&registration, &judge).await;
        }
        match answer? {
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
                likeness: Some(keys.digest_of_likeness(&Likeness::of(&identity.traits))),
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
            request: RequestKey {
                actor: cx.caller.to_string(),
                request_id: command.request_id,
                operation: "identity.register_patient",
                fingerprint: fingerprint_of(&ins_digest, &traits_digest, status),
            },
        }
    }

    /// What the request is known by under each digest key: it may have come first when
    /// another one was used.
    fn fingerprints(&self, command: &RegisterPatient) -> impl Iterator<Item = [u8; 32]> {
        let (identity, status) = (&command.identity, command.status);
        let ins = self.patient_keys.digests_of_ins(&identity.ins);
        let traits = self.patient_keys.digests_of_traits(&identity.traits);
        let both = ins.into_iter().zip(traits);
        both.map(move |(ins, traits)| fingerprint_of(&ins, &traits, status))
    }
}

/// From the keyed digests: the fingerprint is stored, and must tell no more.
fn fingerprint_of(ins: &KeyedDigest, traits: &KeyedDigest, status: InsStatus) -> [u8; 32] {
    let (ins, traits) = (ins.0.as_slice(), traits.0.as_slice());
    fingerprint([ins, traits, status.code().as_bytes()])
}
