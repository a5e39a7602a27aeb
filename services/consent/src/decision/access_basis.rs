//! Everything that a decision rests on, read in one snapshot.

use std::collections::BTreeSet;

use aval_domain::access::GroundHolder;
use aval_domain::document::DocumentClasses;
use aval_domain::id::{CareEpisodeId, DocumentId, GrantId, PatientId, PractitionerId};
use aval_domain::period::Period;
use aval_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::visibility::VisibilityKind;

/// What is known of a patient, a professional and the organization they act in.
///
/// It holds facts with their periods, not answers: what has begun and what is over
/// is told at decision time. What nobody can bring back to life (a revoked grant, a
/// lifted block, a closed episode, a setting taken back) is not in it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AccessBasis {
    /// The record; `None` when there never was one.
    pub record: Option<RecordBasis>,
    /// Other identifiers of this patient: those who turned out to be the same human.
    /// Everything below is of that human, under whichever identifier it was written.
    pub other_patient_ids: Vec<PatientId>,
    /// Other identifiers of this professional: entries of the directory that turned out to
    /// be the same human. Everything below is of that human, under whichever identifier it
    /// was written; who wrote a document is told by the document alone.
    pub other_ids: Vec<PractitionerId>,
    /// Whether the patient declared this professional a treating doctor.
    pub treating_doctor: bool,
    /// Grants to this professional and to this organization.
    pub grants: Vec<GrantBasis>,
    /// Blocks on this professional and on this organization.
    pub blocks: Vec<BlockBasis>,
    /// Care episodes of which this professional is a member.
    pub care_episodes: Vec<CareEpisodeBasis>,
    /// Settings on the documents asked for, whomever they concern.
    pub visibilities: Vec<VisibilityBasis>,
}

/// How a record is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordBasis {
    /// Whether it is open.
    pub open: bool,
    /// Whether the patient opposes `bris_de_glace`.
    pub opposes_break_glass: bool,
    /// Whether the patient opposes the regulating doctor's access.
    pub opposes_regulation_center: bool,
}

/// A grant that was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantBasis {
    /// Which.
    pub grant_id: GrantId,
    /// To whom.
    pub target: GrantTarget,
    /// Whether a professional declared it instead of the patient giving it.
    pub declared: bool,
    /// For which categories.
    pub classes: DocumentClasses,
    /// From when to when.
    pub period: Period,
    /// When it began, as its patient reads it later, and not before it was given or asked
    /// for. Nothing is decided by it: a period that had begun when it was stored is told here
    /// as having begun long ago.
    pub since: Timestamp,
}

/// Whether a grant names the professional or their organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum GrantTarget {
    /// The professional.
    Person,
    /// Everybody acting for the organization.
    Organization,
}

/// A block that was not lifted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BlockBasis {
    /// On whom.
    pub target: BlockTarget,
    /// When it begins, if it was made to begin later. A block made to begin at once
    /// has none and holds whatever a replica's clock says.
    pub begins_at: Option<Timestamp>,
    /// When it ends by itself.
    pub until: Option<Timestamp>,
}

/// Whether a block names the professional or their organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum BlockTarget {
    /// The professional.
    Person,
    /// Everybody acting for the organization.
    Organization,
}

/// A care episode that was not closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CareEpisodeBasis {
    /// Which.
    pub care_episode_id: CareEpisodeId,
    /// From when to when.
    pub period: Period,
    /// When it began, as its patient reads it later; see [`GrantBasis::since`].
    pub since: Timestamp,
    /// Blocks on the organization in which the team cares, wherever this member acts.
    pub blocks: Vec<BlockBasis>,
}

/// A setting on a document that was not taken back. It holds from the moment it is
/// stored, whatever a replica's clock says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct VisibilityBasis {
    /// The document.
    pub document_id: DocumentId,
    /// What.
    pub kind: VisibilityKind,
    /// The one professional concerned, for the kinds that concern one.
    pub practitioner_id: Option<PractitionerId>,
    /// When it ends by itself.
    pub release_at: Option<Timestamp>,
}

impl From<GrantTarget> for GroundHolder {
    fn from(target: GrantTarget) -> Self {
        match target {
            GrantTarget::Person => Self::Practitioner,
            GrantTarget::Organization => Self::Organization,
        }
    }
}

impl AccessBasis {
    /// The documents that are hidden from who represents the patient at `now`. No decision on
    /// a professional rests on it.
    #[must_use]
    pub fn hidden_from_representatives(&self, now: Timestamp) -> BTreeSet<DocumentId> {
        let hiding = self.visibilities.iter().filter(|setting| {
            setting.kind == VisibilityKind::HiddenFromRepresentatives && setting.holds(now)
        });
        hiding.map(|setting| setting.document_id.clone()).collect()
    }
}

impl BlockBasis {
    /// Whether it holds at `now`.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.begins_at.is_none_or(|begins_at| begins_at <= now)
            && self.until.is_none_or(|until| now < until)
    }
}

impl CareEpisodeBasis {
    /// Whether its team is deemed authorised at `now`: the care is under way, and the
    /// patient has not blocked the organization in which they care.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.period.contains(now) && !self.blocks.iter().any(|block| block.holds(now))
    }
}

impl VisibilityBasis {
    /// Whether it holds at `now`.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.release_at.is_none_or(|release_at| now < release_at)
    }
}
