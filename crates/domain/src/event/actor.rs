//! Who did something.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::code::{Function, Profession, Speciality};
use crate::id::{ActivityId, OrganizationId, PatientId, PractitionerId, RepresentationId};

/// Who did something. Names are kept as they were then, because the patient
/// reads them later (art. R.1111-43 CSP); `Debug` does not show them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Actor {
    /// The holder of the record.
    Patient {
        /// Who.
        patient_id: PatientId,
    },
    /// A practitioner, in one chosen practice situation.
    Practitioner {
        /// Who.
        practitioner_id: PractitionerId,
        /// In which practice situation.
        activity_id: ActivityId,
        /// With which profession.
        profession: Profession,
        /// With which speciality, where the practice situation has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        speciality: Option<Speciality>,
        /// In which function, where the practice situation has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        function: Option<Function>,
        /// In which structure, where known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        organization_id: Option<OrganizationId>,
        /// The structure's name then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        organization_name: Option<String>,
        /// The practitioner's name then.
        display_name: String,
    },
    /// A service, on nobody's behalf: an expiry, an import.
    Service {
        /// Its SPIFFE name.
        name: String,
    },
}

/// Who acted in the patient's place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Representative {
    /// Who.
    pub patient_id: PatientId,
    /// By which representation.
    pub representation_id: RepresentationId,
}

impl Actor {
    /// The stem of the variant, as in JSON: `patient`, `practitioner`, `service`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Patient { .. } => "patient",
            Self::Practitioner { .. } => "practitioner",
            Self::Service { .. } => "service",
        }
    }

    /// The practitioner, if one acted.
    #[must_use]
    pub const fn practitioner_id(&self) -> Option<PractitionerId> {
        match self {
            Self::Practitioner {
                practitioner_id, ..
            } => Some(*practitioner_id),
            Self::Patient { .. } | Self::Service { .. } => None,
        }
    }

    /// The structure in which a practitioner acted, where known.
    #[must_use]
    pub const fn organization_id(&self) -> Option<OrganizationId> {
        match self {
            Self::Practitioner {
                organization_id, ..
            } => *organization_id,
            Self::Patient { .. } | Self::Service { .. } => None,
        }
    }
}

impl fmt::Debug for Actor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Patient { patient_id } => write!(formatter, "Patient({patient_id})"),
            Self::Practitioner {
                practitioner_id,
                activity_id,
                ..
            } => write!(formatter, "Practitioner({practitioner_id}, {activity_id})"),
            Self::Service { name } => write!(formatter, "Service({name})"),
        }
    }
}
