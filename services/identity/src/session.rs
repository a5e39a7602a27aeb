//! A sign-in, from its opening to its end.

use std::fmt;
use std::time::Duration;

use aval_domain::event;
use aval_domain::id::{PatientId, PractitionerId, SessionId};
use aval_domain::time::Timestamp;
use aval_runtime::token::{ActivityClaims, AuthenticationStrength, RepresentativeClaims};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::provider_names::NamesAtProvider;

/// One sign-in in one piece of software.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its identifier, the `sid` of its tokens.
    pub session_id: SessionId,
    /// Who, and in what capacity.
    pub bearer: Bearer,
    /// The software's name from its client certificate.
    pub software: String,
    /// The thumbprint of that certificate; absent on a listener in clear.
    pub thumbprint: Option<String>,
    /// Since when.
    pub opened_at: Timestamp,
    /// When a token was last given for it.
    pub last_used_at: Timestamp,
    /// Until when it goes on if no token is asked for before, exclusive; never after
    /// `expires_at`.
    pub lapses_at: Timestamp,
    /// Until when it goes on at the longest, exclusive.
    pub expires_at: Timestamp,
    /// How often its token was refreshed: the refresh token that is good is this one's.
    pub generation: u32,
    /// What the provider calls it; absent for one from before that was kept.
    pub at_provider: Option<NamesAtProvider>,
    /// How it was closed, if it was.
    pub closed: Option<Closed>,
}

/// How a session was closed before its time was up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub why: Closing,
}

/// Why a session was closed before its time was up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// The person closed it.
    ByPerson,
    /// The provider said that the person signed out there.
    ByProvider,
    /// A refresh token came a second time: somebody copied it.
    RefreshReused,
    /// The professional no longer practises, or not in this situation.
    PractitionerInactive,
    /// The directory knows the professional under another identifier now.
    PractitionerMerged,
    /// Who signed in may no longer act for the patient.
    RepresentationEnded,
    /// The patient's identity is another, or proved less well, than when it was opened.
    IdentityChanged,
}

/// From how many certificates one professional's sessions may go on at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParallelSessions {
    /// So many are nobody's business.
    pub most: usize,
    /// What happens beyond.
    pub beyond: Beyond,
}

/// What happens to a sign-in that shows a shared account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Beyond {
    /// It is refused, and traced.
    Refuse,
    /// It is let in, and its trace says so.
    Flag,
}

/// How long sessions go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLifetimes {
    /// Without a token being asked for.
    pub idle: Duration,
    /// Whatever is asked for.
    pub longest: Duration,
}

/// Who signed in, in what capacity, and how firmly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bearer {
    /// The person.
    pub person: Person,
    /// How firmly they proved it.
    pub strength: AuthenticationStrength,
    /// When they proved it.
    pub authenticated_at: Timestamp,
}

/// A person in one capacity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Person {
    /// A patient, or somebody who acts for them.
    Patient {
        /// Whose record it is.
        patient_id: PatientId,
        /// Who acts in the patient's place; `None` when the patient does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        representative: Option<RepresentativeClaims>,
    },
    /// A professional, in one practice situation.
    Practitioner(Box<PractitionerBearer>),
}

/// A professional in one practice situation. `Debug` shows no name.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PractitionerBearer {
    /// The one human.
    pub practitioner_id: PractitionerId,
    /// The name as the directory shows it.
    pub display_name: String,
    /// Whether they signed in at the provider themselves, not through their software.
    pub direct: bool,
    /// The practice situation, as the directory has it at the sign-in.
    pub activity: ActivityClaims,
}

impl Session {
    /// Whether it goes on.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.ended_at(now).is_none()
    }

    /// When it ended; `None` while it goes on.
    #[must_use]
    pub fn ended_at(&self, now: Timestamp) -> Option<Timestamp> {
        match self.closed {
            Some(closed) => Some(closed.at),
            None => (self.lapses_at <= now).then_some(self.lapses_at),
        }
    }

    /// Until when it goes on if a token is given now and none is asked for after it.
    #[must_use]
    pub fn lapses_after(&self, now: Timestamp, lifetimes: SessionLifetimes) -> Timestamp {
        now.saturating_add(lifetimes.idle).min(self.expires_at)
    }
}

impl Closing {
    const ALL: [Self; 7] = [
        Self::ByPerson,
        Self::ByProvider,
        Self::RefreshReused,
        Self::PractitionerInactive,
        Self::PractitionerMerged,
        Self::RepresentationEnded,
        Self::IdentityChanged,
    ];

    /// The word for it, in the store and in the trail.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::ByPerson => "by_person",
            Self::ByProvider => "by_provider",
            Self::RefreshReused => "refresh_reused",
            Self::PractitionerInactive => "practitioner_inactive",
            Self::PractitionerMerged => "practitioner_merged",
            Self::RepresentationEnded => "representation_ended",
            Self::IdentityChanged => "identity_changed",
        }
    }

    /// The reason of this word.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|closing| closing.code() == code)
    }
}

impl Person {
    /// The person in the words of the trail.
    #[must_use]
    pub fn for_the_trail(&self) -> event::Actor {
        match self {
            Self::Patient { patient_id, .. } => event::Actor::Patient {
                patient_id: *patient_id,
            },
            Self::Practitioner(practitioner) => {
                let activity = &practitioner.activity;
                event::Actor::Practitioner {
                    practitioner_id: practitioner.practitioner_id,
                    activity_id: activity.activity_id,
                    profession: activity.profession,
                    speciality: activity.speciality,
                    function: activity.function,
                    organization_id: activity.organization_id,
                    organization_name: activity.organization_name.clone(),
                    display_name: practitioner.display_name.clone(),
                }
            }
        }
    }

    /// Whose sessions it is listed among: the human who signed in, by the identifier of
    /// a patient or of a practitioner.
    #[must_use]
    pub const fn id(&self) -> Uuid {
        match self {
            Self::Patient {
                representative: Some(representative),
                ..
            } => representative.patient_id.as_uuid(),
            Self::Patient { patient_id, .. } => patient_id.as_uuid(),
            Self::Practitioner(practitioner) => practitioner.practitioner_id.as_uuid(),
        }
    }

    /// Who acts in a patient's place, in the words of the trail.
    #[must_use]
    pub fn representative_for_the_trail(&self) -> Option<event::Representative> {
        let representative = self.representative()?;
        Some(event::Representative {
            patient_id: representative.patient_id,
            representation_id: representative.representation_id,
        })
    }

    /// Who acts in a patient's place, if somebody does.
    #[must_use]
    pub const fn representative(&self) -> Option<&RepresentativeClaims> {
        match self {
            Self::Patient { representative, .. } => representative.as_ref(),
            Self::Practitioner(_) => None,
        }
    }

    /// The patient whose record it is, if it is one's.
    #[must_use]
    pub const fn patient_id(&self) -> Option<PatientId> {
        match self {
            Self::Patient { patient_id, .. } => Some(*patient_id),
            Self::Practitioner(_) => None,
        }
    }
}

impl fmt::Debug for PractitionerBearer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PractitionerBearer")
            .field("practitioner_id", &self.practitioner_id)
            .field("activity_id", &self.activity.activity_id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_closing_is_read_by_its_word() {
        for closing in Closing::ALL {
            assert_eq!(Closing::from_code(closing.code()), Some(closing));
        }
        assert_eq!(Closing::from_code("by_chance"), None);
    }
}
