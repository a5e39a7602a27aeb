//! What is looked for, and where a page of the answer ends.

use aval_domain::id::{OrganizationId, PractitionerId};

use crate::page::PageOf;
use crate::words::NameQuestion;

/// What is known of the professional looked for. Somebody is found by one practice
/// situation that fits in everything but the name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PractitionerSearch {
    /// Their names; `None` only where an organization is given.
    pub name: Option<NameQuestion>,
    /// Their profession's code.
    pub profession: Option<String>,
    /// The code of one of their skills.
    pub speciality: Option<String>,
    /// Where they practise.
    pub place: Place,
    /// In which organization.
    pub organization_id: Option<OrganizationId>,
    /// Whether people who no longer practise are looked for too.
    pub include_inactive: bool,
    /// Which page.
    pub page: PageOf<PractitionerPosition>,
}

#[cfg(test)]
impl PractitionerSearch {
    /// Everybody of this name who practises, on one page.
    pub(crate) fn of_name(name: NameQuestion) -> Self {
        Self {
            name: Some(name),
            profession: None,
            speciality: None,
            place: Place::default(),
            organization_id: None,
            include_inactive: false,
            page: PageOf {
                size: aval_domain::page::PageSize::MAX,
                after: None,
            },
        }
    }
}

/// What is known of the structure looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationSearch {
    /// Its name.
    pub name: NameQuestion,
    /// Where it is.
    pub place: Place,
    /// Which page.
    pub page: PageOf<OrganizationPosition>,
}

/// A town, a postal code, both or neither.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The search key of the town's name, or of what it begins with up to a space:
    /// `LYON` is also `LYON 3E ARRONDISSEMENT`.
    pub town: Option<String>,
    /// What the postal code begins with.
    pub postal_code: Option<String>,
}

/// How well a name answers a question. The better one sorts first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Likeness {
    /// Every word of the question is a word of the name.
    Words,
    /// Every word of the question is the beginning of a word of the name.
    Beginnings,
    /// One word of the question is near a word of the name, every other is one.
    Mistyped,
    /// Every word of the question is a word of the name, begins one or is near one: only
    /// where nobody answers any better.
    Doubtful,
}

impl Likeness {
    /// In the order of the answer.
    pub const ALL: [Self; 4] = [
        Self::Words,
        Self::Beginnings,
        Self::Mistyped,
        Self::Doubtful,
    ];

    /// Whether slips are forgiven.
    #[must_use]
    pub const fn forgives(self) -> bool {
        matches!(self, Self::Mistyped | Self::Doubtful)
    }
}

/// Where a practitioner stands in an answer: by likeness, then name, then identifier.
pub type PractitionerPosition = Position<PractitionerId>;
/// Where a structure stands in an answer.
pub type OrganizationPosition = Position<OrganizationId>;

/// Where somebody or something stands in an answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position<Id> {
    /// How well it answers.
    pub likeness: Likeness,
    /// Its name in search form.
    pub sort_name: String,
    /// Which one of those of that name.
    pub id: Id,
}
