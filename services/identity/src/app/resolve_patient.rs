//! Finds a patient by INS, by the five traits, or by what somebody said or wrote.

use aval_domain::ins::{Ins, InsTraits};
use aval_runtime::context::RequestContext;

use super::{App, keep_patients};

use crate::error::Error;
use crate::likeness::{Likeness, SearchTraits};
use crate::patient::Patient;
use crate::patient_keys::SealBroken;
use crate::store::SealedPatient;

/// So many patients of whom no likeness is known are looked at in one search; while there are
/// more, nobody can say that there is nobody.
const MOST_UNKNOWN: usize = 500;

/// By what a patient is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// The INS, exactly.
    Ins(Ins),
    /// The five traits, to the letter.
    Traits(InsTraits),
    /// What somebody said or wrote.
    Search(SearchTraits),
}

/// Who answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Nobody.
    Nobody,
    /// Exactly one.
    One(Box<Patient>),
    /// Several: none is named.
    Several,
    /// Nobody to the letter, and exactly one who is alike: not named.
    Alike {
        /// The names of the traits that are not theirs, or were not given.
        differing: Vec<&'static str>,
    },
}

impl App {
    /// Who answers to a description.
    pub async fn resolve_patient(&self, cx: &RequestContext, by: &By) -> Result<Found, Error> {
        keep_patients(cx)?;
        match by {
            By::Ins(ins) => {
                self.require_accepted(ins)?;
                let digests = self.patient_keys.digests_of_ins(ins);
                let row = self.store.patient_by_ins(&digests).await?;
                self.the_one_of(row.into_iter().collect()).await
            }
            By::Traits(traits) => self.proved_by(traits).await,
            By::Search(asked) => {
                let proved = match asked.complete() {
                    Some(traits) => self.proved_by(&traits).await?,
                    None => Found::Nobody,
                };
                match proved {
                    Found::Nobody => self.alike(asked).await,
                    proved => Ok(proved),
                }
            }
        }
    }

    async fn proved_by(&self, traits: &InsTraits) -> Result<Found, Error> {
        let digests = self.patient_keys.digests_of_traits(traits);
        let rows = self.store.patients_by_traits(&digests).await?;
        self.the_one_of(rows).await
    }

    async fn the_one_of(&self, mut rows: Vec<SealedPatient>) -> Result<Found, Error> {
        match (rows.pop(), rows.is_empty()) {
            (None, _) => Ok(Found::Nobody),
            (Some(row), true) => {
                let row = self.survivor(row).await?;
                Ok(Found::One(Box::new(self.opened(&row)?)))
            }
            (Some(_), false) => Ok(Found::Several),
        }
    }

    /// Who has the likeness of whoever is meant. Patients of whom none is known are looked at
    /// one by one: an older program may be registering them at this moment.
    async fn alike(&self, asked: &SearchTraits) -> Result<Found, Error> {
        let likeness = asked.likeness();
        let digests = self.patient_keys.digests_of_likeness(&likeness);
        let alike = self
            .store
            .patients_alike(&digests, MOST_UNKNOWN as u64 + 1)
            .await?;
        let is_everybody_known = alike.unknown.len() <= MOST_UNKNOWN;
        let mut found = Vec::new();
        for row in alike.found {
            found.push(self.patient_keys.open(row.patient_id, &row.sealed)?.traits);
        }
        for row in alike.unknown {
            let traits = match self.patient_keys.open(row.patient_id, &row.sealed) {
                Ok(identity) => identity.traits,
                // It says of nobody who they are, and keeps nobody else from being found.
                Err(SealBroken::Altered) => continue,
                Err(gone @ SealBroken::KeyGone { .. }) => return Err(gone.into()),
            };
            if Likeness::of(&traits) == likeness {
                found.push(traits);
            }
        }
        answer(asked, &found, is_everybody_known)
    }
}

/// What is answered where these are alike; while somebody could not be looked at, there may
/// be one more.
fn answer(
    asked: &SearchTraits,
    found: &[InsTraits],
    is_everybody_known: bool,
) -> Result<Found, Error> {
    match found {
        [_, _, ..] => Ok(Found::Several),
        _ if !is_everybody_known => Err(Error::SearchNotReady),
        [] => Ok(Found::Nobody),
        [known] => Ok(Found::Alike {
            differing: asked.differing_from(known),
        }),
    }
}

#[cfg(test)]
mod tests {
    use aval_domain::ins::{InseeCode, Sex};
    use aval_domain::time::CivilDate;

    use super::*;

    #[test]
    fn nobody_and_one_alone_are_answered_only_where_everybody_was_looked_at() {
        let known = InsTraits {
            birth_name: "PAT-TROIS".to_owned(),
            birth_first_names: vec!["DOMINIQUE".to_owned()],
            birth_date: CivilDate::new(1979, 3, 28).unwrap(),
            sex: Sex::Female,
            birth_place: InseeCode::parse("51215").unwrap(),
        };
        let asked = SearchTraits {
            birth_name: "PAT TROIS".to_owned(),
            birth_first_names: known.birth_first_names.clone(),
            birth_date: known.birth_date,
            sex: known.sex,
            birth_place: Some(known.birth_place),
        };
        let known = [known.clone(), known];
        let alike = Found::Alike {
            differing: vec!["birth_name"],
        };
        for (found, expected) in [
            (&known[..0], Found::Nobody),
            (&known[..1], alike),
            (&known[..], Found::Several),
        ] {
            assert_eq!(answer(&asked, found, true).unwrap(), expected);
        }
        for found in [&known[..0], &known[..1]] {
            let refused = answer(&asked, found, false);
            assert!(matches!(refused, Err(Error::SearchNotReady)));
        }
        // One more would change nothing.
        assert_eq!(answer(&asked, &known, false).unwrap(), Found::Several);
    }
}
