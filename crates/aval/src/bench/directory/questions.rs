//! Searches as people type them, each for somebody in particular.

use aval_domain::name::search_key;
use aval_proto::practitioner_directory::v1::SearchPractitionersRequest;
use aval_testing::synthesize::{Person, SynthesisPlan};

/// How the name is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Typed {
    /// First name and family name, as published.
    Exactly,
    /// Without accents, in small letters.
    Plainly,
    /// The family name first.
    Swapped,
    /// Two letters of the family name changed places.
    Wrong,
    /// The beginnings of both.
    Begun,
}

/// A search, and whom it is for.
#[derive(Debug, Clone)]
pub(super) struct Question {
    pub(super) typed: Typed,
    pub(super) request: SearchPractitionersRequest,
    pub(super) meant: String,
}

impl Typed {
    pub(super) const ALL: [Self; 5] = [
        Self::Exactly,
        Self::Plainly,
        Self::Swapped,
        Self::Wrong,
        Self::Begun,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Exactly => "exact",
            Self::Plainly => "no accents",
            Self::Swapped => "swapped",
            Self::Wrong => "one typo",
            Self::Begun => "beginnings",
        }
    }

    fn name_of(self, person: &Person) -> String {
        let (given, family) = (&person.given_name, &person.family_name);
        match self {
            Self::Exactly => format!("{given} {family}"),
            Self::Plainly => search_key(&format!("{given} {family}")),
            Self::Swapped => format!("{family} {given}"),
            Self::Wrong => format!("{given} {}", mistyped(family)),
            Self::Begun => format!("{} {}", beginning(given), beginning(family)),
        }
    }
}

/// So many searches, of every kind in turn, for people spread over the whole directory.
/// Each says the profession and the town of a practice, as whoever looks for somebody
/// among homonyms does.
pub(super) fn asked(plan: &SynthesisPlan, count: u32) -> Vec<Question> {
    let step = (plan.people / count.max(1)).max(1) as usize;
    let kinds = Typed::ALL.into_iter().cycle();
    let people = plan.people().step_by(step).take(count as usize);
    people
        .zip(kinds)
        .map(|(person, typed)| question(&person, typed))
        .collect()
}

fn question(person: &Person, typed: Typed) -> Question {
    let places = person.activities.iter();
    let town = places
        .filter_map(|activity| activity.organization.as_ref())
        .map(|place| place.address.town.name.to_owned())
        .next();
    Question {
        typed,
        meant: person.number.text().to_owned(),
        request: SearchPractitionersRequest {
            name: typed.name_of(person),
            profession_code: person.profession.code.to_owned(),
            town: town.unwrap_or_default(),
            ..SearchPractitionersRequest::default()
        },
    }
}

/// The second and third letters change places; if they are the same, nothing does.
fn mistyped(name: &str) -> String {
    let mut letters: Vec<char> = name.chars().collect();
    if letters.len() > 2 {
        letters.swap(1, 2);
    }
    letters.into_iter().collect()
}

fn beginning(name: &str) -> String {
    name.chars().take(4).collect()
}
