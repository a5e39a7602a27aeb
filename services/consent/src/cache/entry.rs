//! What is kept: everything that decisions about three parties rest on.

use std::sync::Arc;

use aval_domain::id::{OrganizationId, PatientId, PractitionerId};
use serde::{Deserialize, Serialize};

use super::change::{Dependency, Position, Shard};
use crate::access_basis::AccessQuery;
use crate::decision::{AccessBasis, VisibilityBasis};

/// Settings beyond this many are not kept in an entry: such a patient's documents are
/// looked up one question at a time.
pub const MOST_VISIBILITIES: usize = 256;

/// Whom an entry is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccessKey {
    /// Whose record.
    pub patient_id: PatientId,
    /// Which professional; `None` when the patient asks.
    pub practitioner_id: Option<PractitionerId>,
    /// In which organization they act.
    pub organization_id: Option<OrganizationId>,
}

/// How far the shards of an entry were when it was read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Positions {
    /// The patient's shard.
    pub patient: u64,
    /// The shard of what spans patients.
    pub spanning: u64,
    /// The shard of each other identifier of the patient. Most have none.
    pub others: Vec<OtherPosition>,
}

/// How far the shard of another identifier of the patient was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherPosition {
    /// The identifier.
    pub patient_id: PatientId,
    /// Its shard.
    pub position: u64,
}

/// One state of everything that decisions about an [`AccessKey`] rest on, whichever
/// documents and whatever action they are about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Which state.
    pub as_of: Positions,
    /// Everything but the settings of documents: the answer to most questions as it is.
    #[serde(with = "shared")]
    pub basis: Arc<AccessBasis>,
    /// The settings of all documents.
    pub visibilities: EntryVisibilities,
}

/// The settings of a patient's documents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum EntryVisibilities {
    /// All of those that concern the professional, in order.
    All(Vec<VisibilityBasis>),
    /// There are more than [`MOST_VISIBILITIES`].
    TooMany,
}

impl AccessKey {
    /// Whom a query is about.
    #[must_use]
    pub const fn of(query: &AccessQuery<'_>) -> Self {
        Self {
            patient_id: query.patient_id,
            practitioner_id: query.practitioner_id,
            organization_id: query.organization_id,
        }
    }

    /// The query for everything but documents.
    #[must_use]
    pub const fn query(&self) -> AccessQuery<'static> {
        AccessQuery {
            patient_id: self.patient_id,
            practitioner_id: self.practitioner_id,
            organization_id: self.organization_id,
            documents: Vec::new(),
        }
    }

    /// The shard of the patient.
    #[must_use]
    pub fn shard(&self) -> Shard {
        Shard::of_patient(self.patient_id)
    }

    /// What the entry rests on, except the policy, which is no part of it.
    pub(super) fn dependencies(&self) -> impl Iterator<Item = Dependency> {
        let people = [
            self.practitioner_id.map(Dependency::Practitioner),
            self.organization_id.map(Dependency::Organization),
        ];
        let patient = Some(Dependency::Patient(self.patient_id));
        std::iter::once(patient).chain(people).flatten()
    }
}

impl Positions {
    /// How far the shard of the patient, or of what spans patients, was.
    #[must_use]
    pub const fn of(&self, shard: Shard) -> Position {
        if shard.number() == Shard::SPANNING.number() {
            Position(self.spanning)
        } else {
            Position(self.patient)
        }
    }
}

impl Entry {
    /// The answer to a query about the same three, if the entry has it.
    #[must_use]
    pub fn answer(&self, query: &AccessQuery<'_>) -> Option<Arc<AccessBasis>> {
        if query.documents.is_empty() {
            return Some(Arc::clone(&self.basis));
        }
        let EntryVisibilities::All(settings) = &self.visibilities else {
            return None;
        };
        let asked = |setting: &&VisibilityBasis| query.documents.contains(&&setting.document_id);
        let visibilities: Vec<_> = settings.iter().filter(asked).cloned().collect();
        if visibilities.is_empty() {
            return Some(Arc::clone(&self.basis));
        }
        Some(Arc::new(AccessBasis {
            visibilities,
            ..AccessBasis::clone(&self.basis)
        }))
    }

    /// About how many bytes it takes in memory.
    #[must_use]
    pub fn weight(&self) -> usize {
        let settings = match &self.visibilities {
            EntryVisibilities::All(settings) => settings.as_slice(),
            EntryVisibilities::TooMany => &[],
        };
        let names: usize = settings
            .iter()
            .map(|setting| setting.document_id.as_str().len())
            .sum();
        let of_episodes = self.basis.care_episodes.iter();
        let of_episodes = of_episodes.map(|episode| size_of_val(episode.blocks.as_slice()));
        size_of::<Self>()
            + size_of::<AccessKey>()
            + size_of_val(self.as_of.others.as_slice())
            + size_of_val(self.basis.other_patient_ids.as_slice())
            + size_of_val(self.basis.other_ids.as_slice())
            + size_of_val(self.basis.grants.as_slice())
            + size_of_val(self.basis.blocks.as_slice())
            + size_of_val(self.basis.care_episodes.as_slice())
            + of_episodes.sum::<usize>()
            + size_of_val(settings)
            + names
    }
}

/// A basis is written as if nobody shared it.
mod shared {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::decision::AccessBasis;

    pub(super) fn serialize<S: Serializer>(
        basis: &Arc<AccessBasis>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        AccessBasis::serialize(basis, serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Arc<AccessBasis>, D::Error> {
        AccessBasis::deserialize(deserializer).map(Arc::new)
    }
}
