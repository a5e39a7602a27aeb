//! Aval tokens that identity never issued, or not for whoever shows them.

mod forger;

use prost::Message;
use prost::bytes::Bytes;
use tonic::{Request, Status};

use crate::contract::Call;
use crate::raw;
use crate::refusal::Refused;
use crate::sample;
use crate::scene::{CLINIC, OTHER_CLINIC};
use crate::world::World;
use forger::Forger;

/// A call of each service.
const CALLS: [&str; 4] = [
    "DirectoryService/GetFreshness",
    "SessionService/ListSessions",
    "GrantService/ListGrants",
    "TrailService/ListEvents",
];

#[tokio::test]
async fn every_flawed_aval_token_is_refused_by_every_service() {
    let world = World::begin().await;
    let forger = Forger::with_key_of(&world.scene, &world.anne.token);
    for name in CALLS {
        let call = Call::named(name);
        let as_bearer =
            async |token: &str| ask(&world, "gateway", &call, &[&format!("Bearer {token}")]).await;
        // What the forger makes without a flaw is taken: it is the flaws.
        as_bearer(&forger.unflawed()).await.unwrap();
        let answer = as_bearer(&forger.expired()).await;
        Refused::read(answer.unwrap_err()).is("TOKEN_EXPIRED");
        for (what, token) in forger.flawed() {
            let answer = as_bearer(&token).await;
            let refused = Refused::read(answer.expect_err(what)).silent_about(&token);
            assert_eq!(refused.reason, "TOKEN_INVALID", "{name}: {what}");
        }
    }
}

#[tokio::test]
async fn a_token_counts_with_the_certificate_that_it_was_given_for_alone() {
    let world = World::begin().await;
    let call = Call::named("GrantService/ListGrants");
    for (token, software) in [
        (&world.doctor.token, "gateway"),
        (&world.doctor.token, OTHER_CLINIC),
        (&world.anne.token, CLINIC),
        (&world.anne.token, "records"),
    ] {
        let answer = ask(&world, software, &call, &[&format!("Bearer {token}")]).await;
        Refused::read(answer.unwrap_err()).is("TOKEN_BOUND_ELSEWHERE");
    }
}

#[tokio::test]
async fn an_authorization_that_is_not_one_bearer_token_is_refused_not_ignored() {
    let world = World::begin().await;
    let sound = format!("Bearer {}", world.anne.token);
    for name in CALLS {
        let call = Call::named(name);
        for values in [
            vec!["Basic YW5uZTphbm5l"],
            vec![world.anne.token.as_str()],
            vec!["Bearer"],
            vec![""],
            vec![&sound, &sound],
            vec![&sound, "Bearer other"],
        ] {
            let answer = ask(&world, "gateway", &call, &values).await;
            Refused::read(answer.unwrap_err()).is("TOKEN_INVALID");
        }
        // The scheme's name has no case (RFC 9110 §11.1).
        for scheme in ["Bearer", "bearer", "BEARER"] {
            let value = sound.replace("Bearer", scheme);
            ask(&world, "gateway", &call, &[&value]).await.unwrap();
        }
    }
}

/// Makes a call with these `authorization` headers.
async fn ask(world: &World, software: &str, call: &Call, values: &[&str]) -> Result<Bytes, Status> {
    let message = sample::request(call, world).encode_to_vec();
    let mut request = Request::new(Bytes::from(message));
    for value in values {
        let value = value.parse().unwrap();
        request.metadata_mut().append("authorization", value);
    }
    let channel = world.caller(software).channel(call.listener());
    raw::call(channel, call, request).await
}
