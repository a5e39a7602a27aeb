//! What events tell of who turned to whose record, and of who is joined to whom.

use std::collections::HashMap;

use aval_domain::access::{Action, DenialReason, Effect, GroundKind};
use aval_domain::event::{DecisionSummary, Event, EventKind, Outcome};
use aval_domain::id::{EventId, OrganizationId, PatientId, PractitionerId};
use aval_domain::time::Timestamp;

/// Something that the log says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fact {
    /// A professional turned to a record.
    Access(Access),
    /// Somebody was joined to a patient.
    Relation(Relation),
}

/// A professional turned to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Access {
    /// When.
    pub at: Timestamp,
    /// The event that tells.
    pub event_id: EventId,
    /// When the log took it.
    pub recorded_at: Timestamp,
    /// Whose record.
    pub patient_id: PatientId,
    /// Who.
    pub practitioner_id: PractitionerId,
    /// For which organization.
    pub organization_id: Option<OrganizationId>,
    /// On what.
    pub basis: Basis,
}

/// On what somebody turned to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Basis {
    /// Something joins them to the patient: a grant, a care episode, a declared consent,
    /// the quality of treating doctor.
    Explained,
    /// They fed the record, and saw nothing. Whoever treats somebody may, asked or not: so it
    /// needs no explanation, and gives none.
    Contribution,
    /// They broke the glass.
    BrokenGlass,
    /// They regulate the calls of a SAMU: whom they see they do not choose.
    RegulationCenter,
    /// They were refused, because nothing joins them to the patient or the patient will not.
    Refused,
}

/// Somebody was joined to a patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Relation {
    /// The patient.
    pub patient_id: PatientId,
    /// Who.
    pub who: Who,
    /// When.
    pub at: Timestamp,
}

/// Who is joined to a patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// A professional.
    Practitioner(PractitionerId),
    /// Everybody of an organization.
    Organization(OrganizationId),
}

impl Fact {
    /// Of whom it tells, if it is a professional.
    #[must_use]
    pub const fn practitioner_id(&self) -> Option<PractitionerId> {
        match self {
            Self::Access(access) => Some(access.practitioner_id),
            Self::Relation(relation) => match relation.who {
                Who::Practitioner(id) => Some(id),
                Who::Organization(_) => None,
            },
        }
    }

    /// The same of humans: whoever is known under another identifier by now is that one.
    #[must_use]
    pub fn of_humans(mut self, known_as: &HashMap<PractitionerId, PractitionerId>) -> Self {
        let id = match &mut self {
            Self::Access(access) => Some(&mut access.practitioner_id),
            Self::Relation(relation) => match &mut relation.who {
                Who::Practitioner(id) => Some(id),
                Who::Organization(_) => None,
            },
        };
        if let Some(id) = id
            && let Some(human) = known_as.get(id)
        {
            *id = *human;
        }
        self
    }

    /// The kinds of events that tell any.
    pub const KINDS: [EventKind; 7] = [
        EventKind::AccessDecided,
        EventKind::GrantCreated,
        EventKind::GrantApproved,
        EventKind::GrantDeclared,
        EventKind::GrantUpdated,
        EventKind::CareEpisodeOpened,
        EventKind::TreatingDoctorAdded,
    ];

    /// What an event tells.
    #[must_use]
    pub fn told_by(event: &Event, recorded_at: Timestamp) -> Vec<Self> {
        let Some(patient_id) = event.patient_id else {
            return Vec::new();
        };
        if event.kind == EventKind::AccessDecided {
            let access = access(event, patient_id, recorded_at);
            return access.map(Self::Access).into_iter().collect();
        }
        if !Self::KINDS.contains(&event.kind) || event.outcome != Outcome::Success {
            return Vec::new();
        }
        let relation = |who| {
            Self::Relation(Relation {
                patient_id,
                who,
                at: event.occurred_at,
            })
        };
        named(event).into_iter().map(relation).collect()
    }
}

fn access(event: &Event, patient_id: PatientId, recorded_at: Timestamp) -> Option<Access> {
    Some(Access {
        at: event.occurred_at,
        event_id: event.event_id,
        recorded_at,
        patient_id,
        practitioner_id: event.actor.practitioner_id()?,
        organization_id: event.actor.organization_id(),
        basis: basis(event.decision.as_ref()?)?,
    })
}

/// On what an access was asked for; none: whoever asked reached no rule that could tell.
fn basis(decision: &DecisionSummary) -> Option<Basis> {
    let basis = basis_of_rule(decision)?;
    let is_fed = decision.action == Action::Contribute && basis == Basis::Explained;
    Some(if is_fed { Basis::Contribution } else { basis })
}

fn basis_of_rule(decision: &DecisionSummary) -> Option<Basis> {
    if decision.effect == Effect::Deny {
        return match decision.reason? {
            DenialReason::NoGrant | DenialReason::Blocked | DenialReason::EmergencyOpposed => {
                Some(Basis::Refused)
            }
            DenialReason::GrantExpired
            | DenialReason::GrantNotYetActive
            | DenialReason::NothingPermitted => Some(Basis::Explained),
            DenialReason::PractitionerInactive
            | DenialReason::RecordUnavailable
            | DenialReason::EmergencyReasonMissing
            | DenialReason::EmergencyAuthenticationTooWeak
            | DenialReason::RegulatorFunctionRequired => None,
        };
    }
    Some(match decision.ground?.kind() {
        GroundKind::BreakGlass => Basis::BrokenGlass,
        GroundKind::RegulationCenter => Basis::RegulationCenter,
        GroundKind::OwnRecord
        | GroundKind::TreatingDoctor
        | GroundKind::Grant
        | GroundKind::CareEpisode
        | GroundKind::Declaration => Basis::Explained,
        GroundKind::Contribution => Basis::Contribution,
    })
}

/// Whom a change names, under the names that its producer writes.
fn named(event: &Event) -> Vec<Who> {
    let list = |field: &str| {
        let text = event.after.get(field).map(String::as_str);
        text.unwrap_or_default().split(',').map(str::trim)
    };
    let practitioners = [
        "practitioner_id",
        "member_practitioner_ids",
        "treating_doctor_ids",
    ];
    let practitioners = practitioners.into_iter().flat_map(list);
    let practitioners = practitioners.filter_map(|id| id.parse().ok());
    let organizations = list("organization_id").filter_map(|id| id.parse().ok());
    // Whoever declared or opened something is joined by it too.
    let actor = event.actor.practitioner_id();
    practitioners
        .chain(actor)
        .map(Who::Practitioner)
        .chain(organizations.map(Who::Organization))
        .collect()
}
