//! What a history keeps from whoever reads it, as the log itself says. Pure.
//!
//! Consent hides documents from a patient until they have been announced (CSP R.1111-53), and from
//! those who act for a minor. A trail that named such a document, or told that it was hidden,
//! would undo that. So what consent told of these settings is read with the history, and what is
//! about a document that is hidden now is told without it, or not at all; its place and its proof
//! stay. Once the document is shown, everything is told.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aval_domain::access::AccessMode;
use aval_domain::event::{Event, EventKind, Outcome};
use aval_domain::time::Timestamp;

/// The producer that knows who may see which document. Nobody else's events have an effect.
pub const TELLER: &str = "consent";

/// The kinds of events that say from whom a document is hidden.
pub const KINDS: [EventKind; 2] = [EventKind::MaskSet, EventKind::MaskRemoved];

/// What such an event, and nothing else, is about.
const DOCUMENT: &str = "document";

/// The longest that a document waits for its announcement: a calendar month.
const LONGEST_WAIT: Duration = Duration::from_hours(31 * 24);

/// From whom documents are hidden in a history that is theirs to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// The patient: what has yet to be announced.
    Holder,
    /// Whoever acts for the patient: that, and what is hidden from representatives.
    Representative,
}

/// The documents that are hidden from an audience now.
#[derive(Debug, Clone)]
pub struct Hidden {
    audience: Audience,
    now: Timestamp,
    /// By which settings, by their names in the trail.
    documents: BTreeMap<String, BTreeSet<String>>,
    /// A setting was erased, and may have hidden any document.
    anything: bool,
}

/// One event of [`KINDS`], in the order of the log.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// Which producer delivered it.
    pub source: &'a str,
    /// What happened.
    pub kind: EventKind,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// The event; none: its payload was erased.
    pub event: Option<&'a Event>,
}

/// How much of an event is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Share {
    /// All of it.
    Whole,
    /// This: what was asked for of hidden documents is left out.
    Part(Box<Event>),
    /// Nothing.
    Nothing,
}

impl Audience {
    /// Whether settings of this name hide documents from them.
    fn is_kept_from(self, visibility: &str) -> bool {
        match visibility {
            "hidden_from_patient" => true,
            "hidden_from_representatives" => self == Self::Representative,
            _ => false,
        }
    }
}

impl Hidden {
    /// Nothing is hidden from them yet.
    #[must_use]
    pub const fn from(audience: Audience, now: Timestamp) -> Self {
        Self {
            audience,
            now,
            documents: BTreeMap::new(),
            anything: false,
        }
    }

    /// Takes in the next event.
    pub fn take(&mut self, told: Told<'_>) {
        let had_no_effect = |event: &Event| event.outcome != Outcome::Success;
        if told.source != TELLER || told.event.is_some_and(had_no_effect) {
            return;
        }
        match (told.kind, told.event) {
            (EventKind::MaskSet, Some(event)) => self.set(event),
            (EventKind::MaskSet, None) => self.anything |= self.may_hide_still(told.recorded_at),
            (EventKind::MaskRemoved, Some(event)) => self.removed(event),
            // What it showed is not known any more, and stays hidden.
            _ => {}
        }
    }

    fn set(&mut self, event: &Event) {
        let visibility = event.after.get("visibility");
        let Some(visibility) = visibility.filter(|name| self.audience.is_kept_from(name)) else {
            return;
        };
        let release_at = event.after.get("release_at");
        let release_at = release_at.and_then(|at| Timestamp::parse_rfc3339(at).ok());
        let is_released = release_at.is_some_and(|release_at| release_at <= self.now);
        if let Some(document) = subject(event).filter(|_| !is_released) {
            let settings = self.documents.entry(document.to_owned()).or_default();
            settings.insert(visibility.clone());
        }
    }

    fn removed(&mut self, event: &Event) {
        let removed = subject(event).zip(event.before.get("visibility"));
        let Some((document, visibility)) = removed else {
            return;
        };
        if let Some(settings) = self.documents.get_mut(document) {
            settings.remove(visibility);
        }
    }

    /// Whether a setting of which nothing is known but when it was recorded may hide a document.
    fn may_hide_still(&self, recorded_at: Timestamp) -> bool {
        match self.audience {
            Audience::Holder => self.now < recorded_at.saturating_add(LONGEST_WAIT),
            Audience::Representative => true,
        }
    }

    fn hides(&self, document: &str) -> bool {
        let settings = self.documents.get(document);
        self.anything || settings.is_some_and(|settings| !settings.is_empty())
    }

    /// How much of this event the audience is told.
    #[must_use]
    pub fn share_of(&self, event: &Event) -> Share {
        if subject(event).is_some_and(|document| self.hides(document)) {
            return Share::Nothing;
        }
        let asked = event.documents.iter();
        let hidden = asked.filter(|document| self.hides(document.id.as_str()));
        let hidden = hidden.count();
        if hidden == 0 {
            return Share::Whole;
        }
        // A patient always reads who opened their record. A representative would learn from it
        // that there is something that they may not see; but not in an emergency, of which all
        // are told at once.
        let is_of_hidden_alone = hidden == event.documents.len();
        let is_theirs_to_know = self.audience == Audience::Holder || is_emergency(event);
        if is_of_hidden_alone && !is_theirs_to_know {
            return Share::Nothing;
        }
        let mut part = event.clone();
        let documents = &mut part.documents;
        documents.retain(|document| !self.hides(document.id.as_str()));
        Share::Part(Box::new(part))
    }
}

/// Whether something of an event may ever be kept from somebody.
#[must_use]
pub fn may_withhold(event: &Event) -> bool {
    !event.documents.is_empty() || subject(event).is_some()
}

/// The document that an event is about, if it is about one.
fn subject(event: &Event) -> Option<&str> {
    let subject = event.subject.as_ref()?;
    (subject.kind == DOCUMENT).then_some(subject.id.as_str())
}

fn is_emergency(event: &Event) -> bool {
    let mode = event.decision.as_ref().map(|decision| decision.mode);
    mode.is_some_and(AccessMode::is_emergency)
}

#[cfg(test)]
mod tests;
