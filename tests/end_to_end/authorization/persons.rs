//! Persons who may not, and calls without a person where one is needed.

use aval_proto::consent::v1 as consent;
use prost::Message;
use prost::bytes::Bytes;
use tonic::Status;

use crate::contract::Call;
use crate::refusal::Refused;
use crate::sample;
use crate::world::{Persona, World};

/// Calls for persons that do not refuse another patient, and why they need not. A call
/// that is not served yet is its own reason.
const OPEN_TO_ANOTHER_PATIENT: &[(&str, &str)] = &[
    ("NotificationService/GetNotificationPreferences", OWN),
    ("NotificationService/ListNotifications", OWN),
    ("NotificationService/SetNotificationPreferences", OWN),
    ("NotificationService/WatchNotifications", OWN),
    ("SessionService/CloseAllSessions", OWN),
    ("SessionService/ListSessions", OWN),
];

const NO_REASON: &str = "no reason is given";
/// The request names nobody.
const OWN: &str = "about the caller's own alone";

#[tokio::test]
async fn a_call_for_a_person_is_refused_without_one() {
    let world = World::begin().await;
    let mut wrong = Vec::new();
    for call in Call::all() {
        let software = Persona::Software(Persona::admitted(&call).software());
        let request = sample::request(&call, &world);
        let answer = world.ask(software, &call, &request).await;
        let reason = answer.err().map(|status| Refused::read(status).reason);
        let refused = reason.as_deref() == Some("TOKEN_MISSING");
        if refused != call.needs_a_person() {
            wrong.push(format!("{}: {reason:?}", call.name()));
        }
    }
    assert!(
        wrong.is_empty(),
        "not as the contract's comments say:\n{}",
        wrong.join("\n")
    );
}

#[tokio::test]
async fn a_call_for_software_alone_is_refused_to_a_person() {
    let world = World::begin().await;
    for call in Call::all().iter().filter(|call| call.is_for_no_person()) {
        // The operator's software is the only one that some of them let in.
        let request = sample::request(call, &world).encode_to_vec();
        let message = world.anne.bearer.asks(Bytes::from(request));
        let channel = world.caller("gateway").channel(call.listener());
        let answer = crate::raw::call(channel, call, message).await;
        let refused = Refused::read(answer.unwrap_err());
        assert!(
            ["ACTOR_NOT_ALLOWED", "CALLER_NOT_ALLOWED"].contains(&refused.reason.as_str()),
            "{}: {}",
            call.name(),
            refused.reason
        );
    }
}

#[tokio::test]
async fn what_is_anne_s_is_refused_to_everybody_else() {
    let world = World::begin().await;
    let mut open = Vec::new();
    for call in persons_calls() {
        let request = sample::request(&call, &world);
        let answer = world.ask(Persona::Bruno, &call, &request).await;
        match judged(&call, answer) {
            Verdict::Denied => {}
            Verdict::NotServed => open.push(format!("{}: not served yet", call.name())),
            Verdict::Open => open.push(format!("{}: {}", call.name(), reason_of(&call))),
        }
    }
    open.sort();
    assert!(
        !open.iter().any(|call| call.ends_with(NO_REASON)),
        "{open:#?}"
    );
    insta::assert_snapshot!("calls_open_to_another_patient", open.join("\n"));
}

/// Why a call need not refuse another patient.
fn reason_of(call: &Call) -> &'static str {
    let name = call.name();
    let found = OPEN_TO_ANOTHER_PATIENT
        .iter()
        .find(|(open, _)| *open == name);
    found.map_or(NO_REASON, |(_, reason)| reason)
}

#[tokio::test]
async fn a_patient_s_calls_are_refused_to_a_professional_whom_they_did_not_authorise() {
    let world = World::begin().await;
    for call in persons_calls() {
        // Professionals act at their practice: what their software may not call at all is
        // refused before their token is looked at.
        if is_about_the_caller(&call) {
            continue;
        }
        let request = sample::request(&call, &world);
        let answer = world.ask(Persona::OtherDoctor, &call, &request).await;
        if !is_a_professional_s(&call) {
            assert_ne!(judged(&call, answer), Verdict::Open, "{}", call.name());
        }
    }
}

#[tokio::test]
async fn a_professional_s_calls_are_refused_to_the_patient() {
    let world = World::begin().await;
    for call in Call::all().iter().filter(|call| is_a_professional_s(call)) {
        let request = sample::request(call, &world);
        let answer = world.ask(Persona::Anne, call, &request).await;
        assert_ne!(judged(call, answer), Verdict::Open, "{}", call.name());
    }
}

/// The calls that need a person, those last that end a session.
fn persons_calls() -> Vec<Call> {
    let mut calls: Vec<_> = Call::all()
        .into_iter()
        .filter(Call::needs_a_person)
        .collect();
    calls.sort_by_key(|call| call.name().starts_with("SessionService/"));
    calls
}

fn is_about_the_caller(call: &Call) -> bool {
    let name = call.name();
    OPEN_TO_ANOTHER_PATIENT
        .iter()
        .any(|(open, _)| *open == name)
}

/// Whether a professional asks, of their own accord, whom the patient did not authorise.
fn is_a_professional_s(call: &Call) -> bool {
    [
        "GrantService/RequestGrant",
        "GrantService/DeclareGrant",
        "GrantService/OpenCareEpisode",
    ]
    .contains(&call.name().as_str())
}

/// What an answer gives away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Nothing: a refusal that says no more than it must, or a decision to deny.
    Denied,
    /// Nothing yet.
    NotServed,
    /// Something.
    Open,
}

fn judged(call: &Call, answer: Result<Bytes, Status>) -> Verdict {
    let denials = [
        "ACTOR_NOT_ALLOWED",
        "CALLER_NOT_ALLOWED",
        "NOT_FOUND",
        "RECORD_UNAVAILABLE",
    ];
    let is_denied = match answer {
        Err(status) => {
            let reason = Refused::read(status).reason;
            if reason == "NOT_IMPLEMENTED" {
                return Verdict::NotServed;
            }
            denials.contains(&reason.as_str())
        }
        Ok(bytes) => decisions(call, bytes).is_some_and(|decisions| {
            let denies = |decision: &consent::Decision| decision.effect() == consent::Effect::Deny;
            !decisions.is_empty() && decisions.iter().all(denies)
        }),
    };
    if is_denied {
        Verdict::Denied
    } else {
        Verdict::Open
    }
}

/// The decisions in an answer; `None` for a call that decides nothing.
fn decisions(call: &Call, bytes: Bytes) -> Option<Vec<consent::Decision>> {
    let decision = match call.name().as_str() {
        "DecisionService/Check" => consent::CheckResponse::decode(bytes).unwrap().decision,
        "DecisionService/Authorize" => consent::AuthorizeResponse::decode(bytes).unwrap().decision,
        "DecisionService/Explain" => consent::ExplainResponse::decode(bytes).unwrap().decision,
        "DecisionService/BatchCheck" => {
            return Some(
                consent::BatchCheckResponse::decode(bytes)
                    .unwrap()
                    .decisions,
            );
        }
        _ => return None,
    };
    Some(decision.into_iter().collect())
}
