//! Every call of the contract is served, and no other.

use crate::contract::Call;
use crate::refusal::Refused;
use crate::sample;
use crate::world::{Persona, World};

#[tokio::test]
async fn every_call_of_the_contract_is_served_to_whoever_is_admitted() {
    let world = World::begin().await;
    let mut calls = Call::all();
    // Whoever signs out is nobody for the rest.
    calls.sort_by_key(|call| {
        let name = call.name();
        (name.ends_with("mergePatients"), name.contains("Session"))
    });
    for call in calls {
        let request = sample::request(&call, &world);
        let answer = world.ask(Persona::admitted(&call), &call, &request).await;
        let Err(status) = answer else { continue };
        let refused = Refused::read(status);
        assert!(
            ![
                "CALLER_NOT_ALLOWED",
                "ACTOR_NOT_ALLOWED",
                "TOKEN_MISSING",
                "TOKEN_EXPIRED",
                "NOT_IMPLEMENTED",
            ]
            .contains(&refused.reason.as_str()),
            "{}: whoever is admitted is refused as {}",
            call.name(),
            refused.reason
        );
    }
    world.scene.stack.stop().await;
}

#[tokio::test]
async fn a_call_that_the_contract_does_not_have_is_not_implemented() {
    let world = World::begin().await;
    for path in [
        "/aval.consent.v1.GrantService/Guess",
        "/aval.consent.v1.Guess/CreateGrant",
        "/aval.consent.v2.GrantService/CreateGrant",
        "/",
    ] {
        let listener = Call::named("GrantService/CreateGrant").listener();
        let channel = world.caller("operator").channel(listener);
        let request = world.anne.bearer.asks(prost::bytes::Bytes::new());
        let answer = crate::raw::open(channel, path.parse().unwrap(), request).await;
        Refused::read(answer.unwrap_err()).is("NOT_IMPLEMENTED");
    }
}
