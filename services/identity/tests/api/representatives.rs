//! Some act for others, under their own name, as long as they may.

use std::time::Duration;

use aval_domain::event::{Actor, EventKind};
use aval_domain::time::Clock;
use aval_proto::identity::v1 as proto;
use aval_runtime::context::Actor as Person;
use aval_runtime::token::RepresentationKind as TokenKind;
use proto::RepresentationKind::{Guardian, Mandated, Parent};
use tonic::Request;

use crate::calls::{fields, new_request_id, reason, with_token};
use crate::family::{Family, of_patient, of_representative, register, request};
use crate::keys::{thumbprint, verifier};

#[tokio::test]
async fn a_parent_acts_for_their_child_and_token_and_trail_say_both() {
    let family = Family::gather().await;
    let added = family.parent().await;
    let answer = family.act_for("dominique", &family.child).await.unwrap();
    let bearer = answer.bearer.clone().unwrap().person.unwrap();
    let proto::bearer::Person::Patient(bearer) = bearer else {
        panic!("a patient's representative signed in");
    };
    assert_eq!(bearer.patient_id, family.child);
    assert_eq!(bearer.representation_id, added.representation_id);

    let own = Some(thumbprint(&family.stand, "gateway"));
    let token = verifier(&family.stand)
        .verify(&answer.access_token, own)
        .await
        .unwrap();
    let Person::Patient(patient) = token.actor.as_ref() else {
        panic!("{:?}", token.actor);
    };
    let representative = patient.representative.unwrap();
    assert_eq!(patient.patient_id.to_string(), family.child);
    assert_eq!(representative.patient_id.to_string(), family.dominique);
    assert_eq!(representative.kind, TokenKind::Parent);

    let opened = &family
        .stand
        .neighbours
        .events(EventKind::SessionOpened, 1)
        .await[0];
    assert_eq!(opened.patient_id.unwrap().to_string(), family.child);
    assert!(
        matches!(&opened.actor, Actor::Patient { patient_id } if patient_id.to_string() == family.child)
    );
    let representative = opened.representative.as_ref().unwrap();
    assert_eq!(representative.patient_id.to_string(), family.dominique);
    let get = proto::GetPatientRequest {
        patient_id: family.child.clone(),
    };
    let request = with_token(&answer.access_token, get);
    family
        .stand
        .patients("gateway")
        .get_patient(request)
        .await
        .unwrap();
    let get = proto::GetPatientRequest {
        patient_id: family.dominique.clone(),
    };
    let request = with_token(&answer.access_token, get);
    let refused = family.stand.patients("gateway").get_patient(request).await;
    assert_eq!(reason(refused), "ACTOR_NOT_ALLOWED");
}

#[tokio::test]
async fn a_parent_s_right_ends_when_the_child_comes_of_age() {
    let family = Family::gather().await;
    let added = family.parent().await;
    let end = added.end_at.unwrap().seconds;
    let now = family.stand.clock.now().unix_seconds();
    let years = (end - now) / (365 * 24 * 60 * 60);
    assert!((7..=8).contains(&years), "{years}");
    let an_hour_before = u64::try_from(end - now - 3_600).unwrap();
    family
        .stand
        .clock
        .advance(Duration::from_secs(an_hour_before));
    let session = family.act_for("dominique", &family.child).await.unwrap();
    assert!((session.session_expire_at.unwrap().seconds - end).abs() <= 1);
    family.stand.clock.advance(Duration::from_hours(1));
    let refused = family.act_for("dominique", &family.child).await;
    assert_eq!(reason(refused), "MANDATE_INSUFFICIENT");
    let refused = family
        .add(Request::new(request(&family.child, &family.friend, Parent)))
        .await;
    assert_eq!(fields(refused), ["kind"]);
}

#[tokio::test]
async fn a_mandate_is_the_patient_s_to_give_and_to_take_back() {
    let family = Family::gather().await;
    let mandate = family.mandate().await.unwrap();
    let friend = family.act_for("ali", &family.dominique).await.unwrap();
    // Twice is once too often; nor does it work the other way round.
    assert_eq!(reason(family.mandate().await), "ALREADY_EXISTS");
    let refused = family.act_for("dominique", &family.friend).await;
    assert_eq!(reason(refused), "MANDATE_INSUFFICIENT");

    let token = family.token("dominique").await;
    let removed = family
        .remove(Some(&token), &mandate.representation_id)
        .await;
    let removed = removed.unwrap();
    assert!(removed.removed_at.is_some());
    let again = family
        .remove(Some(&token), &mandate.representation_id)
        .await;
    assert_eq!(again.unwrap(), removed);
    let get = proto::GetPatientRequest {
        patient_id: family.dominique.clone(),
    };
    let answer = family
        .stand
        .patients("gateway")
        .get_patient(with_token(&friend.access_token, get))
        .await;
    assert_eq!(reason(answer), "TOKEN_EXPIRED");
    let refresh = proto::RefreshTokenRequest {
        refresh_token: friend.refresh_token,
    };
    let refused = family
        .stand
        .sessions("gateway")
        .refresh_token(refresh)
        .await;
    assert_eq!(reason(refused), "TOKEN_EXPIRED");
    let refused = family.act_for("ali", &family.dominique).await;
    assert_eq!(reason(refused), "MANDATE_INSUFFICIENT");

    let events = &family.stand.neighbours;
    let added = &events.events(EventKind::RepresentativeAdded, 1).await[0];
    assert_eq!(added.after["kind"], "mandated");
    let ended = &events.events(EventKind::RepresentativeRemoved, 1).await;
    assert_eq!(ended.len(), 1);
    assert_eq!(ended[0].patient_id.unwrap().to_string(), family.dominique);
    let closed = &events.events(EventKind::SessionClosed, 1).await[0];
    assert_eq!(closed.after["closing"], "representation_ended");
    assert_eq!(closed.subject.as_ref().unwrap().id, friend.session_id);
    // A new one may be given.
    family.mandate().await.unwrap();
}

#[tokio::test]
async fn a_mandate_with_an_end_ends_then_with_its_sessions() {
    let family = Family::gather().await;
    let token = family.token("dominique").await;
    let in_an_hour = family
        .stand
        .clock
        .now()
        .saturating_add(Duration::from_hours(1));
    let mut mandate = request(&family.dominique, &family.friend, Mandated);
    mandate.end_at = Some(aval_runtime::convert::timestamp_to_proto(in_an_hour));
    family
        .add(with_token(&token, mandate.clone()))
        .await
        .unwrap();
    let session = family.act_for("ali", &family.dominique).await.unwrap();
    assert_eq!(session.session_expire_at, mandate.end_at);
    family.stand.clock.advance(Duration::from_mins(29));
    let refresh = |refresh_token: &str| proto::RefreshTokenRequest {
        refresh_token: refresh_token.to_owned(),
    };
    let next = family
        .stand
        .sessions("gateway")
        .refresh_token(refresh(&session.refresh_token))
        .await
        .unwrap()
        .into_inner();
    family.stand.clock.advance(Duration::from_mins(29));
    let last = family
        .stand
        .sessions("gateway")
        .refresh_token(refresh(&next.refresh_token))
        .await
        .unwrap()
        .into_inner();
    assert!(last.expire_at.unwrap().seconds <= mandate.end_at.unwrap().seconds);
    family.stand.clock.advance(Duration::from_mins(2));
    let refused = family
        .stand
        .sessions("gateway")
        .refresh_token(refresh(&last.refresh_token))
        .await;
    assert_eq!(reason(refused), "TOKEN_EXPIRED");
    let refused = family.act_for("ali", &family.dominique).await;
    assert_eq!(reason(refused), "MANDATE_INSUFFICIENT");
    assert!(
        family
            .list(None, of_patient(&family.dominique))
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn who_may_add_is_the_patient_for_mandates_and_the_platform_for_all() {
    let family = Family::gather().await;
    let (token, friend) = (family.token("dominique").await, family.token("ali").await);
    for kind in [Parent, Guardian] {
        let own = request(&family.dominique, &family.friend, kind);
        let refused = family.add(with_token(&token, own)).await;
        assert_eq!(reason(refused), "ACTOR_NOT_ALLOWED");
    }
    let for_another = request(&family.dominique, &family.friend, Mandated);
    let refused = family.add(with_token(&friend, for_another.clone())).await;
    assert_eq!(reason(refused), "ACTOR_NOT_ALLOWED");
    // Who acts for a patient mandates nobody in their place.
    family.parent().await;
    let parent = family.act_for("dominique", &family.child).await.unwrap();
    let onward = request(&family.child, &family.friend, Mandated);
    let refused = family.add(with_token(&parent.access_token, onward)).await;
    assert_eq!(reason(refused), "MANDATE_INSUFFICIENT");
    // Software that only people use does nothing for nobody.
    let clinic = family
        .stand
        .patients("clinic")
        .add_representative(for_another.clone())
        .await;
    assert_eq!(reason(clinic), "CALLER_NOT_ALLOWED");
    for (kind, patient_id) in [(Guardian, &family.dominique), (Parent, &family.child)] {
        let kept = request(patient_id, &family.friend, kind);
        family.add(Request::new(kept)).await.unwrap();
    }
}

#[tokio::test]
async fn a_right_is_given_once_per_request_to_somebody_else_who_is_registered() {
    let family = Family::gather().await;
    let nobody = "018bcfe5-6800-7abc-8def-0123456789ab";
    let themselves = request(&family.dominique, &family.dominique, Mandated);
    let refused = family.add(Request::new(themselves)).await;
    assert_eq!(fields(refused), ["representative_patient_id"]);
    for (patient_id, representative) in [(nobody, &*family.friend), (&*family.dominique, nobody)] {
        let unknown = request(patient_id, representative, Guardian);
        let refused = family.add(Request::new(unknown)).await;
        assert_eq!(reason(refused), "NOT_FOUND");
    }
    let mut over = request(&family.dominique, &family.friend, Mandated);
    over.end_at = Some(aval_runtime::convert::timestamp_to_proto(
        family.stand.clock.now(),
    ));
    let refused = family.add(Request::new(over)).await;
    assert_eq!(fields(refused), ["end_at"]);
    let refused = family
        .add(Request::new(proto::AddRepresentativeRequest::default()))
        .await;
    let named = [
        "patient_id",
        "representative_patient_id",
        "kind",
        "request_id",
    ];
    assert_eq!(fields(refused), named);

    let sound = request(&family.dominique, &family.friend, Guardian);
    let first = family.add(Request::new(sound.clone())).await.unwrap();
    let again = family.add(Request::new(sound.clone())).await.unwrap();
    assert_eq!(first, again);
    let other = proto::AddRepresentativeRequest {
        kind: Mandated.into(),
        ..sound
    };
    let refused = family.add(Request::new(other)).await;
    assert_eq!(reason(refused), "REQUEST_ID_REUSED");
}

#[tokio::test]
async fn who_may_remove_a_right_is_bounded_and_nobody_learns_of_another_s() {
    let family = Family::gather().await;
    let guardian = request(&family.dominique, &family.friend, Guardian);
    let guardian = family.add(Request::new(guardian)).await.unwrap();
    let id = &guardian.representation_id;
    let stranger = register(&family.stand, "noa", "2900533063003", "1990-05-05").await;
    let (ward, stranger_token) = (family.token("dominique").await, family.token("noa").await);
    let refused = family.remove(Some(&ward), id).await;
    assert_eq!(reason(refused), "ACTOR_NOT_ALLOWED");
    for unknown in [id, &new_request_id()] {
        let refused = family.remove(Some(&stranger_token), unknown).await;
        assert_eq!(reason(refused), "NOT_FOUND");
    }
    // Another representative of the same patient ends no right but their own.
    let second = request(&family.dominique, &stranger, Mandated);
    family.add(Request::new(second)).await.unwrap();
    let acting = family.act_for("noa", &family.dominique).await.unwrap();
    let refused = family.remove(Some(&acting.access_token), id).await;
    assert_eq!(reason(refused), "MANDATE_INSUFFICIENT");
    // The guardian lays it down.
    let friend = family.token("ali").await;
    let removed = family.remove(Some(&friend), id).await.unwrap();
    assert!(removed.removed_at.is_some());
    let clinic = proto::RemoveRepresentativeRequest {
        representation_id: id.clone(),
        request_id: new_request_id(),
    };
    let refused = family
        .stand
        .patients("clinic")
        .remove_representative(clinic)
        .await;
    assert_eq!(reason(refused), "CALLER_NOT_ALLOWED");
    assert_eq!(family.remove(None, id).await.unwrap(), removed);
}

#[tokio::test]
async fn rights_are_listed_to_those_whom_they_concern() {
    let family = Family::gather().await;
    family.parent().await;
    family.mandate().await.unwrap();
    let (dominique, friend) = (family.token("dominique").await, family.token("ali").await);
    let mandated = family
        .list(Some(&dominique), of_patient(&family.dominique))
        .await;
    let mandated = mandated.unwrap();
    assert_eq!(mandated.len(), 1);
    assert_eq!(mandated[0].representative_patient_id, family.friend);
    let children = family
        .list(Some(&dominique), of_representative(&family.dominique))
        .await
        .unwrap();
    assert_eq!(children.len(), 1);
    assert_eq!(children[0].patient_id, family.child);
    let for_whom = family
        .list(Some(&friend), of_representative(&family.friend))
        .await
        .unwrap();
    assert_eq!(for_whom, mandated);
    assert_eq!(
        family.list(None, of_patient(&family.child)).await.unwrap(),
        children
    );
    for of in [
        of_patient(&family.dominique),
        of_representative(&family.dominique),
    ] {
        let refused = family.list(Some(&friend), of).await;
        assert_eq!(reason(refused), "ACTOR_NOT_ALLOWED");
    }
    let acting = family.act_for("ali", &family.dominique).await.unwrap();
    let seen = family
        .list(Some(&acting.access_token), of_patient(&family.dominique))
        .await;
    assert_eq!(seen.unwrap(), mandated);
    let refused = family
        .list(
            Some(&acting.access_token),
            of_representative(&family.dominique),
        )
        .await;
    assert_eq!(reason(refused), "MANDATE_INSUFFICIENT");
}

#[tokio::test]
async fn a_representative_s_sessions_are_their_own() {
    let family = Family::gather().await;
    family.parent().await;
    let acting = family.act_for("dominique", &family.child).await.unwrap();
    let token = family.token("dominique").await;
    let list = |token: &str| with_token(token, proto::ListSessionsRequest::default());
    for token in [&token, &acting.access_token] {
        let answer = family
            .stand
            .sessions("gateway")
            .list_sessions(list(token))
            .await;
        assert_eq!(answer.unwrap().into_inner().sessions.len(), 2);
    }
    let child = family.token("sacha").await;
    let answer = family
        .stand
        .sessions("gateway")
        .list_sessions(list(&child))
        .await;
    assert_eq!(answer.unwrap().into_inner().sessions.len(), 1);
}
