//! Reading, acknowledging, and choosing what to be told.

use aval_proto::consent::v1 as proto;
use aval_proto::consent::v1::NotificationKind as Kind;
use tonic::{Code, Status};

use crate::people::Person;
use crate::stand::{Stand, fields, reason, request_id};

async fn acknowledge(stand: &Stand, id: &str) -> Result<proto::Notification, Status> {
    let message = proto::AcknowledgeNotificationRequest {
        notification_id: id.to_owned(),
    };
    let request = stand.request(message, Person::Doctor);
    let mut client = stand.notifications(Person::Doctor);
    let answer = client.acknowledge_notification(request).await?;
    Ok(answer.into_inner().notification.unwrap())
}

async fn preferences(stand: &Stand) -> proto::NotificationPreferences {
    let request = proto::GetNotificationPreferencesRequest {};
    let request = stand.request(request, Person::Doctor);
    let mut client = stand.notifications(Person::Doctor);
    let answer = client.get_notification_preferences(request).await.unwrap();
    answer.into_inner().preferences.unwrap()
}

async fn choose(
    stand: &Stand,
    message: proto::SetNotificationPreferencesRequest,
) -> Result<proto::NotificationPreferences, Status> {
    let request = stand.request(message, Person::Doctor);
    let mut client = stand.notifications(Person::Doctor);
    let answer = client.set_notification_preferences(request).await?;
    Ok(answer.into_inner().preferences.unwrap())
}

fn muting(kinds: &[Kind], etag: &str) -> proto::SetNotificationPreferencesRequest {
    proto::SetNotificationPreferencesRequest {
        preferences: Some(proto::NotificationPreferences {
            muted_kinds: kinds.iter().map(|kind| (*kind).into()).collect(),
            etag: etag.to_owned(),
            wanted_kinds: Vec::new(),
        }),
        request_id: request_id(),
    }
}

#[tokio::test]
async fn acknowledging_twice_answers_the_same_and_the_list_leaves_it_out_when_asked() {
    let stand = Stand::start().await;
    let grant = stand.grant_to_doctor().await;
    stand.revoke(&grant).await;
    let told = stand.told(Person::Doctor).await;
    let read = acknowledge(&stand, &told[0].notification_id).await.unwrap();
    assert!(read.acknowledged_at.is_some());
    let again = acknowledge(&stand, &told[0].notification_id).await;
    assert_eq!(again.unwrap(), read);
    let unread = proto::ListNotificationsRequest {
        unread_only: true,
        ..proto::ListNotificationsRequest::default()
    };
    let unread = stand.list_told(unread, Person::Doctor).await.unwrap();
    assert_eq!(unread.notifications, [told[1].clone()]);
    let all = stand.told(Person::Doctor).await;
    assert_eq!(all, [read, told[1].clone()]);
}

#[tokio::test]
async fn what_does_not_exist_is_not_acknowledged() {
    let stand = Stand::start().await;
    let unknown = acknowledge(&stand, &request_id()).await.unwrap_err();
    assert_eq!(
        (unknown.code(), reason(&unknown).as_str()),
        (Code::NotFound, "NOT_FOUND")
    );
    for malformed in ["", "x", "018F0000-0000-7000-8000-0000000000A1"] {
        let refused = acknowledge(&stand, malformed).await.unwrap_err();
        assert_eq!(fields(&refused), ["notification_id"]);
    }
}

#[tokio::test]
async fn pages_follow_each_other_and_belong_to_one_person_and_one_filter() {
    let stand = Stand::start().await;
    let grant = stand.grant_to_doctor().await;
    stand.revoke(&grant).await;
    let told = stand.told(Person::Doctor).await;
    let page = |page_size, page_token: &str| proto::ListNotificationsRequest {
        page_size,
        page_token: page_token.to_owned(),
        ..proto::ListNotificationsRequest::default()
    };
    let list = |message, person| stand.list_told(message, person);
    let first = list(page(1, ""), Person::Doctor).await.unwrap();
    assert_eq!(first.notifications, [told[0].clone()]);
    let token = first.next_page_token.as_str();
    let second = list(page(1, token), Person::Doctor).await.unwrap();
    assert_eq!(second.notifications, [told[1].clone()]);
    assert_eq!(second.next_page_token, "");
    let filtered = proto::ListNotificationsRequest {
        unread_only: true,
        ..page(1, token)
    };
    for (message, person) in [
        (page(1, token), Person::Nurse),
        (page(1, "x"), Person::Doctor),
        (filtered, Person::Doctor),
    ] {
        let refused = list(message, person).await.unwrap_err();
        assert_eq!(reason(&refused), "PAGE_TOKEN_INVALID");
    }
    let negative = list(page(-1, ""), Person::Doctor).await.unwrap_err();
    assert_eq!(fields(&negative), ["page_size"]);
}

#[tokio::test]
async fn a_muted_kind_is_told_no_more_until_it_is_wanted_again() {
    let stand = Stand::start().await;
    let shown = preferences(&stand).await;
    assert_eq!(shown.muted_kinds, Vec::<i32>::new());
    let message = muting(&[Kind::GrantCreated, Kind::GrantCreated], &shown.etag);
    let chosen = choose(&stand, message.clone()).await.unwrap();
    assert_eq!(chosen.muted_kinds, [i32::from(Kind::GrantCreated)]);
    assert_eq!(choose(&stand, message).await.unwrap(), chosen);
    assert_eq!(preferences(&stand).await, chosen);
    let grant = stand.grant_to_doctor().await;
    stand.revoke(&grant).await;
    assert_eq!(stand.kinds_told(Person::Doctor).await, [Kind::GrantRevoked]);
    let stale = choose(&stand, muting(&[], &shown.etag)).await.unwrap_err();
    assert_eq!(
        (stale.code(), reason(&stale).as_str()),
        (Code::Aborted, "ETAG_MISMATCH")
    );
    choose(&stand, muting(&[], &chosen.etag)).await.unwrap();
    stand.grant_to_doctor().await;
    let told = stand.kinds_told(Person::Doctor).await;
    assert_eq!(told, [Kind::GrantCreated, Kind::GrantRevoked]);
}

#[tokio::test]
async fn an_emergency_is_never_muted_and_no_unknown_kind_is() {
    let stand = Stand::start().await;
    let etag = preferences(&stand).await.etag;
    let message = muting(&[Kind::FirstAccess, Kind::EmergencyAccess], &etag);
    let refused = choose(&stand, message).await.unwrap_err();
    assert_eq!(fields(&refused), ["preferences.muted_kinds"]);
    let message = muting(&[Kind::UnusualAccess], &etag);
    let refused = choose(&stand, message).await.unwrap_err();
    assert_eq!(fields(&refused), ["preferences.muted_kinds"]);
    for (kind, field) in [
        (Kind::FirstAccess, "preferences.wanted_kinds"),
        (Kind::Unspecified, "preferences.wanted_kinds[0]"),
    ] {
        let mut wanting = muting(&[], &etag);
        let preferences = wanting.preferences.as_mut().unwrap();
        preferences.wanted_kinds = vec![kind.into()];
        let refused = choose(&stand, wanting).await.unwrap_err();
        assert_eq!(fields(&refused), [field]);
    }
    let mut unknown = muting(&[Kind::Unspecified], &etag);
    let kinds = &mut unknown.preferences.as_mut().unwrap().muted_kinds;
    kinds.extend([99, i32::from(Kind::GrantExpired)]);
    let refused = choose(&stand, unknown).await.unwrap_err();
    assert_eq!(
        fields(&refused),
        ["preferences.muted_kinds[0]", "preferences.muted_kinds[1]"]
    );
    let nothing = proto::SetNotificationPreferencesRequest::default();
    let refused = choose(&stand, nothing).await.unwrap_err();
    assert_eq!(fields(&refused), ["preferences", "request_id"]);
    let refused = choose(&stand, muting(&[], "7")).await.unwrap_err();
    assert_eq!(fields(&refused), ["preferences.etag"]);
    assert_eq!(preferences(&stand).await.etag, etag);
}

#[tokio::test]
async fn what_is_told_on_demand_is_wanted_until_it_is_not() {
    let stand = Stand::start().await;
    let shown = preferences(&stand).await;
    assert_eq!(shown.wanted_kinds, Vec::<i32>::new());
    let mut wanting = muting(&[Kind::GrantCreated], &shown.etag);
    let unusual = i32::from(Kind::UnusualAccess);
    wanting.preferences.as_mut().unwrap().wanted_kinds = vec![unusual, unusual];
    let chosen = choose(&stand, wanting.clone()).await.unwrap();
    assert_eq!(chosen.wanted_kinds, [unusual]);
    assert_eq!(chosen.muted_kinds, [i32::from(Kind::GrantCreated)]);
    assert_eq!(choose(&stand, wanting).await.unwrap(), chosen);
    assert_eq!(preferences(&stand).await, chosen);
    let no_more = choose(&stand, muting(&[], &chosen.etag)).await.unwrap();
    assert_eq!(no_more.wanted_kinds, Vec::<i32>::new());
}
