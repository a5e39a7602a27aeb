//! What a decision may rest on, and when it changed.

use std::fmt;

use aval_domain::id::{OrganizationId, PatientId, PractitionerId};
use uuid::Uuid;

/// Something whose change makes entries stale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dependency {
    /// Everything of one patient: their record, grants, blocks, care episodes, documents.
    Patient(PatientId),
    /// What is known of a professional across patients.
    Practitioner(PractitionerId),
    /// What is known of an organization across patients.
    Organization(OrganizationId),
    /// The policy of every decision.
    Policy,
}

/// One of the clocks. Each patient has one, and what spans patients has one for all.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Shard(u8);

/// How many changes a shard has seen: the first is 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Position(pub u64);

/// One change that a poll brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// In which shard.
    pub shard: Shard,
    /// At which position.
    pub position: Position,
    /// Of what; `None` if this program does not know such things, as when a newer one
    /// writes beside it.
    pub dependency: Option<Dependency>,
}

/// What a poll brought: one state of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// Which life of the database this is: another one may give a position twice.
    pub history: String,
    /// How far each shard is, in the order of the shards.
    pub heads: [Position; Shard::COUNT],
    /// The changes that were asked for, ordered by shard and position.
    pub changes: Vec<Change>,
}

impl Shard {
    /// How many there are: those of patients, and one for what spans them. The schema
    /// has a row for each.
    pub const COUNT: usize = 17;

    /// The one for what spans patients.
    pub const SPANNING: Self = Self(16);

    /// Every shard.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..=Self::SPANNING.0).map(Self)
    }

    /// A patient's.
    #[must_use]
    pub fn of_patient(patient_id: PatientId) -> Self {
        // The last bits of an identifier are random.
        let last = patient_id.as_uuid().into_bytes()[15];
        Self(last % Self::SPANNING.0)
    }

    /// A shard by its number; `None` beyond the last.
    #[must_use]
    pub fn from_number(number: i64) -> Option<Self> {
        let number = u8::try_from(number).ok()?;
        (number <= Self::SPANNING.0).then_some(Self(number))
    }

    /// The number of the shard's row.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Where it stands among [`Self::all`].
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Debug for Shard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Shard({})", self.0)
    }
}

impl Dependency {
    /// Whose clock its changes move.
    #[must_use]
    pub fn shard(self) -> Shard {
        match self {
            Self::Patient(patient_id) => Shard::of_patient(patient_id),
            Self::Practitioner(_) | Self::Organization(_) | Self::Policy => Shard::SPANNING,
        }
    }

    /// As it is stored: a number for its kind, and which one.
    #[must_use]
    pub fn to_row(self) -> (i16, Uuid) {
        match self {
            Self::Patient(id) => (1, id.as_uuid()),
            Self::Practitioner(id) => (2, id.as_uuid()),
            Self::Organization(id) => (3, id.as_uuid()),
            Self::Policy => (4, Uuid::nil()),
        }
    }

    /// What was stored; `None` for a kind that this program does not know.
    #[must_use]
    pub fn from_row(kind: i16, id: Uuid) -> Option<Self> {
        match kind {
            1 => Some(Self::Patient(PatientId::from_uuid(id))),
            2 => Some(Self::Practitioner(PractitionerId::from_uuid(id))),
            3 => Some(Self::Organization(OrganizationId::from_uuid(id))),
            4 => Some(Self::Policy),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shard_has_a_number_and_a_place() {
        let shards: Vec<_> = Shard::all().collect();
        assert_eq!(shards.len(), Shard::COUNT);
        for (index, shard) in shards.into_iter().enumerate() {
            assert_eq!(shard.index(), index);
            assert_eq!(Shard::from_number(i64::from(shard.number())), Some(shard));
        }
        for number in [-1, 17, 256, i64::MAX] {
            assert_eq!(Shard::from_number(number), None);
        }
    }

    #[test]
    fn a_dependency_is_read_as_it_was_stored() {
        let id = Uuid::from_u128(7);
        for dependency in [
            Dependency::Patient(PatientId::from_uuid(id)),
            Dependency::Practitioner(PractitionerId::from_uuid(id)),
            Dependency::Organization(OrganizationId::from_uuid(id)),
            Dependency::Policy,
        ] {
            let (kind, id) = dependency.to_row();
            assert_eq!(Dependency::from_row(kind, id), Some(dependency));
        }
        assert_eq!(Dependency::from_row(99, id), None);
    }

    #[test]
    fn patients_are_spread_over_their_shards_and_never_share_the_spanning_one() {
        let mut met = [false; Shard::COUNT];
        for number in 0..1_000 {
            let patient = PatientId::from_uuid(Uuid::from_u128(number));
            met[Dependency::Patient(patient).shard().index()] = true;
        }
        assert!(met[..16].iter().all(|met| *met) && !met[16]);
    }
}
