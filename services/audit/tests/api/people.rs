//! People, and the tokens that speak for them.

use aval_domain::code::Profession;
use aval_domain::id::{ActivityId, PatientId, PractitionerId, RepresentationId, SessionId};
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

#[derive(Debug, Clone, Copy)]
pub(crate) enum Person {
    Patient(PatientId),
    RepresentativeOf(PatientId),
    Practitioner(PractitionerId),
}

pub(crate) fn patient_id() -> PatientId {
    PatientId::new(SystemClock.now(), &SystemRandom)
}

pub(crate) fn practitioner_id() -> PractitionerId {
    PractitionerId::new(SystemClock.now(), &SystemRandom)
}

impl Stand {
    /// A request for this person, through this caller.
    pub(crate) fn request<T>(&self, message: T, caller: &str, person: Person) -> Request<T> {
        self.request_for(300, message, caller, person)
    }

    /// The same with a token that ends after so many seconds.
    pub(crate) fn request_for<T>(
        &self,
        seconds: i64,
        message: T,
        caller: &str,
        person: Person,
    ) -> Request<T> {
        let mut request = Request::new(message);
        let mut claims = self.claims(caller, person);
        claims.exp = claims.iat + seconds;
        let token = self.signer.sign(&claims);
        let authorization = format!("Bearer {token}").parse().unwrap();
        request
            .metadata_mut()
            .insert("authorization", authorization);
        request
    }

    fn claims(&self, caller: &str, person: Person) -> AvalClaims {
        let now = SystemClock.now();
        let certificate = self.files(caller).certificate;
        let certificate = CertificateDer::from_pem_file(certificate).unwrap();
        let (sub, kind) = match person {
            Person::Patient(id) | Person::RepresentativeOf(id) => {
                (id.to_string(), PersonKind::Patient)
            }
            Person::Practitioner(id) => (id.to_string(), PersonKind::Practitioner),
        };
        let is_practitioner = kind == PersonKind::Practitioner;
        AvalClaims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub,
            sid: SessionId::new(now, &SystemRandom),
            jti: "1".to_owned(),
            iat: now.unix_seconds(),
            exp: now.unix_seconds() + 300,
            kind,
            strength: AuthenticationStrength::High,
            auth_time: now.unix_seconds(),
            direct: true,
            rep: matches!(person, Person::RepresentativeOf(_)).then(|| RepresentativeClaims {
                representation_id: RepresentationId::new(now, &SystemRandom),
                patient_id: patient_id(),
                kind: RepresentationKind::Parent,
            }),
            activity: is_practitioner.then(|| ActivityClaims {
                activity_id: ActivityId::new(now, &SystemRandom),
                profession: Profession::Doctor,
                speciality: None,
                function: None,
                organization_id: None,
                organization_name: Some("CH de Sainte-Colombe".to_owned()),
                sector: None,
                regulation_access: false,
            }),
            display_name: is_practitioner.then(|| "Dr Camille MARTIN".to_owned()),
            cnf: Some(Confirmation {
                x5t_s256: CertificateThumbprint::of_der(&certificate).to_base64url(),
            }),
        }
    }
}
