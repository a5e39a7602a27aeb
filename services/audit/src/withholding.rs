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
use aval_domain::event::{Event, EventDocument, EventKind, Outcome};
use aval_domain::id::PatientId;
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
    /// By which settings, each with the identifier of the patient under which it stands.
    documents: BTreeMap<String, BTreeSet<(PatientId, Hiding)>>,
    /// A setting was erased, and may have hidden any document.
    anything: bool,
}

/// From whom a setting hides a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Hiding {
    FromPatient,
    FromRepresentatives,
}

/// One event of [`KINDS`], in the order of the log.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// Which producer delivered it.
    pub source: &'a str,
    /// Under which of the human's identifiers it stands.
    pub under: PatientId,
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
    /// This, without the documents that are hidden.
    Part(Box<Event>),
    /// Nothing.
    Nothing,
}

impl Hiding {
    /// What settings of this name, in the trail, hide.
    fn named(visibility: &str) -> Option<Self> {
        match visibility {
            "hidden_from_patient" => Some(Self::FromPatient),
            "hidden_from_representatives" => Some(Self::FromRepresentatives),
            _ => None,
        }
    }

    fn is_from(self, audience: Audience) -> bool {
        self == Self::FromPatient || audience == Audience::Representative
    }
}

impl Hidden {
    /// Of an audience from whom nothing is hidden yet.
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
            (EventKind::MaskSet, Some(event)) => self.set(&told, event),
            (EventKind::MaskSet, None) => self.anything |= self.may_hide_still(told.recorded_at),
            (EventKind::MaskRemoved, Some(event)) => self.removed(&told, event),
            // What it showed is not known any more, and stays hidden.
            _ => {}
        }
    }

    fn set(&mut self, told: &Told<'_>, event: &Event) {
        let Some((document, hiding)) = setting(event, &event.after) else {
            return;
        };
        let release_at = match hiding {
            Hiding::FromRepresentatives => None,
            Hiding::FromPatient => {
                let written = event.after.get("release_at");
                let written = written.and_then(|at| Timestamp::parse_rfc3339(at).ok());
                Some(written.unwrap_or_else(|| told.recorded_at.saturating_add(LONGEST_WAIT)))
            }
        };
        let is_over = release_at.is_some_and(|release_at| release_at <= self.now);
        if hiding.is_from(self.audience) && !is_over {
            let settings = self.documents.entry(document.to_owned()).or_default();
            settings.insert((told.under, hiding));
        }
    }

    /// Consent takes a setting back under the identifier under which it stands.
    fn removed(&mut self, told: &Told<'_>, event: &Event) {
        let Some((document, hiding)) = setting(event, &event.before) else {
            return;
        };
        if let Some(settings) = self.documents.get_mut(document) {
            settings.remove(&(told.under, hiding));
        }
    }

    /// Whether a setting of which nothing is known but when it was recorded may hide a document.
    fn may_hide_still(&self, recorded_at: Timestamp) -> bool {
        match self.audience {
            Audience::Holder => self.now < recorded_at.saturating_add(LONGEST_WAIT),
            Audience::Representative => true,
        }
    }

    fn is_known_to_hide(&self, document: &str) -> bool {
        let settings = self.documents.get(document);
        settings.is_some_and(|settings| !settings.is_empty())
    }

    fn hides(&self, document: &str) -> bool {
        self.anything || self.is_known_to_hide(document)
    }

    /// Whether the patient, or a professional for them, keeps it from representatives for good.
    fn is_secret(&self, document: &str) -> bool {
        let settings = self.documents.get(document).into_iter().flatten();
        let mut hidings = settings.map(|(_, hiding)| *hiding);
        hidings.any(|hiding| hiding == Hiding::FromRepresentatives)
    }

    /// How much of this event the audience is told.
    #[must_use]
    pub fn share_of(&self, event: &Event) -> Share {
        if subject(event).is_some_and(|document| self.is_known_to_hide(document)) {
            return Share::Nothing;
        }
        let mut part = event.clone();
        if self.anything {
            part.subject.take_if(|subject| subject.kind == DOCUMENT);
        }
        let documents = &mut part.documents;
        documents.retain(|document| !self.hides(document.id.as_str()));
        if part == *event {
            return Share::Whole;
        }
        // Whoever opened the record is told to the patient always, and to all in an emergency, of
        // which all are told at once. A minor may be seen in secret.
        if self.is_of_secrets(event) && !is_emergency(event) {
            return Share::Nothing;
        }
        Share::Part(Box::new(part))
    }

    /// Whether nothing but documents that are secret explains how an access was decided: who reads
    /// the rest of it would know that there are some.
    fn is_of_secrets(&self, event: &Event) -> bool {
        let is_permitted = event.outcome == Outcome::Success;
        let explains = |document: &&EventDocument| document.permitted || !is_permitted;
        let (secret, others): (Vec<_>, Vec<_>) = event
            .documents
            .iter()
            .partition(|document| self.is_secret(document.id.as_str()));
        !secret.is_empty() && !others.iter().any(explains)
    }
}

/// The document of a setting, and from whom it hides it; none of another setting.
fn setting<'a>(event: &'a Event, fields: &BTreeMap<String, String>) -> Option<(&'a str, Hiding)> {
    let hiding = Hiding::named(fields.get("visibility")?)?;
    Some((subject(event)?, hiding))
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
