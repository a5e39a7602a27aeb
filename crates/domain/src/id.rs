//! Opaque identifiers: one type per kind of thing, so that none is taken for another.

mod document_id;
mod request_id;

pub use document_id::DocumentId;
pub use request_id::RequestId;

use uuid::Uuid;

use crate::InvalidValue;
use crate::random::{self, Random};
use crate::time::Timestamp;

/// Text that is not the hyphenated lower-case form of a UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("invalid {what}: it is not a UUID in hyphenated lower-case form")]
pub struct InvalidId {
    /// Which identifier it was meant to be: `grant id`…
    pub what: &'static str,
}

impl From<InvalidId> for InvalidValue {
    fn from(error: InvalidId) -> Self {
        Self::new(error.what, "it is not a UUID in hyphenated lower-case form")
    }
}

macro_rules! uuid_newtypes {
    ($( $(#[$meta:meta])* $name:ident, $what:literal; )+) => { $(
        $(#[$meta])*
        ///
        /// A UUID of version 7; on the wire its hyphenated lower-case form.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// A new identifier. Those made later sort later, to the
            /// microsecond; 62 random bits keep them apart within it.
            #[must_use]
            pub fn new(now: Timestamp, random: &dyn Random) -> Self {
                Self(version_7(now, random))
            }

            /// The identifier that was stored as `uuid`, of whatever version.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// What is stored.
            #[must_use]
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let mut buffer = [0; uuid::fmt::Hyphenated::LENGTH];
                formatter.pad(self.0.hyphenated().encode_lower(&mut buffer))
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                parse_canonical(text).map(Self).ok_or(InvalidId { what: $what })
            }
        }

        serde_as_text!($name, $what);
    )+ };
}

uuid_newtypes! {
    /// A patient, the holder of a record. Only the identity service knows the INS behind it.
    PatientId, "patient id";
    /// A practitioner: one human, one identifier, for ever; RPPS, ADELI and other
    /// numbers are aliases.
    PractitionerId, "practitioner id";
    /// One practice situation of a practitioner.
    ActivityId, "activity id";
    /// A structure in which practitioners practise.
    OrganizationId, "organization id";
    /// A patient's authorisation, or a practitioner's declaration of one.
    GrantId, "grant id";
    /// A patient's refusal of a practitioner or an organization.
    BlockId, "block id";
    /// A document's visibility rule.
    MaskId, "mask id";
    /// A care episode, with its team.
    CareEpisodeId, "care episode id";
    /// A person's session.
    SessionId, "session id";
    /// An event of the trail.
    EventId, "event id";
    /// A notification to a person.
    NotificationId, "notification id";
    /// An import of a directory extraction.
    ImportId, "import id";
    /// A representation: who acts for which patient.
    RepresentationId, "representation id";
    /// A decision on an access.
    DecisionId, "decision id";
}

/// RFC 9562 §5.7, with the microseconds in `rand_a` (§6.2, method 3) so that
/// identifiers of one millisecond also sort by time.
fn version_7(now: Timestamp, random: &dyn Random) -> Uuid {
    let micros = u64::try_from(now.as_micros()).unwrap_or(0);
    let fraction = u16::try_from((micros % 1_000) * 4_096 / 1_000).expect("below 4096");
    let mut tail = random::bytes::<10>(random);
    tail[..2].copy_from_slice(&fraction.to_be_bytes());
    uuid::Builder::from_unix_timestamp_millis(micros / 1_000, &tail).into_uuid()
}

fn parse_canonical(text: &str) -> Option<Uuid> {
    let uuid = Uuid::try_parse(text).ok()?;
    let mut buffer = [0; uuid::fmt::Hyphenated::LENGTH];
    (uuid.hyphenated().encode_lower(&mut buffer) == text).then_some(uuid)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::random::SeededRandom;

    #[test]
    fn a_new_identifier_is_a_version_7_uuid_of_its_instant() {
        let now = Timestamp::parse_rfc3339("2026-11-23T20:00:00.123456Z").unwrap();
        let uuid = GrantId::new(now, &SeededRandom::new(1)).as_uuid();
        assert_eq!(uuid.get_version_num(), 7);
        assert_eq!(uuid.get_variant(), uuid::Variant::RFC4122);
        let millis = now.as_micros() / 1_000;
        assert_eq!(uuid.as_u128() >> 80, u128::try_from(millis).unwrap());
    }

    #[test]
    fn identifiers_of_one_instant_differ() {
        let random = SeededRandom::new(1);
        let now = Timestamp::from_unix_seconds(1_800_000_000);
        let ids: std::collections::BTreeSet<_> =
            (0..1_000).map(|_| EventId::new(now, &random)).collect();
        assert_eq!(ids.len(), 1_000);
    }

    #[test]
    fn an_instant_before_the_epoch_gives_an_identifier_too() {
        let uuid = EventId::new(Timestamp::MIN, &SeededRandom::new(1)).as_uuid();
        assert_eq!(uuid.as_u128() >> 80, 0);
    }

    #[test]
    fn only_the_hyphenated_lower_case_form_is_read() {
        let id: PatientId = "018bcfe5-6800-7abc-8def-0123456789ab".parse().unwrap();
        assert_eq!(id.to_string(), "018bcfe5-6800-7abc-8def-0123456789ab");
        for text in [
            "",
            "018BCFE5-6800-7ABC-8DEF-0123456789AB",
            "018bcfe568007abc8def0123456789ab",
            "{018bcfe5-6800-7abc-8def-0123456789ab}",
            "urn:uuid:018bcfe5-6800-7abc-8def-0123456789ab",
            " 018bcfe5-6800-7abc-8def-0123456789ab",
        ] {
            assert_eq!(
                text.parse::<PatientId>(),
                Err(InvalidId { what: "patient id" })
            );
        }
    }

    proptest! {
        #[test]
        fn every_identifier_round_trips(bits in any::<u128>()) {
            let id = PractitionerId::from_uuid(Uuid::from_u128(bits));
            prop_assert_eq!(id.to_string().parse(), Ok(id));
            let json = serde_json::to_string(&id).unwrap();
            prop_assert_eq!(serde_json::from_str::<PractitionerId>(&json).unwrap(), id);
        }

        #[test]
        fn identifiers_sort_by_the_microsecond_they_were_made(
            micros in 0..4_000_000_000_000_000_i64,
            later in 1..2_000_000_i64,
            seed in any::<u64>(),
        ) {
            let random = SeededRandom::new(seed);
            let first = EventId::new(Timestamp::from_micros(micros), &random);
            let second = EventId::new(Timestamp::from_micros(micros + later), &random);
            prop_assert!(first < second);
        }

        #[test]
        fn any_text_is_read_as_it_is_or_refused(text in crate::testing::any_text()) {
            if let Ok(id) = text.parse::<SessionId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }
}
