//! People, and the tokens that speak for them.

use aval_domain::code::{Function, Profession};
use aval_domain::id::{RepresentationId, SessionId};
use aval_domain::random::SystemRandom;
use aval_domain::time::{Clock, SystemClock};
use aval_runtime::caller::CertificateThumbprint;
use aval_runtime::token::{
    AUDIENCE, ActivityClaims, AuthenticationStrength, AvalClaims, Confirmation, PersonKind,
    RepresentationKind, RepresentativeClaims,
};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tonic::Request;

use crate::stand::{ISSUER, Stand};

pub(crate) const ANNA: &str = "018f0000-0000-7000-8000-0000000000a1";
pub(crate) const BELA: &str = "018f0000-0000-7000-8000-0000000000b1";
pub(crate) const DOCTOR: &str = "018f0000-0000-7000-8000-0000000000d1";
pub(crate) const NURSE: &str = "018f0000-0000-7000-8000-0000000000d2";
/// Leads to the doctor.
pub(crate) const MERGED: &str = "018f0000-0000-7000-8000-0000000000d3";
/// Whom the directory does not know.
pub(crate) const UNKNOWN: &str = "018f0000-0000-7000-8000-0000000000d9";
pub(crate) const ORGANIZATION: &str = "018f0000-0000-7000-8000-0000000000e1";
pub(crate) const RPPS_OF_DOCTOR: &str = "99700024450";
pub(crate) const RPPS_OF_NOBODY: &str = "99700366240";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Person {
    Anna,
    /// Anna, signed in with one factor.
    AnnaWeakly,
    Bela,
    /// Béla, acting for Anna.
    BelaForAnna,
    Doctor,
    /// The doctor, signed in through their software.
    DoctorIndirectly,
    Nurse,
    /// The doctor, regulating.
    Regulator,
}

/// The only practice situation of a professional.
pub(crate) fn activity_id_of(practitioner_id: &str) -> String {
    practitioner_id.replace("0000-7000", "0001-7000")
}

impl Stand {
    /// A request for this person, through the portal or, for professionals, through
    /// the repository.
    pub(crate) fn request<T>(&self, message: T, person: Person) -> Request<T> {
        self.request_through(message, person, caller_of(person))
    }

    pub(crate) fn request_through<T>(
        &self,
        message: T,
        person: Person,
        caller: &str,
    ) -> Request<T> {
        let mut request = Request::new(message);
        let authorization = self.bearer(person, caller).parse().unwrap();
        request
            .metadata_mut()
            .insert("authorization", authorization);
        request
    }

    /// The authorization of this person, bound to this caller.
    pub(crate) fn bearer(&self, person: Person, caller: &str) -> String {
        format!("Bearer {}", self.signer.sign(&self.claims(person, caller)))
    }

    fn claims(&self, person: Person, caller: &str) -> AvalClaims {
        let now = SystemClock.now();
        let certificate = self.files(caller).certificate;
        let certificate = CertificateDer::from_pem_file(certificate).unwrap();
        let (sub, profession) = match person {
            Person::Anna | Person::AnnaWeakly | Person::BelaForAnna => (ANNA, None),
            Person::Bela => (BELA, None),
            Person::Doctor | Person::DoctorIndirectly | Person::Regulator => {
                (DOCTOR, Some(Profession::Doctor))
            }
            Person::Nurse => (NURSE, Some(Profession::Nurse)),
        };
        AvalClaims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: sub.to_owned(),
            sid: SessionId::new(now, &SystemRandom),
            jti: "1".to_owned(),
            iat: now.unix_seconds(),
            exp: now.unix_seconds() + 300,
            kind: match profession {
                Some(_) => PersonKind::Practitioner,
                None => PersonKind::Patient,
            },
            strength: match person {
                Person::AnnaWeakly => AuthenticationStrength::Low,
                _ => AuthenticationStrength::Substantial,
            },
            auth_time: now.unix_seconds(),
            direct: person != Person::DoctorIndirectly,
            rep: (person == Person::BelaForAnna).then(|| RepresentativeClaims {
                representation_id: RepresentationId::new(now, &SystemRandom),
                patient_id: BELA.parse().unwrap(),
                kind: RepresentationKind::Parent,
            }),
            activity: profession.map(|profession| ActivityClaims {
                activity_id: activity_id_of(sub).parse().unwrap(),
                profession,
                speciality: None,
                function: (person == Person::Regulator).then_some(Function::REGULATOR),
                organization_id: Some(ORGANIZATION.parse().unwrap()),
                organization_name: Some("CH de Sainte-Colombe".to_owned()),
                sector: None,
                regulation_access: false,
            }),
            display_name: profession.map(|_| "Dr Camille MARTIN".to_owned()),
            cnf: Some(Confirmation {
                x5t_s256: CertificateThumbprint::of_der(&certificate).to_base64url(),
            }),
        }
    }
}

/// Through which software a person comes.
pub(crate) const fn caller_of(person: Person) -> &'static str {
    match person {
        Person::Anna | Person::AnnaWeakly | Person::Bela | Person::BelaForAnna => "gateway",
        Person::Doctor | Person::DoctorIndirectly | Person::Nurse | Person::Regulator => "records",
    }
}
