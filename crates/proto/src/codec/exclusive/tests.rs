use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::{any, prop_assert_eq, proptest};
use prost::Message;
use prost::encoding::{bytes, string};

use super::*;
use crate::audit::v1::{AppendEventsRequest, Event, EventActor, SequencedEvent, event_actor};
use crate::common::v1::{Grantee, grantee};
use crate::consent::v1::{CheckRequest, CreateGrantRequest, ListGrantsRequest};
use crate::consent::v1::{CreateGrantResponse, list_grants_request};

fn both<M: Name>(message: &[u8]) -> Option<(String, String)> {
    let both = shape_of::<M>().unwrap().both_set(message)?;
    Some((both.field, both.other))
}

fn named(field: &str, other: &str) -> Option<(String, String)> {
    Some((field.to_owned(), other.to_owned()))
}

fn of(practitioner: &str) -> Grantee {
    let person = grantee::Grantee::PractitionerId(practitioner.to_owned());
    Grantee {
        grantee: Some(person),
    }
}

/// A person, then an organization, as no generated client writes them.
fn person_and_organization() -> Vec<u8> {
    let mut grantee = of("a").encode_to_vec();
    string::encode(2, &"b".to_owned(), &mut grantee);
    grantee
}

/// A grantee with these fields, in this order.
fn fields_of(numbers: &[u32]) -> Vec<u8> {
    let mut grantee = Vec::new();
    for number in numbers {
        string::encode(*number, &"a".to_owned(), &mut grantee);
    }
    grantee
}

fn request(grantees: &[&[u8]]) -> Vec<u8> {
    let mut request = CreateGrantRequest {
        patient_id: "p".to_owned(),
        document_classes: vec![1, 2],
        request_id: "r".to_owned(),
        ..CreateGrantRequest::default()
    }
    .encode_to_vec();
    for grantee in grantees {
        bytes::encode(2, &grantee.to_vec(), &mut request);
    }
    request
}

#[test]
fn a_person_and_an_organization_are_both_found_whatever_comes_last() {
    let found = named("grantee.organization_id", "practitioner_id");
    let mixed = request(&[&person_and_organization()]);
    assert_eq!(both::<CreateGrantRequest>(&mixed), found);
    // prost reads it without a word.
    let read = CreateGrantRequest::decode(mixed.as_slice()).unwrap();
    let organization = grantee::Grantee::OrganizationId("b".to_owned());
    assert_eq!(read.grantee.unwrap().grantee, Some(organization));
    // In two parts, which protobuf puts together.
    let person = of("a").encode_to_vec();
    let mut organization = Vec::new();
    string::encode(2, &"b".to_owned(), &mut organization);
    let parts = request(&[&person, &organization]);
    assert_eq!(both::<CreateGrantRequest>(&parts), found);
}

#[test]
fn one_of_them_alone_or_twice_or_none_is_not_found() {
    let person = of("a").encode_to_vec();
    for grantees in [&[][..], &[person.as_slice()], &[&person, &person]] {
        assert_eq!(both::<CreateGrantRequest>(&request(grantees)), None);
    }
}

#[test]
fn it_is_found_at_the_top_and_in_lists_and_by_its_place() {
    let one = ListGrantsRequest {
        of: Some(list_grants_request::Of::PatientId("p".to_owned())),
        ..ListGrantsRequest::default()
    };
    let mut both_of = one.encode_to_vec();
    assert_eq!(both::<ListGrantsRequest>(&both_of), None);
    string::encode(2, &"q".to_owned(), &mut both_of);
    let found = named("practitioner_id", "patient_id");
    assert_eq!(both::<ListGrantsRequest>(&both_of), found);

    let event = |actor| SequencedEvent {
        sequence: 7,
        event: Some(Event {
            actor: Some(EventActor { actor: Some(actor) }),
            ..Event::default()
        }),
    };
    let service = event(event_actor::Actor::Service("s".to_owned()));
    let mut mixed = event(event_actor::Actor::PatientId("p".to_owned())).encode_to_vec();
    // The second part of the same event, with another actor.
    let other = SequencedEvent {
        sequence: 0,
        ..service.clone()
    };
    mixed.extend(other.encode_to_vec());
    let mut events = AppendEventsRequest {
        events: vec![service],
        ..AppendEventsRequest::default()
    }
    .encode_to_vec();
    assert_eq!(both::<AppendEventsRequest>(&events), None);
    bytes::encode(3, &mixed, &mut events);
    let found = named("events[1].event.actor.service", "patient_id");
    assert_eq!(both::<AppendEventsRequest>(&events), found);
}

#[test]
fn what_has_no_choice_costs_nothing_and_what_we_answer_is_not_looked_at() {
    assert!(shape_of::<CheckRequest>().is_none());
    assert!(shape_of::<CreateGrantResponse>().is_none());
}

proptest! {
    #[test]
    fn bytes_that_are_no_message_are_looked_at_without_harm(
        noise in vec(any::<u8>(), 0..200),
        cut in 0_usize..40,
    ) {
        let mixed = request(&[&person_and_organization()]);
        let cut = &mixed[..cut.min(mixed.len())];
        for bytes in [noise.as_slice(), cut, &[cut, noise.as_slice()].concat()] {
            let _ = both::<CreateGrantRequest>(bytes);
            let _ = both::<AppendEventsRequest>(bytes);
        }
    }

    #[test]
    fn two_are_found_if_and_only_if_there_are_two(
        parts in vec(vec(1_u32..=4, 0..3), 0..4),
    ) {
        let grantees: Vec<Vec<u8>> = parts.iter().map(|members| fields_of(members)).collect();
        let grantees: Vec<&[u8]> = grantees.iter().map(Vec::as_slice).collect();
        // The fourth is no member, and of a contract to come.
        let members: BTreeSet<u32> = parts.concat().into_iter().filter(|it| *it < 4).collect();
        let found = both::<CreateGrantRequest>(&request(&grantees));
        prop_assert_eq!(found.is_some(), members.len() > 1);
    }
}
