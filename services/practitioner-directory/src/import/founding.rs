//! The first file of a directory: everything in it is new, and who is who follows from the
//! file alone.
//!
//! A file names people and structures again and again, and each row must say whose it is by
//! the identifier that is new itself. Identifiers are therefore not drawn but made from the
//! place at which something was named first: the place is remembered, which is a quarter of
//! an identifier.

use std::collections::hash_map;
use std::time::Duration;

use aval_domain::id::{ActivityId, OrganizationId, PractitionerId};
use aval_domain::random::{self, Random};
use aval_domain::time::Timestamp;
use sha2::{Digest, Sha256};

use super::comparison::{skill_of, staged_organization};
use super::facts::{FactKey, RowFacts, Wording};
use super::known::{Keys, OfKeys};
use super::staged::{Founded, FoundedActivity, FoundedPerson, FoundedRow};
use crate::extraction::{ActivityRow, StructureText};

/// What the file said until now.
#[derive(Debug)]
pub struct Founding {
    ids: NewIds,
    people: OfKeys<u32>,
    structures: OfKeys<u32>,
    situations: OfKeys<u32>,
    rows: Keys,
    /// Of whom the last row was.
    last: Option<(FactKey, PractitionerId)>,
}

impl Founding {
    /// Nothing was said yet.
    #[must_use]
    pub fn new(now: Timestamp, random: &dyn Random) -> Self {
        Self {
            ids: NewIds {
                now,
                secret: random::bytes(random),
                made: 0,
            },
            people: OfKeys::default(),
            structures: OfKeys::default(),
            situations: OfKeys::default(),
            rows: Keys::default(),
            last: None,
        }
    }

    /// Takes a row of the file.
    pub fn take(&mut self, row: &ActivityRow<'_>, into: &mut Founded) {
        let facts = RowFacts::of(row);
        let practitioner_id = self.person(row, &facts, into);
        let organization_id = match (&row.structure, facts.structure) {
            (Some(structure), Some((key, wording))) => {
                Some(self.structure(structure, key, wording, into))
            }
            _ => None,
        };
        if !self.rows.insert(facts.row) {
            return;
        }
        let activity_id = match self.situations.entry(facts.situation) {
            hash_map::Entry::Occupied(known) => self.ids.activity(*known.get()),
            hash_map::Entry::Vacant(new) => {
                let made = *new.insert(self.ids.next());
                let activity_id = self.ids.activity(made);
                into.activities.push(FoundedActivity {
                    activity_id,
                    situation: facts.situation,
                    practitioner_id,
                    organization_id,
                    profession: row.profession,
                    category: row.category.to_owned(),
                    mode: row.mode.to_owned(),
                    sector: row.sector.to_owned(),
                    function: row.function.to_owned(),
                    kind: row.kind.to_owned(),
                });
                activity_id
            }
        };
        into.rows.push(FoundedRow {
            row: facts.row,
            activity_id,
            skill: row.skill.map(skill_of),
        });
    }

    fn person(
        &mut self,
        row: &ActivityRow<'_>,
        facts: &RowFacts,
        into: &mut Founded,
    ) -> PractitionerId {
        if let Some((last, practitioner_id)) = self.last
            && last == facts.person
        {
            return practitioner_id;
        }
        let practitioner_id = match self.people.entry(facts.person) {
            hash_map::Entry::Occupied(known) => self.ids.practitioner(*known.get()),
            hash_map::Entry::Vacant(new) => {
                let made = *new.insert(self.ids.next());
                let practitioner_id = self.ids.practitioner(made);
                into.people.push(FoundedPerson {
                    practitioner_id,
                    national_id: facts.national_id.clone(),
                    wording: facts.person_wording,
                    civility: row.civility.to_owned(),
                    family_name: row.family_name.to_owned(),
                    given_name: row.given_name.to_owned(),
                });
                practitioner_id
            }
        };
        self.last = Some((facts.person, practitioner_id));
        practitioner_id
    }

    /// The first row that describes a structure holds.
    fn structure(
        &mut self,
        structure: &StructureText<'_>,
        key: FactKey,
        wording: Wording,
        into: &mut Founded,
    ) -> OrganizationId {
        match self.structures.entry(key) {
            hash_map::Entry::Occupied(known) => self.ids.organization(*known.get()),
            hash_map::Entry::Vacant(new) => {
                let made = *new.insert(self.ids.next());
                let organization_id = self.ids.organization(made);
                let staged = staged_organization(structure, organization_id, wording);
                into.organizations.push(staged);
                organization_id
            }
        }
    }
}

/// Makes identifiers, each from its place among all that are made: they sort in that order.
#[derive(Debug)]
struct NewIds {
    now: Timestamp,
    secret: [u8; 32],
    made: u32,
}

impl NewIds {
    /// The place of the next one.
    fn next(&mut self) -> u32 {
        self.made += 1;
        self.made
    }

    fn practitioner(&self, place: u32) -> PractitionerId {
        PractitionerId::new(self.moment(place), &self.drawn(place))
    }

    fn organization(&self, place: u32) -> OrganizationId {
        OrganizationId::new(self.moment(place), &self.drawn(place))
    }

    fn activity(&self, place: u32) -> ActivityId {
        ActivityId::new(self.moment(place), &self.drawn(place))
    }

    /// Each place has one of its own.
    fn moment(&self, place: u32) -> Timestamp {
        let since = Duration::from_micros(u64::from(place));
        self.now.saturating_add(since)
    }

    fn drawn(&self, place: u32) -> Drawn<'_> {
        Drawn {
            secret: &self.secret,
            place,
        }
    }
}

/// What stands in for randomness at a place: nobody tells it who does not know the secret.
#[derive(Debug)]
struct Drawn<'a> {
    secret: &'a [u8; 32],
    place: u32,
}

impl Random for Drawn<'_> {
    fn fill(&self, bytes: &mut [u8]) {
        let mut digest = Sha256::new();
        digest.update(self.secret);
        digest.update(self.place.to_be_bytes());
        let drawn = digest.finalize();
        for (byte, drawn) in bytes.iter_mut().zip(drawn) {
            *byte = drawn;
        }
    }
}
