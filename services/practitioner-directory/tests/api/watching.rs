//! Watching the directory change.

use std::collections::BTreeMap;
use std::time::Duration;

use aval_proto::practitioner_directory::v1 as proto;
use aval_proto::practitioner_directory::v1::watch_changes_response::Item;
use tonic::{Code, Status, Streaming};

use crate::stand::{PATIENCE, Stand, reason, synthesized};

type Changes = Streaming<proto::WatchChangesResponse>;

async fn watch(stand: &Stand, cursor: &str) -> Result<Changes, Status> {
    let request = proto::WatchChangesRequest {
        cursor: cursor.to_owned(),
        ..proto::WatchChangesRequest::default()
    };
    let watching = stand.directory("consent").watch_changes(request).await;
    watching.map(tonic::Response::into_inner)
}

async fn next(changes: &mut Changes) -> Option<proto::WatchChangesResponse> {
    let next = tokio::time::timeout(PATIENCE, changes.message()).await;
    next.expect("something is told in time").unwrap()
}

/// The next so many people who changed, and the cursor after the last of them.
async fn people(
    changes: &mut Changes,
    most: usize,
) -> (BTreeMap<String, proto::Practitioner>, String) {
    let mut people = BTreeMap::new();
    loop {
        let told = next(changes).await.unwrap();
        if let Some(Item::PractitionerChanged(person)) = told.item {
            people.insert(person.practitioner_id.clone(), person);
            if people.len() == most {
                return (people, told.cursor);
            }
        }
    }
}

#[tokio::test]
async fn everything_is_told_from_the_start_and_then_as_it_changes() {
    let stand = Stand::start().await;
    let mut directory = synthesized(100);
    stand.import(&directory).await;
    let mut changes = watch(&stand, "start").await.unwrap();
    let (everybody, _) = people(&mut changes, 100).await;
    for (id, person) in &everybody {
        let request = proto::GetPractitionerRequest {
            practitioner_id: id.clone(),
        };
        let known = stand.directory("records").get_practitioner(request).await;
        assert_eq!(
            known.unwrap().into_inner().practitioner.as_ref(),
            Some(person)
        );
    }

    directory.people[0].given_name = "Autrement".to_owned();
    let gone = directory.people.pop().unwrap();
    stand.import(&directory).await;
    let (told, cursor) = people(&mut changes, 2).await;
    assert!(told.values().any(|p| p.given_name == "Autrement"));
    let left = told.values().find(|p| !p.active).unwrap();
    assert_eq!(left.family_name, gone.family_name);

    // Somebody else goes on from there, and sees only what follows.
    let mut later = watch(&stand, &cursor).await.unwrap();
    directory.people[1].given_name = "Ensuite".to_owned();
    stand.import(&directory).await;
    let (told, _) = people(&mut later, 1).await;
    assert_eq!(told.values().next().unwrap().given_name, "Ensuite");
}

#[tokio::test]
async fn whoever_watches_from_now_on_gets_a_cursor_at_once() {
    let stand = Stand::start().await;
    stand.import(&synthesized(100)).await;
    let mut changes = watch(&stand, "").await.unwrap();
    let told = next(&mut changes).await.unwrap();
    assert!(matches!(told.item, Some(Item::HeartbeatAt(_))), "{told:?}");
    drop(changes);
    let mut renamed = synthesized(100);
    renamed.people[0].given_name = "Autrement".to_owned();
    stand.import(&renamed).await;
    let mut changes = watch(&stand, &told.cursor).await.unwrap();
    let (told, _) = people(&mut changes, 1).await;
    assert_eq!(told.values().next().unwrap().given_name, "Autrement");
}

#[tokio::test]
async fn silence_is_broken_by_signs_of_life() {
    let stand = Stand::start_with(|config| {
        config.watch.heartbeat = Duration::from_millis(100).into();
    })
    .await;
    let mut changes = watch(&stand, "start").await.unwrap();
    for _ in 0..3 {
        let told = next(&mut changes).await.unwrap();
        assert!(matches!(told.item, Some(Item::HeartbeatAt(_))), "{told:?}");
    }
}

/// Everything that remains to be told after a cursor, and the cursor to go on from.
async fn remaining(stand: &Stand, cursor: &str) -> (usize, String) {
    let request = proto::WatchChangesRequest {
        cursor: cursor.to_owned(),
        until_caught_up: true,
        ..proto::WatchChangesRequest::default()
    };
    let watching = stand.directory("consent").watch_changes(request).await;
    let mut changes = watching.unwrap().into_inner();
    let mut told = 0;
    loop {
        let item = next(&mut changes).await.unwrap();
        if let Some(Item::HeartbeatAt(_)) = item.item {
            assert_eq!(next(&mut changes).await, None, "it ends without an error");
            return (told, item.cursor);
        }
        told += 1;
    }
}

#[tokio::test]
async fn whoever_wants_no_more_than_there_is_is_let_go_with_a_cursor() {
    let stand = Stand::start().await;
    assert_eq!(remaining(&stand, "start").await.0, 0);
    let mut directory = synthesized(100);
    stand.import(&directory).await;
    let (told, cursor) = remaining(&stand, "start").await;
    assert!(told >= 100, "{told}");
    assert_eq!(remaining(&stand, &cursor).await, (0, cursor.clone()));
    directory.people[0].given_name = "Autrement".to_owned();
    stand.import(&directory).await;
    let (told, later) = remaining(&stand, &cursor).await;
    assert_eq!(told, 1);
    assert_ne!(later, cursor);
    assert_eq!(remaining(&stand, "").await.0, 0);
}

#[tokio::test]
async fn a_cursor_that_was_never_given_is_refused() {
    let stand = Stand::start().await;
    stand.import(&synthesized(10)).await;
    let mut changes = watch(&stand, "").await.unwrap();
    let cursor = next(&mut changes).await.unwrap().cursor;
    let ahead = format!("ff{}", &cursor[2..]);
    for wrong in ["beginning", &cursor[1..], &ahead, &"é".repeat(5_000)] {
        let status = watch(&stand, wrong).await.unwrap_err();
        assert_eq!(
            (status.code(), reason(&status).as_str()),
            (Code::InvalidArgument, "PAGE_TOKEN_INVALID")
        );
    }
}

#[tokio::test]
async fn a_watcher_is_let_go_without_an_error_when_the_service_stops() {
    let stand = Stand::start().await;
    stand.import(&synthesized(10)).await;
    let mut changes = watch(&stand, "").await.unwrap();
    next(&mut changes).await.unwrap();
    stand.stop();
    assert_eq!(next(&mut changes).await, None);
}
