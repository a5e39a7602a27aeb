//! Which events are asked for.

use std::collections::{BTreeSet, HashSet};

use aval_domain::event::{EventKind, Outcome};
use aval_domain::id::{OrganizationId, PatientId, PractitionerId};
use aval_domain::page::PageSize;
use aval_domain::time::Timestamp;

use crate::export::Format;

/// Whose events, from the point of view of who may know them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Everything about a patient.
    Patient(PatientId),
    /// What a professional did.
    Practitioner(PractitionerId),
}

/// Narrows a list of events. Every condition holds; an absent one always does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Happened at or after.
    pub from_at: Option<Timestamp>,
    /// Happened before.
    pub until_at: Option<Timestamp>,
    /// By this professional.
    pub practitioner_id: Option<PractitionerId>,
    /// By anybody acting for this organization.
    pub organization_id: Option<OrganizationId>,
    /// Of one of these kinds; none: of any.
    pub kinds: BTreeSet<EventKind>,
    /// With this outcome.
    pub outcome: Option<Outcome>,
    /// Accesses in an emergency mode.
    pub emergency_only: bool,
    /// The first access that was permitted to each professional, to each record.
    pub first_access_only: bool,
}

/// One page of a list, the newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Whose events.
    pub scope: Scope,
    /// Which of them.
    pub filter: Filter,
    /// Below this place in the log; none: from the newest.
    pub before: Option<u64>,
    /// How many at most.
    pub limit: u64,
}

/// The next entries of a list, the oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Onward {
    /// Whose events.
    pub scope: Scope,
    /// Which of them.
    pub filter: Filter,
    /// From this place in the log on.
    pub from: u64,
    /// How many at most.
    pub limit: u64,
}

/// Whom new entries of the log concern.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct News {
    /// The place after the last entry that was looked at.
    pub next: u64,
    /// The patients and professionals in whose lists the entries stand.
    pub scopes: HashSet<Scope>,
}

/// What a caller asks for with `ListEvents`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListEvents {
    /// Whose history; none: the caller's own.
    pub patient_id: Option<PatientId>,
    /// Which events.
    pub filter: Filter,
    /// How many at most.
    pub page_size: PageSize,
    /// From the previous page; none: the first.
    pub page_token: Option<String>,
}

/// What a caller asks for with `WatchEvents`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchEvents {
    /// Whose history; none: the caller's own.
    pub patient_id: Option<PatientId>,
    /// Which events.
    pub filter: Filter,
    /// From where on.
    pub start: WatchStart,
}

/// What a caller asks for with `ExportEvents`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportEvents {
    /// Whose history; none: the caller's own.
    pub patient_id: Option<PatientId>,
    /// Which events.
    pub filter: Filter,
    /// In what form.
    pub format: Format,
}

/// Where a watch begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WatchStart {
    /// With what is recorded from now on.
    Now,
    /// With the oldest event kept.
    Oldest,
    /// After the item with this cursor.
    After(String),
}

impl News {
    /// Has those concerned as well who have a professional's acts by now.
    pub fn join(&mut self, human: impl Fn(PractitionerId) -> PractitionerId) {
        let professionals = self.scopes.iter().filter_map(|scope| match scope {
            Scope::Practitioner(id) => Some(Scope::Practitioner(human(*id))),
            Scope::Patient(_) => None,
        });
        let humans: Vec<Scope> = professionals.collect();
        self.scopes.extend(humans);
    }
}

impl Scope {
    /// Whose events, as one text: part of what a page token is sealed for.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Patient(id) => format!("patient {id}"),
            Self::Practitioner(id) => format!("practitioner {id}"),
        }
    }
}

impl Filter {
    /// Whether this leaves every event, told or not: nothing is known any more of what was
    /// erased by which to leave it out.
    #[must_use]
    pub fn leaves_erased(&self) -> bool {
        *self == Self::default()
    }

    /// The conditions as texts, one for each in a fixed order: part of what a page
    /// token is sealed for.
    #[must_use]
    pub fn texts(&self) -> [String; 8] {
        let instant = |at: Option<Timestamp>| text_of(at.map(Timestamp::as_micros));
        let kinds: Vec<&str> = self.kinds.iter().map(|kind| kind.code()).collect();
        [
            instant(self.from_at),
            instant(self.until_at),
            text_of(self.practitioner_id),
            text_of(self.organization_id),
            kinds.join(" "),
            text_of(self.outcome),
            self.emergency_only.to_string(),
            self.first_access_only.to_string(),
        ]
    }
}

/// Empty for an absent condition: no condition's own text is.
fn text_of<T: ToString>(condition: Option<T>) -> String {
    condition.map(|value| value.to_string()).unwrap_or_default()
}

/// The kinds that a code or a prefix names: `grant.created`, or `grant.*`.
#[must_use]
pub fn kinds_named(name: &str) -> Vec<EventKind> {
    let Some(prefix) = name.strip_suffix('*') else {
        return EventKind::from_code(name).into_iter().collect();
    };
    if !prefix.ends_with('.') {
        return Vec::new();
    }
    let all = EventKind::ALL.iter().copied();
    all.filter(|kind| kind.code().starts_with(prefix)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_names_the_kinds_below_it_and_no_other() {
        let codes =
            |name| -> Vec<&str> { kinds_named(name).into_iter().map(EventKind::code).collect() };
        assert_eq!(codes("grant.created"), ["grant.created"]);
        assert_eq!(
            codes("care_episode.*"),
            ["care_episode.opened", "care_episode.closed"]
        );
        for unknown in [
            "grant",
            "grant.",
            "gr*",
            "*",
            ".*",
            "grant.*.*",
            "GRANT.*",
            "",
        ] {
            assert!(codes(unknown).is_empty(), "{unknown}");
        }
    }

    #[test]
    fn two_filters_that_differ_have_different_texts() {
        let at = Timestamp::from_unix_seconds(1_800_000_000);
        let filters = [
            Filter::default(),
            Filter {
                from_at: Some(at),
                ..Filter::default()
            },
            Filter {
                until_at: Some(at),
                ..Filter::default()
            },
            Filter {
                kinds: [EventKind::GrantCreated].into(),
                ..Filter::default()
            },
            Filter {
                outcome: Some(Outcome::Refused),
                ..Filter::default()
            },
            Filter {
                emergency_only: true,
                ..Filter::default()
            },
            Filter {
                first_access_only: true,
                ..Filter::default()
            },
        ];
        for (position, one) in filters.iter().enumerate() {
            for other in &filters[position + 1..] {
                assert_ne!(one.texts(), other.texts());
            }
        }
    }
}
