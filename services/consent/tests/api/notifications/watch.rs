//! Notifications as they come, and what time brings about.

use std::collections::BTreeSet;

use aval_domain::time::{Clock, SystemClock};
use aval_proto::common::v1 as common;
use aval_proto::consent::v1 as proto;
use aval_proto::consent::v1::NotificationKind as Kind;
use aval_proto::consent::v1::watch_notifications_response::Item;
use tonic::{Code, Status, Streaming};

use crate::grant_requests::request_grant;
use crate::people::{ANNA, BELA, Person};
use crate::stand::{PATIENCE, Stand, create_grant, reason, request_id};

type Watch = Streaming<proto::WatchNotificationsResponse>;

impl Stand {
    async fn watch(&self, person: Person, cursor: &str) -> Result<Watch, Status> {
        let message = proto::WatchNotificationsRequest {
            cursor: cursor.to_owned(),
        };
        let request = self.request(message, person);
        let mut client = self.notifications(person);
        Ok(client.watch_notifications(request).await?.into_inner())
    }
}

async fn next(watch: &mut Watch) -> proto::WatchNotificationsResponse {
    let item = tokio::time::timeout(PATIENCE, watch.message()).await;
    item.expect("something comes").unwrap().unwrap()
}

/// The next notification and the cursor after it, whatever signs of life come before.
async fn next_told(watch: &mut Watch) -> (proto::Notification, String) {
    let told = async {
        loop {
            let item = watch.message().await.unwrap().unwrap();
            if let Some(Item::Notification(told)) = item.item {
                return (told, item.cursor);
            }
        }
    };
    tokio::time::timeout(PATIENCE, told)
        .await
        .expect("somebody is told")
}

/// A grant to the doctor that ends in so many seconds.
async fn give_for(stand: &Stand, seconds: i64) -> proto::Grant {
    let until = prost_types::Timestamp {
        seconds: SystemClock.now().unix_seconds() + seconds,
        nanos: 0,
    };
    let message = proto::CreateGrantRequest {
        period: Some(common::Period {
            from_at: None,
            until_at: Some(until),
        }),
        ..create_grant()
    };
    let request = stand.request(message, Person::Anna);
    let mut grants = stand.grants(Person::Anna);
    let answer = grants.create_grant(request).await.unwrap();
    answer.into_inner().grant.unwrap()
}

#[tokio::test]
async fn a_watch_begins_with_a_sign_of_life_and_tells_what_comes() {
    let stand = Stand::start().await;
    stand.revoke(&stand.grant_to_doctor().await).await;
    let mut from_now = stand.watch(Person::Doctor, "").await.unwrap();
    let first = next(&mut from_now).await;
    assert!(matches!(first.item, Some(Item::HeartbeatAt(_))));
    assert!(!first.cursor.is_empty());
    let second = next(&mut from_now).await;
    assert!(matches!(second.item, Some(Item::HeartbeatAt(_))));
    let grant = stand.grant_to_doctor().await;
    let (told, _) = next_told(&mut from_now).await;
    assert_eq!(
        (told.kind(), told.subject_id),
        (Kind::GrantCreated, grant.grant_id)
    );
}

/// Two patients give and end grants at once, while the doctor watches, goes away after
/// every few items, and comes back with the last cursor.
#[tokio::test]
async fn who_comes_back_with_the_last_cursor_misses_none_and_sees_none_twice() {
    const TURNS: usize = 6;
    let stand = Stand::start().await;
    stand.open_record(BELA).await;
    let writers = [(Person::Anna, ANNA), (Person::Bela, BELA)].map(|(patient, id)| {
        let stand = &stand;
        async move {
            for _ in 0..TURNS {
                let message = proto::CreateGrantRequest {
                    patient_id: id.to_owned(),
                    ..create_grant()
                };
                let request = stand.request(message, patient);
                let mut grants = stand.grants(patient);
                let given = grants.create_grant(request).await.unwrap();
                let message = proto::RevokeGrantRequest {
                    grant_id: given.into_inner().grant.unwrap().grant_id,
                    etag: String::new(),
                    request_id: request_id(),
                };
                let request = stand.request(message, patient);
                grants.revoke_grant(request).await.unwrap();
            }
        }
    });
    let reader = async {
        let (mut seen, mut cursor) = (Vec::new(), "start".to_owned());
        while seen.len() < 2 * 2 * TURNS {
            let mut watch = stand.watch(Person::Doctor, &cursor).await.unwrap();
            for _ in 0..3 {
                let item = next(&mut watch).await;
                cursor = item.cursor;
                if let Some(Item::Notification(told)) = item.item {
                    seen.push(told);
                }
            }
        }
        seen
    };
    let (seen, _) = tokio::join!(reader, futures::future::join_all(writers));
    let mut told = stand.told(Person::Doctor).await;
    told.reverse();
    assert_eq!(seen, told);
    let names: BTreeSet<_> = seen.iter().map(|told| &told.notification_id).collect();
    assert_eq!((seen.len(), names.len()), (4 * TURNS, 4 * TURNS));
}

#[tokio::test]
async fn a_cursor_of_somebody_else_a_forged_one_and_a_page_token_are_refused() {
    let stand = Stand::start().await;
    stand.revoke(&stand.grant_to_doctor().await).await;
    let mut watch = stand.watch(Person::Doctor, "start").await.unwrap();
    let (_, cursor) = next_told(&mut watch).await;
    let one = proto::ListNotificationsRequest {
        page_size: 1,
        ..proto::ListNotificationsRequest::default()
    };
    let page = stand.list_told(one, Person::Doctor).await.unwrap();
    for (person, cursor) in [
        (Person::Nurse, cursor.as_str()),
        (Person::Doctor, "x"),
        (Person::Doctor, "Start"),
        (Person::Doctor, page.next_page_token.as_str()),
    ] {
        let refused = stand.watch(person, cursor).await.unwrap_err();
        assert_eq!(
            (refused.code(), reason(&refused).as_str()),
            (Code::InvalidArgument, "PAGE_TOKEN_INVALID")
        );
    }
    let mut again = stand.watch(Person::Doctor, &cursor).await.unwrap();
    assert_eq!(next_told(&mut again).await.0.kind(), Kind::GrantRevoked);
}

#[tokio::test]
async fn a_watch_shows_ones_own_alone() {
    let stand = Stand::start().await;
    stand.grant_to_doctor().await;
    for other in [Person::Nurse, Person::Anna, Person::Bela] {
        let mut watch = stand.watch(other, "start").await.unwrap();
        for _ in 0..3 {
            let item = next(&mut watch).await;
            assert!(matches!(item.item, Some(Item::HeartbeatAt(_))));
        }
    }
    let asked = stand.try_request(request_grant(), Person::Nurse).await;
    asked.unwrap();
    for patients in [Person::Anna, Person::BelaForAnna] {
        let mut watch = stand.watch(patients, "start").await.unwrap();
        assert_eq!(next_told(&mut watch).await.0.kind(), Kind::GrantRequested);
    }
}

#[tokio::test]
async fn a_watch_ends_when_the_instance_stops_and_goes_on_at_another() {
    let stand = Stand::start().await;
    let mut watch = stand.watch(Person::Doctor, "").await.unwrap();
    next(&mut watch).await;
    let ended = async {
        loop {
            match watch.message().await {
                Ok(Some(_)) => {}
                ended => return ended,
            }
        }
    };
    let (ended, ()) = tokio::join!(ended, stand.stop());
    let status = ended.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::Unavailable, "DEPENDENCY_UNAVAILABLE")
    );
}

#[tokio::test]
async fn the_professional_is_told_before_the_end_and_the_patient_after_it() {
    let stand = Stand::start().await;
    // The stand tells ten seconds before.
    let given = give_for(&stand, 20).await;
    let mut doctors = stand.watch(Person::Doctor, "start").await.unwrap();
    assert_eq!(next_told(&mut doctors).await.0.kind(), Kind::GrantCreated);
    let (told, _) = next_told(&mut doctors).await;
    assert_eq!(
        (told.kind(), &told.subject_id),
        (Kind::GrantExpiring, &given.grant_id)
    );
    let mut annas = stand.watch(Person::Anna, "start").await.unwrap();
    let (told, _) = next_told(&mut annas).await;
    assert_eq!(
        (told.kind(), told.subject_id),
        (Kind::GrantExpired, given.grant_id)
    );
    // Several looks later it is still told once.
    for _ in 0..3 {
        let item = next(&mut annas).await;
        assert!(matches!(item.item, Some(Item::HeartbeatAt(_))));
    }
}
