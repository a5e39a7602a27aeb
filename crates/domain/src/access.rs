//! The words of a decision on an access, shared by those who decide and those
//! who remember.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::id::{CareEpisodeId, GrantId};
use crate::time::Timestamp;

closed_list! {
    /// In which mode a record is opened: TRE_R248-ModeAcces (OID
    /// 1.2.250.1.213.1.1.4.336), whose codes these are.
    pub enum AccessMode, "access mode" {
        /// On a grant, a declaration, or the care team's presumption.
        Normal = "normal",
        /// The person cannot consent and is at immediate risk (art. L.1111-17 I
        /// CSP); the patient may oppose it in advance (art. R.1111-48 CSP).
        BreakGlass = "bris_de_glace",
        /// The medical regulator of a SAMU-centre 15 (art. L.1111-17 I CSP); the
        /// patient may oppose it in advance.
        RegulationCenter = "centre_15",
    }
}

impl AccessMode {
    /// Whether it is one of the two modes that go without an authorisation and
    /// are reported to the patient and the treating doctor afterwards (art.
    /// R.1111-48 CSP).
    #[must_use]
    pub const fn is_emergency(self) -> bool {
        matches!(self, Self::BreakGlass | Self::RegulationCenter)
    }
}

closed_list! {
    /// What the practitioner wants to do with the record.
    pub enum Action, "action" {
        /// Read documents. Needs an authorisation (art. R.1111-46 CSP).
        Consult = "consult",
        /// Feed the record. Once authorised, the patient does not object without
        /// a legitimate reason (art. R.1111-47 CSP).
        Contribute = "contribute",
    }
}

closed_list! {
    /// What was decided.
    pub enum Effect, "effect" {
        /// The access is allowed, for the documents that the decision lists.
        Permit = "permit",
        /// The access is refused.
        Deny = "deny",
    }
}

closed_list! {
    /// Why an access was refused.
    pub enum DenialReason, "denial reason" {
        /// The practitioner or the chosen activity is unknown, or no longer active.
        PractitionerInactive = "PRACTITIONER_INACTIVE",
        /// There is no such record, or it is closed: one outward answer for both.
        RecordUnavailable = "RECORD_UNAVAILABLE",
        /// The patient blocked the practitioner or the organization.
        Blocked = "BLOCKED",
        /// The patient opposed this emergency mode in advance (art. R.1111-48 CSP).
        EmergencyOpposed = "EMERGENCY_OPPOSED",
        /// Breaking the glass needs a reason in words.
        EmergencyReasonMissing = "EMERGENCY_REASON_MISSING",
        /// Breaking the glass needs a direct strong authentication.
        EmergencyAuthenticationTooWeak = "EMERGENCY_AUTHENTICATION_TOO_WEAK",
        /// The regulation centre's mode needs a regulator's function.
        RegulatorFunctionRequired = "REGULATOR_FUNCTION_REQUIRED",
        /// Nothing authorises this access.
        NoGrant = "NO_GRANT",
        /// What authorised this access is over.
        GrantExpired = "GRANT_EXPIRED",
        /// What authorises this access has not begun.
        GrantNotYetActive = "GRANT_NOT_YET_ACTIVE",
        /// The access is authorised, but for none of these documents.
        NothingPermitted = "NOTHING_PERMITTED",
    }
}

closed_list! {
    /// What kind of thing a permitted access rests on.
    pub enum GroundKind, "ground" {
        /// The patient, or who represents them, at their own record.
        OwnRecord = "OWN_RECORD",
        /// The treating doctor sees everything (art. L.1111-16 CSP).
        TreatingDoctor = "TREATING_DOCTOR",
        /// The patient's grant.
        Grant = "GRANT",
        /// Member of the team of an open care episode: deemed authorised (art.
        /// R.1111-46 CSP).
        CareEpisode = "CARE_EPISODE",
        /// A practitioner's declaration of having collected the consent (art.
        /// L.1111-17 II and III CSP).
        Declaration = "DECLARATION",
        /// The glass was broken.
        BreakGlass = "BREAK_GLASS",
        /// The regulation centre's mode.
        RegulationCenter = "REGULATION_CENTER",
        /// Feeding the record follows its own rule (art. R.1111-47 CSP).
        Contribution = "CONTRIBUTION",
    }
}

/// What a permitted access rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    content = "id",
    rename_all = "SCREAMING_SNAKE_CASE",
    deny_unknown_fields
)]
pub enum Ground {
    /// See [`GroundKind::OwnRecord`].
    OwnRecord,
    /// See [`GroundKind::TreatingDoctor`].
    TreatingDoctor,
    /// See [`GroundKind::Grant`].
    Grant(GrantId),
    /// See [`GroundKind::CareEpisode`].
    CareEpisode(CareEpisodeId),
    /// See [`GroundKind::Declaration`]; a declaration is a grant of its own kind.
    Declaration(GrantId),
    /// See [`GroundKind::BreakGlass`].
    BreakGlass,
    /// See [`GroundKind::RegulationCenter`].
    RegulationCenter,
    /// See [`GroundKind::Contribution`].
    Contribution,
}

impl Ground {
    /// The kind alone.
    #[must_use]
    pub const fn kind(self) -> GroundKind {
        match self {
            Self::OwnRecord => GroundKind::OwnRecord,
            Self::TreatingDoctor => GroundKind::TreatingDoctor,
            Self::Grant(_) => GroundKind::Grant,
            Self::CareEpisode(_) => GroundKind::CareEpisode,
            Self::Declaration(_) => GroundKind::Declaration,
            Self::BreakGlass => GroundKind::BreakGlass,
            Self::RegulationCenter => GroundKind::RegulationCenter,
            Self::Contribution => GroundKind::Contribution,
        }
    }

    /// The grant or care episode that it names, if its kind names one.
    #[must_use]
    pub const fn reference(self) -> Option<Uuid> {
        match self {
            Self::Grant(id) | Self::Declaration(id) => Some(id.as_uuid()),
            Self::CareEpisode(id) => Some(id.as_uuid()),
            Self::OwnRecord
            | Self::TreatingDoctor
            | Self::BreakGlass
            | Self::RegulationCenter
            | Self::Contribution => None,
        }
    }

    /// The ground of that kind and reference; `None` when the kind needs a
    /// reference and has none, or has one and needs none.
    #[must_use]
    pub fn from_parts(kind: GroundKind, reference: Option<Uuid>) -> Option<Self> {
        match (kind, reference) {
            (GroundKind::OwnRecord, None) => Some(Self::OwnRecord),
            (GroundKind::TreatingDoctor, None) => Some(Self::TreatingDoctor),
            (GroundKind::Grant, Some(id)) => Some(Self::Grant(GrantId::from_uuid(id))),
            (GroundKind::CareEpisode, Some(id)) => {
                Some(Self::CareEpisode(CareEpisodeId::from_uuid(id)))
            }
            (GroundKind::Declaration, Some(id)) => Some(Self::Declaration(GrantId::from_uuid(id))),
            (GroundKind::BreakGlass, None) => Some(Self::BreakGlass),
            (GroundKind::RegulationCenter, None) => Some(Self::RegulationCenter),
            (GroundKind::Contribution, None) => Some(Self::Contribution),
            _ => None,
        }
    }
}

closed_list! {
    /// Whom a ground names.
    pub enum GroundHolder, "holder of a ground" {
        /// The practitioner who asks.
        Practitioner = "practitioner",
        /// The organization for which they act.
        Organization = "organization",
    }
}

/// What a ground that can be given and taken says: to whom it was given, and since when
/// it holds. Kept beside the ground, because what was given may have changed since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroundTerms {
    /// Whom it names.
    pub holder: GroundHolder,
    /// When it began to hold.
    pub since: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ground_is_made_again_from_its_kind_and_reference() {
        let id = Uuid::from_u128(7);
        for kind in GroundKind::ALL.iter().copied() {
            let with = Ground::from_parts(kind, Some(id));
            let without = Ground::from_parts(kind, None);
            assert!(with.is_some() != without.is_some(), "{kind}");
            let ground = with.or(without).unwrap();
            assert_eq!(ground.kind(), kind);
            assert_eq!(Ground::from_parts(kind, ground.reference()), Some(ground));
        }
    }

    #[test]
    fn in_json_a_ground_has_the_code_of_its_kind_and_no_null() {
        for kind in GroundKind::ALL.iter().copied() {
            let id = Uuid::from_u128(7);
            let ground = Ground::from_parts(kind, None)
                .or_else(|| Ground::from_parts(kind, Some(id)))
                .unwrap();
            let json = serde_json::to_value(ground).unwrap();
            assert_eq!(json["kind"], kind.code());
            assert_eq!(json.get("id").is_some(), ground.reference().is_some());
            assert_eq!(serde_json::from_value::<Ground>(json).unwrap(), ground);
        }
    }

    #[test]
    fn every_code_is_unique_and_leads_back() {
        macro_rules! check {
            ($($list:ty)+) => { $(
                for value in <$list>::ALL.iter().copied() {
                    assert_eq!(<$list>::from_code(value.code()), Some(value));
                    assert_eq!(value.code().parse::<$list>(), Ok(value));
                    let json = serde_json::to_string(&value).unwrap();
                    assert_eq!(serde_json::from_str::<$list>(&json).unwrap(), value);
                }
                assert_eq!(<$list>::from_code(""), None);
                assert!("no such code".parse::<$list>().is_err());
            )+ };
        }
        check!(AccessMode Action Effect DenialReason GroundKind GroundHolder);
        check!(crate::event::EventKind crate::event::Outcome);
        check!(crate::ins::InsKind crate::ins::KeyPolicy crate::ins::Sex crate::ins::InsStatus);
        check!(crate::document::DocumentClass crate::code::Profession);
        check!(crate::code::ProfessionalCategory crate::code::ExerciseMode);
    }

    #[test]
    fn denial_reasons_are_upper_snake_case() {
        for reason in DenialReason::ALL {
            let shape = |byte: u8| byte.is_ascii_uppercase() || byte == b'_';
            assert!(reason.code().bytes().all(shape), "{reason}");
        }
    }

    #[test]
    fn two_modes_are_emergencies() {
        assert!(!AccessMode::Normal.is_emergency());
        assert!(AccessMode::BreakGlass.is_emergency());
        assert!(AccessMode::RegulationCenter.is_emergency());
    }
}
