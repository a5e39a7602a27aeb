//! What the promises are tried with.

use aval_database::requests::RequestKey;
use aval_domain::etag::Version;
use aval_domain::event::{Actor, Event, EventKind, Outcome};
use aval_domain::id::{
    ActivityId, EventId, OrganizationId, PatientId, PractitionerId, RequestId, SessionId,
};
use aval_domain::ins::InsStatus;
use aval_domain::random::{Random, SystemRandom};
use aval_domain::time::Timestamp;
use aval_runtime::token::{ActivityClaims, AuthenticationStrength};

use crate::patient_keys::{KeyedDigest, SealedIdentity};
use crate::session::{Bearer, Person, PractitionerBearer, Session};
use crate::store::sql::SqlStore;
use crate::store::{NewIssue, Opened, Opening, Registration, SealedPatient, Store};

pub(super) const RANDOM: &dyn Random = &SystemRandom;

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(1_790_000_000 + seconds)
}

/// Registers this matricule with these traits, both told apart by a byte.
pub(super) fn registration(ins: u8, traits: u8) -> Registration {
    let patient_id = PatientId::new(at(0), RANDOM);
    Registration {
        patient: SealedPatient {
            patient_id,
            ins_digest: KeyedDigest([ins; 32]),
            traits_digest: KeyedDigest([traits; 32]),
            likeness: Some(KeyedDigest([traits; 32])),
            digest_key_id: "a digest key".to_owned(),
            sealed: SealedIdentity {
                key_id: "a key".to_owned(),
                bytes: vec![ins, traits, 0, 255],
            },
            status: InsStatus::Qualified,
            registered_at: at(0),
            updated_at: at(0),
            version: Version::FIRST,
            merged_into: None,
        },
        ins_digests: vec![KeyedDigest([ins; 32])],
        event: event(EventKind::PatientRegistered),
        issue: NewIssue::at(at(0), RANDOM),
        request: RequestKey {
            actor: "gateway".to_owned(),
            request_id: RequestId::new(RANDOM),
            operation: "identity.register_patient",
            fingerprint: [ins ^ traits; 32],
        },
    }
}

pub(super) fn event(kind: EventKind) -> Event {
    let actor = Actor::Service {
        name: "gateway".to_owned(),
    };
    let event_id = EventId::new(at(0), RANDOM);
    Event::new(event_id, at(0), kind, Outcome::Success, actor, "gateway")
}

/// Opens a session, from however many certificates.
pub(super) async fn open(store: &SqlStore, session: &Session) {
    let opening = Opening {
        session,
        most: None,
        trace: &|_| event(EventKind::SessionOpened),
    };
    let opened = store.open_session(&opening).await.unwrap();
    assert_eq!(opened, Opened::Session);
}

/// A session of this person, opened at this second for five minutes; it lapses then.
pub(super) fn session(person: Person, opened: i64, thumbprint: Option<&str>) -> Session {
    Session {
        session_id: SessionId::new(at(opened), RANDOM),
        bearer: Bearer {
            person,
            strength: AuthenticationStrength::Substantial,
            authenticated_at: at(opened - 20),
        },
        software: "software/clinic".to_owned(),
        thumbprint: thumbprint.map(str::to_owned),
        opened_at: at(opened),
        last_used_at: at(opened),
        lapses_at: at(opened + 300),
        expires_at: at(opened + 1_000),
        generation: 0,
        at_provider: None,
        closed: None,
    }
}

pub(super) fn patient() -> Person {
    Person::Patient {
        patient_id: PatientId::new(at(0), RANDOM),
        representative: None,
    }
}

pub(super) fn practitioner() -> Person {
    Person::Practitioner(Box::new(PractitionerBearer {
        practitioner_id: PractitionerId::new(at(0), RANDOM),
        display_name: "DR Éléonore d’Été".to_owned(),
        direct: true,
        activity: ActivityClaims {
            activity_id: ActivityId::new(at(0), RANDOM),
            profession: "10".parse().unwrap(),
            speciality: Some("SM26".parse().unwrap()),
            function: None,
            organization_id: Some(OrganizationId::new(at(0), RANDOM)),
            organization_name: Some("CABINET".to_owned()),
            sector: Some("SA07".parse().unwrap()),
            regulation_access: false,
        },
    }))
}
