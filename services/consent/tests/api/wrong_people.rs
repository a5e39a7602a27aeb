//! Who may not make a call although they hold a good token: for every call that is
//! served, a valid message, which the right person could have sent.

mod care_episodes;
mod decisions;
mod grants;
mod notifications;
mod policy;
mod requests;
mod settings;

use std::collections::BTreeSet;

use aval_proto::consent::v1 as proto;

use crate::denials::{NOT_SERVED_YET, rpcs};
use crate::grant_requests::request_grant;
use crate::people::{ANNA, BELA, NURSE, Person, caller_of};
use crate::stand::{Stand, create_grant, person, request_id};

/// Another patient, and professionals: none of them owns Anna's record.
const NOT_ANNA: [Person; 3] = [Person::Bela, Person::Doctor, Person::Nurse];
/// Another patient looks for it among their own, where it is not.
const ANOTHER_PATIENT: [Person; 1] = [Person::Bela];
const PROFESSIONALS: [Person; 2] = [Person::Doctor, Person::Nurse];

/// A grant of Anna's to the doctor, the nurse's request, which she waits to answer, a
/// block on the nurse since, and the calls tried so far.
struct WrongPeople {
    stand: Stand,
    grant: proto::Grant,
    block: proto::Block,
    asked: proto::Grant,
    tried: BTreeSet<&'static str>,
}

/// Sends the message as each of these people, who must be refused for this reason.
macro_rules! refused {
    ($self:ident, $client:ident.$method:ident($message:expr), $people:expr, $reason:literal) => {{
        for wrong in $people {
            let request = $self.stand.request($message, wrong);
            let answer = $self.stand.$client(wrong).$method(request).await;
            let status = answer.expect_err(stringify!($method));
            let told = crate::stand::reason(&status);
            assert_eq!(told, $reason, "{} {wrong:?}", stringify!($method));
        }
        $self.tried.insert(stringify!($method));
    }};
}
use refused;

fn anna() -> String {
    ANNA.to_owned()
}

impl WrongPeople {
    async fn new() -> Self {
        let stand = Stand::start().await;
        stand.open_record(BELA).await;
        let grant = stand.grant_to_doctor().await;
        let asked = stand
            .try_request(request_grant(), Person::Nurse)
            .await
            .unwrap();
        let message = proto::BlockGranteeRequest {
            patient_id: anna(),
            grantee: Some(person(NURSE)),
            period: None,
            request_id: request_id(),
        };
        let request = stand.request(message, Person::Anna);
        let block = stand
            .grants(Person::Anna)
            .block_grantee(request)
            .await
            .unwrap();
        let block = block.into_inner().block.unwrap();
        Self {
            stand,
            grant,
            block,
            asked,
            tried: BTreeSet::new(),
        }
    }
}

#[tokio::test]
async fn the_wrong_person_is_denied_every_call_that_is_served() {
    let mut wrong = WrongPeople::new().await;
    wrong.try_notifications().await;
    wrong.try_grants().await;
    wrong.try_requests().await;
    wrong.try_care_episodes().await;
    wrong.try_blocks().await;
    wrong.try_record().await;
    wrong.try_treating_doctors().await;
    wrong.try_visibilities().await;
    wrong.try_explanations().await;
    wrong.try_decisions().await;
    wrong.try_policy().await;
    // No RPC without a test of who may not call it.
    let untried: Vec<_> = rpcs()
        .into_iter()
        .filter(|rpc| !NOT_SERVED_YET.contains(&rpc.as_str()))
        .filter(|rpc| !wrong.tried.contains(method_of(rpc).as_str()))
        .collect();
    assert_eq!(untried, Vec::<String>::new());
    // Nothing that they tried changed anything.
    let message = proto::GetGrantRequest {
        grant_id: wrong.grant.grant_id.clone(),
    };
    let request = wrong.stand.request(message, Person::Anna);
    let unchanged = wrong
        .stand
        .grants(Person::Anna)
        .get_grant(request)
        .await
        .unwrap();
    let listed = crate::lists::in_force(wrong.grant);
    assert_eq!(unchanged.into_inner().grant, Some(listed));
}

/// The client's method for an RPC: `create_grant` for `GrantService/CreateGrant`.
fn method_of(rpc: &str) -> String {
    let (_, name) = rpc.split_once('/').unwrap();
    let mut method = String::new();
    for (place, letter) in name.chars().enumerate() {
        if letter.is_ascii_uppercase() && place > 0 {
            method.push('_');
        }
        method.push(letter.to_ascii_lowercase());
    }
    method
}

#[tokio::test]
async fn a_representative_may_do_what_the_patient_may() {
    let stand = Stand::start().await;
    assert_eq!(caller_of(Person::BelaForAnna), "gateway");
    let request = stand.request(create_grant(), Person::BelaForAnna);
    stand
        .grants(Person::BelaForAnna)
        .create_grant(request)
        .await
        .unwrap();
    let events = stand.neighbours.events(2).await;
    let representative = events[1].representative.as_ref().unwrap();
    assert_eq!(representative.patient_id.to_string(), BELA);
}
