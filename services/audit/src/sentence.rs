//! What happened and on what ground, as a sentence that a person reads.
//!
//! A sentence never shows a code: what it cannot put into words it leaves out. It
//! uses the names that the event carries, as they were then. The patient is spoken
//! to; everybody else reads about "the patient".

mod changes;
mod english;
mod french;
pub(crate) mod paris_time;

use aval_domain::access::GroundHolder;
use aval_domain::event::{Actor, Event, EventKind};
use aval_domain::time::Timestamp;

use crate::erasure::ErasedEntry;

/// An event in the two languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentences {
    /// In French.
    pub french: String,
    /// In English.
    pub english: String,
}

/// Who reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// The holder of the record.
    Holder,
    /// A professional, or somebody who acts for the holder.
    SomebodyElse,
}

/// Who acted, as far as sentences tell people apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who<'a> {
    Holder,
    Representative,
    OtherPatient,
    Practitioner(&'a Actor),
    Service(&'a str),
}

/// What the ground of an access was given as, by the names of that time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Given<'a> {
    /// To whom.
    to: GivenTo<'a>,
    /// Since when it held.
    since: Timestamp,
}

/// To whom a ground was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GivenTo<'a> {
    Professional(&'a str),
    /// By its name, if the event carries one.
    Organization(Option<&'a str>),
}

impl Sentences {
    /// The sentences of an event for this reader.
    #[must_use]
    pub fn of(event: &Event, reader: Reader) -> Self {
        Self {
            french: french::sentence(event, reader),
            english: english::sentence(event, reader),
        }
    }
}

impl Sentences {
    /// What is said of an event that was erased, in either language.
    #[must_use]
    pub fn of_erased(erased: &ErasedEntry) -> Self {
        let french_at = french::words::instant(erased.erased_at);
        let english_at = english::words::instant(erased.erased_at);
        let (why_french, why_english) = match erased.kind {
            EventKind::TrailErased => (
                format!("pour ce motif : « {} »", erased.ground),
                format!("for this reason: “{}”", erased.ground),
            ),
            _ => (
                "parce que sa durée de conservation est écoulée".to_owned(),
                "because its retention period is over".to_owned(),
            ),
        };
        let french =
            format!("Le contenu de cette trace a été effacé le {french_at}, {why_french}.");
        let english = format!("What this trace told was erased on {english_at}, {why_english}.");
        Self { french, english }
    }
}

impl Sentences {
    /// What is said of an event that is withheld whole, in either language. It does not say why:
    /// that would tell what is hidden.
    #[must_use]
    pub fn of_withheld() -> Self {
        let french = "Ce que dit cette trace ne vous est pas montré pour le moment.";
        let english = "What this trace tells is not shown to you for now.";
        Self {
            french: french.to_owned(),
            english: english.to_owned(),
        }
    }
}

impl<'a> Who<'a> {
    fn acted_in(event: &'a Event) -> Self {
        match &event.actor {
            Actor::Patient { .. } if event.representative.is_some() => Self::Representative,
            Actor::Patient { patient_id } => match event.patient_id {
                Some(named) if named != *patient_id && is_of_two_people(event.kind) => {
                    Self::OtherPatient
                }
                // The same human, under another of their identifiers.
                _ => Self::Holder,
            },
            practitioner @ Actor::Practitioner { .. } => Self::Practitioner(practitioner),
            Actor::Service { name } => Self::Service(name),
        }
    }
}

/// Whether one person may have done this in another's history without acting for them: whoever
/// gives up representing somebody, and their sessions. Everything else in a record only its holder
/// does, and whoever represents them.
fn is_of_two_people(kind: EventKind) -> bool {
    let mut families = ["representative.", "session."].into_iter();
    families.any(|family| kind.code().starts_with(family))
}

/// Whether one event was read, and not a whole history: an auditor names one to open its history,
/// and says why.
fn is_reading_of_one(event: &Event) -> bool {
    let subject = event.subject.as_ref();
    subject.is_some_and(|subject| subject.kind == "event") && !event.after.contains_key("purpose")
}

impl<'a> Given<'a> {
    /// What the event of an access tells of it, if anything.
    fn in_access(event: &'a Event) -> Option<Self> {
        let terms = event.decision.as_ref()?.ground_terms?;
        let Actor::Practitioner {
            display_name,
            organization_name,
            ..
        } = &event.actor
        else {
            return None;
        };
        let to = match terms.holder {
            GroundHolder::Practitioner => GivenTo::Professional(display_name),
            GroundHolder::Organization => GivenTo::Organization(organization_name.as_deref()),
        };
        Some(Self {
            to,
            since: terms.since,
        })
    }
}

/// A name with what tells homonyms apart, in brackets.
fn named(display_name: &str, profession: &str, organization: Option<&str>) -> String {
    match organization {
        Some(organization) => format!("{display_name} ({profession}, {organization})"),
        None => format!("{display_name} ({profession})"),
    }
}

#[cfg(test)]
mod tests;
