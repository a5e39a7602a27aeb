//! Searches as people type them, each for somebody in particular.

use aval_proto::practitioner_directory::v1::SearchPractitionersRequest;
use aval_testing::synthesize::{Person, SynthesisPlan};

use super::typing::Typed;

/// A search, and whom it is for.
#[derive(Debug, Clone)]
pub(super) struct Question {
    pub(super) typed: Typed,
    pub(super) request: SearchPractitionersRequest,
    pub(super) meant: Meant,
}

/// Whom a search is for.
#[derive(Debug, Clone)]
pub(super) struct Meant {
    pub(super) number: String,
    pub(super) family_name: String,
    pub(super) given_name: String,
}

/// So many searches, of every kind in turn, for people spread over the whole directory.
/// Each says the profession and the town of a practice, as whoever looks for somebody
/// among homonyms does.
pub(super) fn asked(plan: &SynthesisPlan, count: u32) -> Vec<Question> {
    let step = (plan.people / count.max(1)).max(1) as usize;
    let kinds = Typed::ALL.into_iter().cycle();
    let people = plan.people().step_by(step).take(count as usize);
    let asked = people.zip(kinds).zip(0..);
    asked
        .map(|((person, typed), choice)| question(&person, typed, choice))
        .collect()
}

fn question(person: &Person, typed: Typed, choice: u32) -> Question {
    let places = person.activities.iter();
    let town = places
        .filter_map(|activity| activity.organization.as_ref())
        .map(|place| place.address.town.name.to_owned())
        .next();
    Question {
        typed,
        meant: Meant {
            number: person.number.text().to_owned(),
            family_name: person.family_name.clone(),
            given_name: person.given_name.clone(),
        },
        request: SearchPractitionersRequest {
            name: typed.name_of(person, choice),
            profession_code: person.profession.code.to_owned(),
            town: town.unwrap_or_default(),
            ..SearchPractitionersRequest::default()
        },
    }
}
