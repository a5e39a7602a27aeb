//! Page sizes that make no sense, and page tokens of other queries or of nobody.

use aval_proto::audit::v1 as audit;
use aval_proto::practitioner_directory::v1 as directory;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use prost_reflect::Value;

use crate::contract::Call;
use crate::patience::eventually;
use crate::refusal::{Refused, refused};
use crate::sample::{self, Leaf};
use crate::world::{Persona, World};

/// The calls that answer pages, with the field of their request that says it.
fn paged(field: &str, world: &World) -> Vec<(Call, prost_reflect::DynamicMessage, Leaf)> {
    let paged = Call::all().into_iter().filter_map(|call| {
        let request = sample::request(&call, world);
        let leaf = sample::leaves(&request)
            .into_iter()
            .find(|leaf| leaf.path == field)?;
        Some((call, request, leaf))
    });
    paged.collect()
}

#[tokio::test]
async fn a_negative_page_size_is_refused_by_every_list() {
    let world = World::begin().await;
    let lists = paged("page_size", &world);
    assert!(lists.len() > 10);
    for (call, request, leaf) in lists {
        for size in [-1, i32::MIN] {
            let request = sample::with(&request, &leaf, Value::I32(size));
            let answer = world.ask(Persona::admitted(&call), &call, &request).await;
            let refusal = Refused::read(answer.expect_err(&call.name()));
            if refusal.reason != "NOT_IMPLEMENTED" {
                refusal.is("FIELD_INVALID").names("page_size");
            }
        }
        let request = sample::with(&request, &leaf, Value::I32(i32::MAX));
        if let Err(status) = world.ask(Persona::admitted(&call), &call, &request).await {
            Refused::read(status).is("NOT_IMPLEMENTED");
        }
    }
}

#[tokio::test]
async fn a_forged_page_token_is_refused_by_every_list() {
    let world = World::begin().await;
    for (call, request, leaf) in paged("page_token", &world) {
        for token in [
            "1",
            "not base64 !",
            "AAAA",
            &URL_SAFE_NO_PAD.encode([7; 64]),
            &"A".repeat(100_000),
            "' OR 1=1 --",
        ] {
            let request = sample::with(&request, &leaf, Value::String(token.to_owned()));
            let answer = world.ask(Persona::admitted(&call), &call, &request).await;
            let refusal = Refused::read(answer.expect_err(&call.name())).silent_about(token);
            if refusal.reason != "NOT_IMPLEMENTED" {
                assert_eq!(refusal.reason, "PAGE_TOKEN_INVALID", "{}", call.name());
            }
        }
    }
}

#[tokio::test]
async fn a_page_token_of_another_search_is_refused() {
    let world = World::begin().await;
    let search = |name: &str, page_token: &str| directory::SearchPractitionersRequest {
        name: name.to_owned(),
        page_size: 1,
        page_token: page_token.to_owned(),
        ..Default::default()
    };
    let directory = world.scene.portal.directory();
    let first = directory
        .clone()
        .search_practitioners(search("le goff", ""))
        .await
        .unwrap();
    let token = first.into_inner().next_page_token;
    assert!(!token.is_empty(), "three homonyms make more than one page");
    let second = directory
        .clone()
        .search_practitioners(search("le goff", &token))
        .await;
    assert_eq!(second.unwrap().into_inner().matches.len(), 1);

    let answer = directory
        .clone()
        .search_practitioners(search("martin", &token))
        .await;
    refused(answer)
        .is("PAGE_TOKEN_INVALID")
        .silent_about(&token);
    let mut narrowed = search("le goff", &token);
    narrowed.profession_code = "10".into();
    refused(directory.clone().search_practitioners(narrowed).await).is("PAGE_TOKEN_INVALID");
    let request = directory::SearchOrganizationsRequest {
        name: "le goff".to_owned(),
        page_token: token.clone(),
        ..Default::default()
    };
    refused(directory.clone().search_organizations(request).await).is("PAGE_TOKEN_INVALID");
    let mut bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
    for place in [0, bytes.len() / 2, bytes.len() - 1] {
        bytes[place] ^= 1;
        let altered = URL_SAFE_NO_PAD.encode(&bytes);
        let answer = directory
            .clone()
            .search_practitioners(search("le goff", &altered))
            .await;
        refused(answer).is("PAGE_TOKEN_INVALID");
        bytes[place] ^= 1;
    }
}

#[tokio::test]
async fn a_page_token_of_somebody_else_s_history_opens_nothing() {
    let world = World::begin().await;
    let list = |patient_id: &str, page_token: &str| audit::ListEventsRequest {
        patient_id: patient_id.to_owned(),
        page_size: 1,
        page_token: page_token.to_owned(),
        ..Default::default()
    };
    let trail = world.scene.portal.trail();
    let token = eventually("Anne's history has a second page", async || {
        let request = world.anne.bearer.asks(list(&world.anne.patient_id, ""));
        let page = trail
            .clone()
            .list_events(request)
            .await
            .unwrap()
            .into_inner();
        Some(page.next_page_token).filter(|token| !token.is_empty())
    })
    .await;
    let request = world
        .bruno
        .bearer
        .asks(list(&world.bruno.patient_id, &token));
    refused(trail.clone().list_events(request).await).is("PAGE_TOKEN_INVALID");
    let request = world
        .bruno
        .bearer
        .asks(list(&world.anne.patient_id, &token));
    refused(trail.clone().list_events(request).await).is("ACTOR_NOT_ALLOWED");
    let request = world.anne.bearer.asks(list(&world.anne.patient_id, &token));
    assert_eq!(
        trail
            .clone()
            .list_events(request)
            .await
            .unwrap()
            .into_inner()
            .events
            .len(),
        1
    );
}
