//! The person for whom a call is made.

use std::fmt;

use aval_domain::code::{Function, Profession, Sector, Speciality};
use aval_domain::event;
use aval_domain::id::{
    ActivityId, OrganizationId, PatientId, PractitionerId, RepresentationId, SessionId,
};
use aval_domain::random::Random;
use aval_domain::time::Timestamp;

use super::Denied;
use crate::token::{
    AuthenticationStrength, AvalClaims, PersonKind, RepresentationKind, TokenError,
};

/// The person whose token came with a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A patient, or their representative.
    Patient(PatientActor),
    /// A professional in one practice situation.
    Practitioner(PractitionerActor),
}

/// A patient, or somebody who acts for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatientActor {
    /// Whose record it is.
    pub patient_id: PatientId,
    /// The session.
    pub session_id: SessionId,
    /// How firmly the person proved who they are.
    pub strength: AuthenticationStrength,
    /// When they proved it.
    pub authenticated_at: Timestamp,
    /// Who acts in the patient's place; `None` when the patient does.
    pub representative: Option<Representative>,
}

/// Who acts in a patient's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Representative {
    /// The representation used.
    pub representation_id: RepresentationId,
    /// The representative, as a patient of their own.
    pub patient_id: PatientId,
    /// By which right they act.
    pub kind: RepresentationKind,
}

/// A professional. `Debug` shows no name.
#[derive(Clone, PartialEq, Eq)]
pub struct PractitionerActor {
    /// The one human.
    pub practitioner_id: PractitionerId,
    /// The session.
    pub session_id: SessionId,
    /// How firmly they proved who they are.
    pub strength: AuthenticationStrength,
    /// When they proved it.
    pub authenticated_at: Timestamp,
    /// Whether they authenticated directly and strongly themselves.
    pub direct: bool,
    /// Their name as the directory showed it when the token was issued.
    pub display_name: String,
    /// The practice situation that they chose.
    pub activity: PractitionerActivity,
}

/// A practice situation, as the directory had it when the token was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PractitionerActivity {
    /// The practice situation.
    pub activity_id: ActivityId,
    /// Its profession.
    pub profession: Profession,
    /// Its speciality.
    pub speciality: Option<Speciality>,
    /// Its function.
    pub function: Option<Function>,
    /// The organization in which it takes place.
    pub organization_id: Option<OrganizationId>,
    /// That organization's name.
    pub organization_name: Option<String>,
    /// Its sector of activity.
    pub sector: Option<Sector>,
    /// Whether it may use the regulation centre's access mode.
    pub regulation_access: bool,
}

impl Actor {
    /// A patient acting for themselves, strongly authenticated just now: for tests.
    #[must_use]
    pub fn patient(patient_id: PatientId, random: &dyn Random, now: Timestamp) -> Self {
        Self::Patient(PatientActor {
            patient_id,
            session_id: SessionId::new(now, random),
            strength: AuthenticationStrength::High,
            authenticated_at: now,
            representative: None,
        })
    }

    /// The session behind the token.
    #[must_use]
    pub fn session_id(&self) -> SessionId {
        match self {
            Self::Patient(patient) => patient.session_id,
            Self::Practitioner(practitioner) => practitioner.session_id,
        }
    }

    /// How firmly the person proved who they are.
    #[must_use]
    pub fn strength(&self) -> AuthenticationStrength {
        match self {
            Self::Patient(patient) => patient.strength,
            Self::Practitioner(practitioner) => practitioner.strength,
        }
    }

    /// The person in the words of the trail.
    #[must_use]
    pub fn for_the_trail(&self) -> event::Actor {
        match self {
            Self::Patient(patient) => event::Actor::Patient {
                patient_id: patient.patient_id,
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
}

impl PatientActor {
    /// Refuses a representative: the act is the patient's own.
    pub fn in_person(&self) -> Result<&Self, Denied> {
        match self.representative {
            None => Ok(self),
            Some(_) => Err(Denied::MandateInsufficient),
        }
    }
}

impl TryFrom<&AvalClaims> for Actor {
    type Error = TokenError;

    /// The person of these claims; refused when they contradict the capacity.
    fn try_from(claims: &AvalClaims) -> Result<Self, TokenError> {
        let malformed = TokenError::ClaimsMalformed;
        let authenticated_at = Timestamp::from_unix_seconds(claims.auth_time);
        match claims.kind {
            PersonKind::Patient if claims.activity.is_some() => Err(malformed),
            PersonKind::Patient => Ok(Self::Patient(PatientActor {
                patient_id: claims.sub.parse().map_err(|_| malformed)?,
                session_id: claims.sid,
                strength: claims.strength,
                authenticated_at,
                representative: claims.rep.as_ref().map(|rep| Representative {
                    representation_id: rep.representation_id,
                    patient_id: rep.patient_id,
                    kind: rep.kind,
                }),
            })),
            PersonKind::Practitioner if claims.rep.is_some() => Err(malformed),
            PersonKind::Practitioner => {
                let activity = claims.activity.as_ref().ok_or(malformed)?;
                Ok(Self::Practitioner(PractitionerActor {
                    practitioner_id: claims.sub.parse().map_err(|_| malformed)?,
                    session_id: claims.sid,
                    strength: claims.strength,
                    authenticated_at,
                    direct: claims.direct,
                    display_name: claims.display_name.clone().ok_or(malformed)?,
                    activity: PractitionerActivity {
                        activity_id: activity.activity_id,
                        profession: activity.profession,
                        speciality: activity.speciality,
                        function: activity.function,
                        organization_id: activity.organization_id,
                        organization_name: activity.organization_name.clone(),
                        sector: activity.sector,
                        regulation_access: activity.regulation_access,
                    },
                }))
            }
        }
    }
}

impl From<&Representative> for event::Representative {
    fn from(representative: &Representative) -> Self {
        Self {
            patient_id: representative.patient_id,
            representation_id: representative.representation_id,
        }
    }
}

impl fmt::Debug for PractitionerActor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PractitionerActor")
            .field("practitioner_id", &self.practitioner_id)
            .field("session_id", &self.session_id)
            .field("activity_id", &self.activity.activity_id)
            .finish_non_exhaustive()
    }
}
