//! What two spellings of one person have in common: names without what writers and typists
//! differ in, the birth date, the sex. For searching, never for proof.
//!
//! Of the first names only the first counts, and the birth place does not: they are what is
//! left out or wrong most often. Two people may have one likeness; twins have not, whose
//! first names differ.

use std::fmt;

use aval_domain::ins::{InsTraits, InseeCode, Sex};
use aval_domain::name::folded;
use aval_domain::time::CivilDate;

use crate::patient::differing_traits;

/// The likeness of a person. It writes itself masked.
#[derive(Clone, PartialEq, Eq)]
pub struct Likeness {
    birth_name: String,
    first_name: String,
    birth_date: CivilDate,
    sex: Sex,
}

/// What somebody said or wrote of a person. It writes itself masked.
#[derive(Clone, PartialEq, Eq)]
pub struct SearchTraits {
    /// The name at birth.
    pub birth_name: String,
    /// The first names, at least one.
    pub birth_first_names: Vec<String>,
    /// The date of birth.
    pub birth_date: CivilDate,
    /// The sex.
    pub sex: Sex,
    /// The commune or country of birth, if it is known.
    pub birth_place: Option<InseeCode>,
}

impl Likeness {
    /// The likeness of whoever has these traits.
    #[must_use]
    pub fn of(traits: &InsTraits) -> Self {
        Self::new(
            &traits.birth_name,
            &traits.birth_first_names,
            traits.birth_date,
            traits.sex,
        )
    }

    fn new(birth_name: &str, first_names: &[String], birth_date: CivilDate, sex: Sex) -> Self {
        let first_name = first_names.first().map_or("", String::as_str);
        Self {
            birth_name: folded(birth_name),
            first_name: folded(first_name),
            birth_date,
            sex,
        }
    }

    /// Its parts in their order, for a digest.
    pub(crate) fn parts(&self) -> [String; 4] {
        [
            self.birth_name.clone(),
            self.first_name.clone(),
            self.birth_date.to_string(),
            self.sex.code().to_owned(),
        ]
    }
}

impl SearchTraits {
    /// The likeness of whoever is meant.
    #[must_use]
    pub fn likeness(&self) -> Likeness {
        Likeness::new(
            &self.birth_name,
            &self.birth_first_names,
            self.birth_date,
            self.sex,
        )
    }

    /// The five traits, if all were given.
    #[must_use]
    pub fn complete(&self) -> Option<InsTraits> {
        Some(self.with_place(self.birth_place?))
    }

    /// The names of the traits that are not those of this patient, or were not given.
    #[must_use]
    pub fn differing_from(&self, known: &InsTraits) -> Vec<&'static str> {
        let Some(complete) = self.complete() else {
            let mut differing = differing_traits(&self.with_place(known.birth_place), known);
            differing.push("birth_place_code");
            return differing;
        };
        differing_traits(&complete, known)
    }

    fn with_place(&self, birth_place: InseeCode) -> InsTraits {
        InsTraits {
            birth_name: self.birth_name.clone(),
            birth_first_names: self.birth_first_names.clone(),
            birth_date: self.birth_date,
            sex: self.sex,
            birth_place,
        }
    }
}

impl fmt::Debug for Likeness {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Likeness(masked)")
    }
}

impl fmt::Debug for SearchTraits {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SearchTraits(masked)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traits() -> InsTraits {
        InsTraits {
            birth_name: "PAT-TROIS".to_owned(),
            birth_first_names: vec!["ANDRÉE".to_owned(), "MARIE".to_owned()],
            birth_date: CivilDate::new(1979, 3, 28).unwrap(),
            sex: Sex::Female,
            birth_place: InseeCode::parse("51215").unwrap(),
        }
    }

    fn with(change: impl FnOnce(&mut InsTraits)) -> Likeness {
        let mut changed = traits();
        change(&mut changed);
        Likeness::of(&changed)
    }

    #[test]
    fn spellings_other_first_names_and_the_place_do_not_change_a_likeness() {
        let likeness = Likeness::of(&traits());
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        for other in [
            with(|traits| traits.birth_name = "pat trois".to_owned()),
            with(|traits| traits.birth_name = "Pat’Trois".to_owned()),
            with(|traits| traits.birth_name = "PATTROIS".to_owned()),
            with(|traits| traits.birth_first_names = names(&["andree"])),
            with(|traits| traits.birth_first_names = names(&["ANDREE", "JEANNE", "MARIE"])),
            with(|traits| traits.birth_place = InseeCode::parse("99100").unwrap()),
        ] {
            assert_eq!(other, likeness);
        }
        for other in [
            with(|traits| traits.birth_name = "PAT-QUATRE".to_owned()),
            with(|traits| traits.birth_first_names = names(&["MARIE", "ANDRÉE"])),
            with(|traits| traits.birth_date = CivilDate::new(1979, 3, 29).unwrap()),
            with(|traits| traits.sex = Sex::Male),
            with(|traits| traits.sex = Sex::Undetermined),
        ] {
            assert_ne!(other, likeness);
        }
    }

    #[test]
    fn what_differs_is_named_and_so_is_what_was_not_given() {
        let mut asked = SearchTraits {
            birth_name: "PAT TROIS".to_owned(),
            birth_first_names: vec!["ANDRÉE".to_owned()],
            birth_date: traits().birth_date,
            sex: Sex::Female,
            birth_place: None,
        };
        assert_eq!(asked.likeness(), Likeness::of(&traits()));
        assert_eq!(asked.complete(), None);
        let differing = asked.differing_from(&traits());
        let names = ["birth_name", "birth_first_names", "birth_place_code"];
        assert_eq!(differing, names);
        asked.birth_place = Some(traits().birth_place);
        assert_eq!(asked.differing_from(&traits()), names[..2]);
        asked.birth_name = traits().birth_name;
        asked.birth_first_names = traits().birth_first_names;
        assert_eq!(asked.complete(), Some(traits()));
        assert!(asked.differing_from(&traits()).is_empty());
    }

    #[test]
    fn nothing_of_a_person_is_printed() {
        let asked = SearchTraits {
            birth_name: "PAT TROIS".to_owned(),
            birth_first_names: vec!["ANDRÉE".to_owned()],
            birth_date: traits().birth_date,
            sex: Sex::Female,
            birth_place: None,
        };
        let printed = format!("{asked:?} {:?}", asked.likeness());
        assert_eq!(printed, "SearchTraits(masked) Likeness(masked)");
    }
}
