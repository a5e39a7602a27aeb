//! The people, questions and records that the cases are made of.

use aval_domain::access::{AccessMode, Action};
use aval_domain::code::{Function, Profession};
use aval_domain::document::DocumentClass;
use aval_domain::id::{CareEpisodeId, GrantId, OrganizationId, PatientId, PractitionerId};
use aval_domain::period::Period;
use aval_domain::time::Timestamp;
use uuid::Uuid;

use crate::decision::*;
use crate::matrix::Matrix;

pub(super) const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

pub(super) fn hours(hours: i64) -> Timestamp {
    Timestamp::from_micros(NOW.as_micros() + hours * 3_600_000_000)
}

pub(super) fn patient(number: u128) -> PatientId {
    PatientId::from_uuid(Uuid::from_u128(number))
}

pub(super) fn practitioner(number: u128) -> PractitionerId {
    PractitionerId::from_uuid(Uuid::from_u128(number))
}

pub(super) fn grant_id(number: u128) -> GrantId {
    GrantId::from_uuid(Uuid::from_u128(number))
}

pub(super) fn episode_id() -> CareEpisodeId {
    CareEpisodeId::from_uuid(Uuid::from_u128(77))
}

/// A nurse of an organization, signed in directly.
pub(super) fn nurse() -> Capacity {
    Capacity {
        practitioner_id: practitioner(1),
        activity_id: aval_domain::id::ActivityId::from_uuid(Uuid::from_u128(2)),
        profession: Profession::Nurse,
        function: None,
        organization_id: Some(OrganizationId::from_uuid(Uuid::from_u128(3))),
        active: true,
        regulation_access: false,
        directly_authenticated: true,
    }
}

pub(super) fn doctor() -> Capacity {
    Capacity {
        profession: Profession::Doctor,
        ..nurse()
    }
}

/// The nurse wants to consult in normal mode, no document in particular.
pub(super) fn question() -> Question {
    Question {
        asker: Asker::Practitioner(nurse()),
        patient_id: patient(1),
        action: Action::Consult,
        mode: AccessMode::Normal,
        documents: Vec::new(),
        emergency_reason: None,
    }
}

pub(super) fn asked_by(capacity: Capacity) -> Question {
    Question {
        asker: Asker::Practitioner(capacity),
        ..question()
    }
}

pub(super) fn broken_glass() -> Question {
    Question {
        mode: AccessMode::BreakGlass,
        emergency_reason: EmergencyReason::parse("patient inconscient"),
        ..question()
    }
}

pub(super) fn regulation() -> Question {
    let regulator = Capacity {
        function: Some(Function::REGULATOR),
        ..doctor()
    };
    Question {
        mode: AccessMode::RegulationCenter,
        ..asked_by(regulator)
    }
}

pub(super) fn contribution() -> Question {
    Question {
        action: Action::Contribute,
        ..question()
    }
}

/// An open record, and nothing that authorises anybody.
pub(super) fn open_record() -> AccessBasis {
    AccessBasis {
        record: Some(RecordBasis {
            open: true,
            opposes_break_glass: false,
            opposes_regulation_center: false,
        }),
        ..AccessBasis::default()
    }
}

/// A grant to the nurse for reports and prescriptions, for the next ten hours.
pub(super) fn grant() -> GrantBasis {
    GrantBasis {
        grant_id: grant_id(10),
        target: GrantTarget::Person,
        declared: false,
        classes: [DocumentClass::Report, DocumentClass::Prescription]
            .into_iter()
            .collect(),
        period: Period::new(hours(0), Some(hours(10))).unwrap(),
        since: hours(0),
    }
}

pub(super) fn granted() -> AccessBasis {
    AccessBasis {
        grants: vec![grant()],
        ..open_record()
    }
}

pub(super) fn blocked(target: BlockTarget) -> AccessBasis {
    let block = BlockBasis {
        target,
        begins_at: None,
        until: None,
    };
    AccessBasis {
        blocks: vec![block],
        treating_doctor: true,
        ..granted()
    }
}

pub(super) fn in_care() -> AccessBasis {
    let episode = CareEpisodeBasis {
        care_episode_id: episode_id(),
        period: Period::new(hours(-1), Some(hours(1))).unwrap(),
        since: hours(-1),
        blocks: Vec::new(),
    };
    AccessBasis {
        care_episodes: vec![episode],
        ..open_record()
    }
}

pub(super) fn opposing() -> AccessBasis {
    AccessBasis {
        record: Some(RecordBasis {
            open: true,
            opposes_break_glass: true,
            opposes_regulation_center: true,
        }),
        ..granted()
    }
}

pub(super) fn policy() -> Policy {
    Policy::new(Matrix::example())
}
