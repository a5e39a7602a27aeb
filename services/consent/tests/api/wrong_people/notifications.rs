//! Notifications: everybody has their own, and nobody else's.

use aval_proto::consent::v1 as proto;

use super::{WrongPeople, refused};
use crate::people::Person;
use crate::stand::request_id;

impl WrongPeople {
    pub(super) async fn try_notifications(&mut self) {
        let asked = self.stand.told(Person::Anna).await;
        let acknowledge = || proto::AcknowledgeNotificationRequest {
            notification_id: asked[0].notification_id.clone(),
        };
        refused!(
            self,
            notifications.acknowledge_notification(acknowledge()),
            [Person::Bela, Person::Doctor, Person::Nurse],
            "NOT_FOUND"
        );
        // The others name nobody: whoever asks is shown their own, and no other's.
        for (person, expected) in [
            (Person::Bela, 0),
            (Person::Doctor, 1),
            (Person::DoctorIndirectly, 1),
            (Person::Nurse, 0),
        ] {
            let told = self.stand.told(person).await;
            assert_eq!(told.len(), expected, "{person:?}");
            assert!(told.iter().all(|told| !asked.contains(told)));
            let request = proto::GetNotificationPreferencesRequest {};
            let request = self.stand.request(request, person);
            let mut client = self.stand.notifications(person);
            let answer = client.get_notification_preferences(request).await.unwrap();
            let preferences = answer.into_inner().preferences.unwrap();
            assert_eq!(preferences.muted_kinds, Vec::<i32>::new());
        }
        // What one chooses is one's own.
        let muted = proto::NotificationPreferences {
            muted_kinds: vec![proto::NotificationKind::GrantRequested.into()],
            etag: "\"1\"".to_owned(),
            wanted_kinds: Vec::new(),
        };
        let message = proto::SetNotificationPreferencesRequest {
            preferences: Some(muted),
            request_id: request_id(),
        };
        let request = self.stand.request(message, Person::Bela);
        let mut client = self.stand.notifications(Person::Bela);
        client.set_notification_preferences(request).await.unwrap();
        let request = proto::GetNotificationPreferencesRequest {};
        let request = self.stand.request(request, Person::Anna);
        let mut client = self.stand.notifications(Person::Anna);
        let answer = client.get_notification_preferences(request).await.unwrap();
        let preferences = answer.into_inner().preferences.unwrap();
        assert_eq!(preferences.muted_kinds, Vec::<i32>::new());
        for about_the_caller in [
            "list_notifications",
            "get_notification_preferences",
            "set_notification_preferences",
            // See `notifications/watch.rs`.
            "watch_notifications",
        ] {
            self.tried.insert(about_the_caller);
        }
    }
}
