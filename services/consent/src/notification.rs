//! What people are told: which kinds there are, and who is told of what. Pure.
//!
//! A notification says that something happened, to whom, and in whose record: never
//! clinical content, never a name.

mod preferences;
mod rules;
mod sentence;

pub use preferences::{Bits, NotificationPreferences, PreferencesPatch};
pub use rules::{Access, of_care_episode, of_grant};

use aval_database::requests::fingerprint;
use aval_domain::id::{NotificationId, PatientId, PractitionerId};
use aval_domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a notification is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotificationKind {
    /// To the professional: a patient authorised them.
    GrantCreated,
    /// To the professional: an authorisation changed.
    GrantUpdated,
    /// To the professional: an authorisation ended.
    GrantRevoked,
    /// To the professional: an authorisation is about to end.
    GrantExpiring,
    /// To the patient: an authorisation has ended by itself.
    GrantExpired,
    /// To the patient: a professional asks for access.
    GrantRequested,
    /// To the patient: a professional declared their consent.
    GrantDeclared,
    /// To the patient: a care team began to care for them.
    CareEpisodeOpened,
    /// To the patient: somebody opened their record for the first time.
    FirstAccess,
    /// To the patient and the treating doctor: the record was opened in an emergency.
    EmergencyAccess,
    /// To the patient: a document was withheld for two weeks (art. R.1111-53 CSP).
    DocumentWithheld,
    /// To the patient who wants it: the trail has an unusual access to their record.
    UnusualAccess,
}

/// Who is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recipient {
    /// The holder of a record; who represents them reads for them.
    Patient(PatientId),
    /// A professional, whatever their practice situation.
    Practitioner(PractitionerId),
}

/// What somebody is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// Its name: the same for the same cause, however often it is told.
    pub notification_id: NotificationId,
    /// Who is told.
    pub recipient: Recipient,
    /// What it is about.
    pub kind: NotificationKind,
    /// Whose record.
    pub patient_id: PatientId,
    /// The professional concerned.
    pub practitioner_id: Option<PractitionerId>,
    /// The grant, care episode or trail event concerned.
    pub subject_id: Option<Uuid>,
    /// When it is told.
    pub at: Timestamp,
    /// Whether it is told to the patient themselves, and not to who represents them.
    pub holder_alone: bool,
}

/// Where a notification stands among its recipient's: they are committed in the order of
/// their positions, so that whoever has read up to one never misses one below it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct InboxPosition(pub u64);

/// What somebody was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// What.
    pub news: News,
    /// Where it stands.
    pub position: InboxPosition,
    /// When it was read; `None`: not yet.
    pub acknowledged_at: Option<Timestamp>,
}

impl NotificationKind {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::GrantCreated,
        Self::GrantUpdated,
        Self::GrantRevoked,
        Self::GrantExpiring,
        Self::GrantExpired,
        Self::GrantRequested,
        Self::GrantDeclared,
        Self::CareEpisodeOpened,
        Self::FirstAccess,
        Self::EmergencyAccess,
        Self::DocumentWithheld,
        Self::UnusualAccess,
    ];

    /// Its number in rows, from 1 to 12.
    #[must_use]
    pub const fn number(self) -> i16 {
        match self {
            Self::GrantCreated => 1,
            Self::GrantUpdated => 2,
            Self::GrantRevoked => 3,
            Self::GrantExpiring => 4,
            Self::GrantExpired => 5,
            Self::GrantRequested => 6,
            Self::GrantDeclared => 7,
            Self::CareEpisodeOpened => 8,
            Self::FirstAccess => 9,
            Self::EmergencyAccess => 10,
            Self::DocumentWithheld => 11,
            Self::UnusualAccess => 12,
        }
    }

    /// The kind of that number.
    #[must_use]
    pub fn from_number(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }

    /// Whether nobody may do without it: emergency accesses are always told (art.
    /// R.1111-48 CSP).
    #[must_use]
    pub const fn is_always_told(self) -> bool {
        matches!(self, Self::EmergencyAccess)
    }

    /// Whether nobody is told of it who did not ask to be.
    #[must_use]
    pub const fn is_told_on_demand(self) -> bool {
        matches!(self, Self::UnusualAccess)
    }
}

impl Recipient {
    /// Its kind in rows.
    #[must_use]
    pub const fn kind_number(self) -> i16 {
        match self {
            Self::Patient(_) => 0,
            Self::Practitioner(_) => 1,
        }
    }

    /// The person's identifier.
    #[must_use]
    pub const fn id(self) -> Uuid {
        match self {
            Self::Patient(id) => id.as_uuid(),
            Self::Practitioner(id) => id.as_uuid(),
        }
    }

    /// The recipient of that kind and identifier.
    #[must_use]
    pub const fn from_row(kind: i16, id: Uuid) -> Option<Self> {
        match kind {
            0 => Some(Self::Patient(PatientId::from_uuid(id))),
            1 => Some(Self::Practitioner(PractitionerId::from_uuid(id))),
            _ => None,
        }
    }
}

impl News {
    /// News of a cause that nothing else has for this kind and recipient.
    #[must_use]
    fn of(
        recipient: Recipient,
        kind: NotificationKind,
        patient_id: PatientId,
        cause: &[u8],
        at: Timestamp,
    ) -> Self {
        let name = fingerprint([
            &recipient.kind_number().to_be_bytes()[..],
            recipient.id().as_bytes(),
            &kind.number().to_be_bytes(),
            cause,
        ]);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&name[..16]);
        let uuid = uuid::Builder::from_custom_bytes(bytes).into_uuid();
        Self {
            notification_id: NotificationId::from_uuid(uuid),
            recipient,
            kind,
            patient_id,
            practitioner_id: None,
            subject_id: None,
            at,
            holder_alone: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_and_recipient_reads_back_from_its_numbers() {
        for kind in NotificationKind::ALL {
            assert_eq!(NotificationKind::from_number(kind.number()), Some(kind));
        }
        assert_eq!(NotificationKind::from_number(0), None);
        assert_eq!(NotificationKind::from_number(13), None);
        let id = Uuid::from_u128(7);
        for recipient in [
            Recipient::Patient(PatientId::from_uuid(id)),
            Recipient::Practitioner(PractitionerId::from_uuid(id)),
        ] {
            let read = Recipient::from_row(recipient.kind_number(), recipient.id());
            assert_eq!(read, Some(recipient));
        }
        assert_eq!(Recipient::from_row(2, id), None);
    }

    #[test]
    fn one_cause_has_one_name_and_another_has_another() {
        let patient_id = PatientId::from_uuid(Uuid::from_u128(7));
        let to = [
            Recipient::Patient(patient_id),
            Recipient::Practitioner(PractitionerId::from_uuid(Uuid::from_u128(7))),
        ];
        let mut names = std::collections::BTreeSet::new();
        for recipient in to {
            for kind in [
                NotificationKind::GrantUpdated,
                NotificationKind::GrantExpired,
            ] {
                for cause in [&b"a"[..], b"b"] {
                    let told = |at| News::of(recipient, kind, patient_id, cause, at);
                    let first = told(Timestamp::from_unix_seconds(1));
                    let again = told(Timestamp::from_unix_seconds(2));
                    assert_eq!(first.notification_id, again.notification_id);
                    names.insert(first.notification_id);
                }
            }
        }
        assert_eq!(names.len(), 8);
    }
}
