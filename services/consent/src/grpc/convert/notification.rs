//! Notifications.

use std::collections::BTreeSet;

use aval_domain::id::NotificationId;
use aval_proto::consent::v1 as proto;
use aval_proto::consent::v1::watch_notifications_response::Item;
use aval_runtime::context::RequestContext;
use aval_runtime::convert::timestamp_to_proto;
use aval_runtime::status::{FieldErrors, Refusal};

use super::NOT_A_VALUE;
use super::page::{Pages, Query};
use crate::app::{ListNotifications, SetNotificationPreferences, WatchFrom, WatchItem};
use crate::notification::{
    Notification, NotificationKind, NotificationPreferences, PreferencesPatch,
};
use crate::store::name_of_actor;

pub(in crate::grpc) fn list_notifications(
    request: &proto::ListNotificationsRequest,
    pages: &Pages,
    cx: &RequestContext,
) -> Result<(Query, ListNotifications), Refusal> {
    let unread_only = request.unread_only;
    let query = Query::new("ListNotifications", &(name_of_actor(cx), unread_only));
    let page = pages.open(
        &query,
        request.page_size,
        &request.page_token,
        cx.now,
        NotificationId::from_uuid,
    )?;
    Ok((query, ListNotifications { unread_only, page }))
}

pub(in crate::grpc) fn watch_from(
    request: &proto::WatchNotificationsRequest,
    pages: &Pages,
    cx: &RequestContext,
) -> Result<(Query, WatchFrom), Refusal> {
    let query = Query::new("WatchNotifications", &name_of_actor(cx));
    let from = match request.cursor.as_str() {
        "" => WatchFrom::Now,
        "start" => WatchFrom::Start,
        cursor => WatchFrom::After(pages.open_cursor(&query, cursor, cx.now)?),
    };
    Ok((query, from))
}

pub(in crate::grpc) fn watch_item_to_proto(item: &WatchItem) -> Item {
    match item {
        WatchItem::Told(told) => Item::Notification(notification_to_proto(told)),
        WatchItem::Heartbeat(at) => Item::HeartbeatAt(timestamp_to_proto(*at)),
    }
}

pub(in crate::grpc) fn notification_id(
    request: &proto::AcknowledgeNotificationRequest,
) -> Result<NotificationId, Refusal> {
    let mut fields = FieldErrors::new();
    let notification_id = fields.parse("notification_id", &request.notification_id);
    fields.build(|| notification_id)
}

pub(in crate::grpc) fn set_notification_preferences(
    request: &proto::SetNotificationPreferencesRequest,
) -> Result<SetNotificationPreferences, Refusal> {
    let mut fields = FieldErrors::new();
    let chosen = fields.required("preferences", request.preferences.as_ref());
    let patch = chosen.and_then(|chosen| {
        fields.within("preferences", |fields| {
            let muted = fields.each("muted_kinds", chosen.muted_kinds.iter().copied(), told_kind);
            let wanted = fields.each(
                "wanted_kinds",
                chosen.wanted_kinds.iter().copied(),
                told_kind,
            );
            let etag = fields.parse("etag", &chosen.etag);
            Some(PreferencesPatch {
                muted: BTreeSet::from_iter(muted?),
                wanted: BTreeSet::from_iter(wanted?),
                etag: etag?,
            })
        })
    });
    let request_id = fields.parse("request_id", &request.request_id);
    fields.build(|| {
        Some(SetNotificationPreferences {
            patch: patch?,
            request_id: request_id?,
        })
    })
}

fn told_kind(fields: &mut FieldErrors, value: i32) -> Option<NotificationKind> {
    let read = kind_from_proto(value);
    if read.is_none() {
        fields.add("", NOT_A_VALUE);
    }
    read
}

pub(in crate::grpc) fn preferences_to_proto(
    preferences: &NotificationPreferences,
) -> proto::NotificationPreferences {
    let all = |kinds: &BTreeSet<NotificationKind>| {
        let kinds = kinds.iter();
        kinds.map(|kind| kind_to_proto(*kind).into()).collect()
    };
    proto::NotificationPreferences {
        muted_kinds: all(&preferences.muted),
        etag: preferences.version.etag().to_string(),
        wanted_kinds: all(&preferences.wanted),
    }
}

pub(in crate::grpc) fn notification_to_proto(told: &Notification) -> proto::Notification {
    let news = &told.news;
    let sentence = told.sentence();
    proto::Notification {
        notification_id: news.notification_id.to_string(),
        kind: kind_to_proto(news.kind).into(),
        patient_id: news.patient_id.to_string(),
        practitioner_id: news
            .practitioner_id
            .map(|id| id.to_string())
            .unwrap_or_default(),
        subject_id: news
            .subject_id
            .map(|id| id.hyphenated().to_string())
            .unwrap_or_default(),
        created_at: Some(timestamp_to_proto(news.at)),
        acknowledged_at: told.acknowledged_at.map(timestamp_to_proto),
        sentence_fr: sentence.fr.to_owned(),
        sentence_en: sentence.en.to_owned(),
    }
}

fn kind_from_proto(value: i32) -> Option<NotificationKind> {
    let proto = proto::NotificationKind::try_from(value).ok()?;
    NotificationKind::ALL
        .into_iter()
        .find(|kind| kind_to_proto(*kind) == proto)
}

const fn kind_to_proto(kind: NotificationKind) -> proto::NotificationKind {
    use proto::NotificationKind as Proto;
    match kind {
        NotificationKind::GrantCreated => Proto::GrantCreated,
        NotificationKind::GrantUpdated => Proto::GrantUpdated,
        NotificationKind::GrantRevoked => Proto::GrantRevoked,
        NotificationKind::GrantExpiring => Proto::GrantExpiring,
        NotificationKind::GrantExpired => Proto::GrantExpired,
        NotificationKind::GrantRequested => Proto::GrantRequested,
        NotificationKind::GrantDeclared => Proto::GrantDeclared,
        NotificationKind::CareEpisodeOpened => Proto::CareEpisodeOpened,
        NotificationKind::FirstAccess => Proto::FirstAccess,
        NotificationKind::EmergencyAccess => Proto::EmergencyAccess,
        NotificationKind::DocumentWithheld => Proto::DocumentWithheld,
        NotificationKind::UnusualAccess => Proto::UnusualAccess,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_one_of_the_contract_and_reads_back() {
        for kind in NotificationKind::ALL {
            let proto = kind_to_proto(kind);
            assert_eq!(i32::from(kind.number()), i32::from(proto));
            assert_eq!(kind_from_proto(proto.into()), Some(kind));
        }
        for unknown in [0, -1, 13] {
            assert_eq!(kind_from_proto(unknown), None);
        }
    }
}
