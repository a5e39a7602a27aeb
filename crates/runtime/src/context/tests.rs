use aval_domain::code::Profession;
use aval_domain::id::{ActivityId, PractitionerId, RepresentationId, SessionId};
use aval_domain::random::SeededRandom;
use aval_domain::time::ManualClock;

use super::*;
use crate::token::RepresentationKind;

fn environment() -> Environment {
    Environment {
        clock: Arc::new(ManualClock::new(Timestamp::from_unix_seconds(
            1_800_000_000,
        ))),
        random: Arc::new(SeededRandom::new(1)),
    }
}

fn patient_id(environment: &Environment) -> PatientId {
    PatientId::new(environment.clock.now(), environment.random.as_ref())
}

fn practitioner(environment: &Environment) -> PractitionerActor {
    let (now, random) = (environment.clock.now(), environment.random.as_ref());
    PractitionerActor {
        practitioner_id: PractitionerId::new(now, random),
        session_id: SessionId::new(now, random),
        strength: AuthenticationStrength::Substantial,
        authenticated_at: now,
        direct: true,
        display_name: "Dr Camille MARTIN".to_owned(),
        activity: PractitionerActivity {
            activity_id: ActivityId::new(now, random),
            profession: Profession::from_code("10").unwrap(),
            speciality: None,
            function: None,
            organization_id: None,
            organization_name: None,
            sector: None,
            regulation_access: false,
        },
    }
}

#[test]
fn a_patient_may_act_on_their_own_record_only() {
    let environment = environment();
    let (own, other) = (patient_id(&environment), patient_id(&environment));
    let cx = RequestContext::for_patient(&environment, own);
    assert_eq!(
        cx.patient_owning(own)
            .unwrap()
            .in_person()
            .unwrap()
            .patient_id,
        own
    );
    assert_eq!(
        cx.patient_owning(other).unwrap_err(),
        Denied::ActorNotAllowed
    );
    assert_eq!(cx.practitioner().unwrap_err(), Denied::ActorNotAllowed);
}

#[test]
fn a_practitioner_is_no_patient() {
    let environment = environment();
    let cx = RequestContext::for_practitioner(&environment, practitioner(&environment));
    assert!(cx.practitioner().is_ok());
    assert_eq!(cx.patient().unwrap_err(), Denied::ActorNotAllowed);
    assert!(
        cx.require_strength(AuthenticationStrength::Substantial)
            .is_ok()
    );
    let strongest = cx.require_strength(AuthenticationStrength::High);
    assert_eq!(strongest.unwrap_err(), Denied::AuthenticationTooWeak);
}

#[test]
fn without_a_token_there_is_no_person() {
    let identity = CallerId::parse("identity").unwrap();
    let cx = RequestContext::for_service(&environment(), identity);
    assert_eq!(cx.patient().unwrap_err(), Denied::TokenMissing);
    assert_eq!(cx.practitioner().unwrap_err(), Denied::TokenMissing);
    assert_eq!(cx.person().unwrap_err(), Denied::TokenMissing);
    assert!(cx.service_caller(&["consent", "identity"]).is_ok());
    assert_eq!(
        cx.service_caller(&["consent"]).unwrap_err(),
        Denied::CallerNotAllowed
    );
    assert_eq!(
        cx.service_caller(&[]).unwrap_err(),
        Denied::CallerNotAllowed
    );
}

#[test]
fn a_call_for_a_person_is_no_call_of_a_service() {
    let environment = environment();
    let cx = RequestContext::for_patient(&environment, patient_id(&environment));
    let denied = cx.service_caller(&["insecure-loopback"]).unwrap_err();
    assert_eq!(denied, Denied::ActorNotAllowed);
}

#[test]
fn an_event_says_who_acted_for_whom_through_which_software() {
    let environment = environment();
    let own = patient_id(&environment);
    let mut actor = PatientActor {
        representative: Some(Representative {
            representation_id: RepresentationId::new(Timestamp::MIN, environment.random.as_ref()),
            patient_id: patient_id(&environment),
            kind: RepresentationKind::Parent,
        }),
        ..match Actor::patient(own, environment.random.as_ref(), Timestamp::MIN) {
            Actor::Patient(patient) => patient,
            Actor::Practitioner(_) => unreachable!(),
        }
    };
    actor.session_id = SessionId::new(Timestamp::MIN, environment.random.as_ref());
    let mut cx = RequestContext::for_actor(&environment, Actor::Patient(actor.clone()));
    cx.trace_id = TraceId::from_bytes([0xab; 16]);
    let event = cx.event(EventKind::GrantRevoked, Outcome::Success);
    assert_eq!(event.patient_id, Some(own));
    let in_person = cx.patient().unwrap().in_person();
    assert_eq!(in_person.unwrap_err(), Denied::MandateInsufficient);
    assert_eq!(event.actor, event::Actor::Patient { patient_id: own });
    assert_eq!(
        event.representative,
        actor.representative.as_ref().map(Into::into)
    );
    assert_eq!(event.software, "insecure-loopback");
    assert_eq!(event.occurred_at, cx.now);
    assert_eq!(event.trace_id.as_deref(), Some("ab".repeat(16).as_str()));

    let cx = RequestContext::for_service(&environment, CallerId::parse("consent").unwrap());
    let event = cx.event(EventKind::GrantExpired, Outcome::Success);
    assert_eq!(
        event.actor,
        event::Actor::Service {
            name: "consent".to_owned()
        }
    );
    assert_eq!(event.patient_id, None);
}

#[test]
fn a_context_travels_with_its_request_and_nothing_else_makes_one() {
    let environment = environment();
    let mut request = tonic::Request::new(7);
    assert_eq!(
        RequestContext::of(&request).unwrap_err().code(),
        tonic::Code::Internal
    );
    RequestContext::for_patient(&environment, patient_id(&environment)).store(&mut request);
    assert!(RequestContext::of(&request).unwrap().patient().is_ok());
    let (cx, message) = RequestContext::open(request).unwrap();
    assert!(cx.patient().is_ok());
    assert_eq!(message, 7);
}

#[test]
fn a_name_never_shows_in_debug() {
    let environment = environment();
    let cx = RequestContext::for_practitioner(&environment, practitioner(&environment));
    assert!(!format!("{cx:?}").contains("MARTIN"));
}
