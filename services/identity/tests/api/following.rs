//! The directory tells that somebody no longer practises, and their sessions end.

use aval_domain::event::{Actor, EventKind};
use aval_proto::identity::v1 as proto;
use aval_proto::practitioner_directory::v1 as directory;
use aval_proto::practitioner_directory::v1::watch_changes_response::Item;
use aval_runtime::config::PeerConfig;
use tonic::Status;

use crate::clinic::{DOCTOR, SINGLE, at_the_cabinet, at_the_hospital, practitioner_id};
use crate::keys::http;
use crate::stand::{PATIENCE, Stand, tls_of};

async fn signed_in(stand: &Stand, rpps: &str, activity: &str) -> proto::ExchangeTokenResponse {
    let request = stand.as_professional(rpps, activity);
    let answer = stand.sessions("clinic").exchange_token(request).await;
    answer.unwrap().into_inner()
}

/// The sessions whose closing the trail took, once there are so many, with the reason.
async fn closed(stand: &Stand, count: usize) -> Vec<(String, String)> {
    let events = stand
        .neighbours
        .events(EventKind::SessionClosed, count)
        .await;
    let facts = events.iter().map(|event| {
        assert!(matches!(&event.actor, Actor::Service { name } if name == "identity"));
        let session = event.subject.clone().unwrap().id;
        (session, event.after["closing"].clone())
    });
    facts.collect()
}

fn because(session: &proto::ExchangeTokenResponse, why: &str) -> (String, String) {
    (session.session_id.clone(), why.to_owned())
}

#[tokio::test]
async fn whoever_stops_practising_is_signed_out_and_nobody_else() {
    let stand = Stand::start().await;
    stand.neighbours.told_everything(true).await;
    let single = signed_in(&stand, SINGLE, "").await;
    let again = signed_in(&stand, SINGLE, "").await;
    let doctor = signed_in(&stand, DOCTOR, &at_the_cabinet()).await;
    // A change that ends nothing closes nothing.
    stand.neighbours.tell_of(SINGLE);
    stand.neighbours.told_everything(true).await;
    stand
        .neighbours
        .change(SINGLE, |doctor| doctor.active = false);
    stand.neighbours.tell_of(SINGLE);
    let mut told = closed(&stand, 2).await;
    told.sort();
    let why = "practitioner_inactive";
    let mut expected = [because(&single, why), because(&again, why)];
    expected.sort();
    assert_eq!(told, expected);
    let refresh = proto::RefreshTokenRequest {
        refresh_token: doctor.refresh_token,
    };
    stand
        .sessions("clinic")
        .refresh_token(refresh)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_situation_that_ends_ends_the_sessions_opened_in_it_alone() {
    let stand = Stand::start().await;
    stand.neighbours.told_everything(true).await;
    let cabinet = signed_in(&stand, DOCTOR, &at_the_cabinet()).await;
    let hospital = signed_in(&stand, DOCTOR, &at_the_hospital()).await;
    stand
        .neighbours
        .change(DOCTOR, |doctor| doctor.activities[1].active = false);
    stand.neighbours.tell_of(DOCTOR);
    let told = closed(&stand, 1).await;
    assert_eq!(told, [because(&hospital, "practitioner_inactive")]);
    let refresh = proto::RefreshTokenRequest {
        refresh_token: cabinet.refresh_token,
    };
    stand
        .sessions("clinic")
        .refresh_token(refresh)
        .await
        .unwrap();
}

#[tokio::test]
async fn an_entry_that_leads_elsewhere_keeps_no_session() {
    let stand = Stand::start().await;
    stand.neighbours.told_everything(true).await;
    let single = signed_in(&stand, SINGLE, "").await;
    stand
        .neighbours
        .tell(Item::PractitionerChanged(directory::Practitioner {
            practitioner_id: practitioner_id(SINGLE),
            merged_into_practitioner_id: practitioner_id(DOCTOR),
            ..directory::Practitioner::default()
        }));
    let told = closed(&stand, 1).await;
    assert_eq!(told, [because(&single, "practitioner_merged")]);
    let doctor = signed_in(&stand, DOCTOR, &at_the_cabinet()).await;
    let merge = directory::PractitionersMerged {
        source_practitioner_id: practitioner_id(DOCTOR),
        target_practitioner_id: practitioner_id(SINGLE),
    };
    stand.neighbours.tell(Item::PractitionersMerged(merge));
    let told = closed(&stand, 2).await;
    assert_eq!(told[1], because(&doctor, "practitioner_merged"));
}

#[tokio::test]
async fn what_the_directory_told_while_it_could_not_be_heard_is_done_afterwards() {
    let stand = Stand::start().await;
    stand.neighbours.told_everything(true).await;
    let single = signed_in(&stand, SINGLE, "").await;
    stand.neighbours.fail(Some(Status::unavailable("down")));
    stand.neighbours.told_everything(false).await;
    stand
        .neighbours
        .change(SINGLE, |doctor| doctor.active = false);
    stand.neighbours.tell_of(SINGLE);
    stand.neighbours.fail(None);
    let told = closed(&stand, 1).await;
    assert_eq!(told, [because(&single, "practitioner_inactive")]);
}

#[tokio::test]
async fn what_the_directory_told_while_the_service_was_down_is_done_when_it_starts() {
    let stand = Stand::start().await;
    stand.neighbours.told_everything(true).await;
    let single = signed_in(&stand, SINGLE, "").await;
    // Once this was done, where it was followed to before is kept.
    signed_in(&stand, DOCTOR, &at_the_cabinet()).await;
    stand
        .neighbours
        .change(DOCTOR, |doctor| doctor.active = false);
    stand.neighbours.tell_of(DOCTOR);
    closed(&stand, 1).await;
    let database = format!("sqlite://{}?mode=rw", stand.database().display());
    let (neighbours, pki, folder) = stand.stop_alone().await;
    neighbours.change(SINGLE, |doctor| doctor.active = false);
    neighbours.tell_of(SINGLE);
    let peer = PeerConfig {
        uri: format!("https://localhost:{}", neighbours.address.port()),
        tls: Some(tls_of(&pki, "identity")),
        ..PeerConfig::insecure_loopback(neighbours.address)
    };
    let next = Stand::start_with(|config, _| {
        config.database = aval_database::DatabaseConfig::for_url(database);
        config.practitioner_directory = peer;
    })
    .await;
    // The trail may be told once more of the doctor, whose closing it may not have
    // acknowledged before the service stopped.
    let expected = because(&single, "practitioner_inactive");
    let told = closed(&next, 1).await;
    if !told.contains(&expected) {
        assert!(closed(&next, 2).await.contains(&expected));
    }
    drop(folder);
}

#[tokio::test]
async fn a_directory_that_does_not_know_the_cursor_is_followed_from_now_on() {
    let stand = Stand::start().await;
    stand.neighbours.told_everything(true).await;
    let single = signed_in(&stand, SINGLE, "").await;
    stand.neighbours.fail(Some(Status::unavailable("down")));
    stand.neighbours.told_everything(false).await;
    stand.neighbours.forget_cursors();
    stand.neighbours.fail(None);
    stand.neighbours.told_everything(true).await;
    stand
        .neighbours
        .change(SINGLE, |doctor| doctor.active = false);
    stand.neighbours.tell_of(SINGLE);
    let told = closed(&stand, 1).await;
    assert_eq!(told, [because(&single, "practitioner_inactive")]);
}

#[tokio::test]
async fn operators_see_how_old_what_is_known_of_the_directory_is() {
    let stand = Stand::start().await;
    let url = format!("http://{}/metrics", stand.identity.ops);
    let seen = async {
        loop {
            let metrics = http(&stand).get(&url).send().await.unwrap();
            if metrics
                .text()
                .await
                .unwrap()
                .contains("aval_identity_directory_age")
            {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, seen).await.unwrap();
}
