//! The English words that change with who acts and who reads.

use aval_domain::document::DocumentClass;
use aval_domain::event::{Actor, Event};
use aval_domain::time::Timestamp;

use super::labels;
use crate::sentence::changes::{Grantee, Side, Visibility, became_known, grantee};
use crate::sentence::paris_time::ParisTime;
use crate::sentence::{Reader, Who, named};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The words of one event for one reader.
pub(super) struct Words<'a> {
    event: &'a Event,
    pub(super) reader: Reader,
    /// Whether no person acted, as far as the event tells.
    pub(super) is_of_service: bool,
    /// Who acted: "You", "Dr … (doctor, CH …)".
    pub(super) who: String,
    /// "your record".
    pub(super) record: &'static str,
    /// "your consent".
    pub(super) consent: &'static str,
    /// "your care".
    pub(super) care: &'static str,
    /// "your identity".
    pub(super) identity: &'static str,
    /// "on your behalf".
    pub(super) on_behalf_of_holder: &'static str,
    /// Whose history was read.
    pub(super) history: &'static str,
}

impl<'a> Words<'a> {
    pub(super) fn new(event: &'a Event, reader: Reader) -> Self {
        let actor = Who::acted_in(event);
        let choose = |holder, their_own, other| match (reader, actor) {
            (Reader::Holder, _) => holder,
            (Reader::SomebodyElse, Who::Holder) => their_own,
            (Reader::SomebodyElse, _) => other,
        };
        let record = choose("your record", "their record", "the patient's record");
        let history = match event.patient_id {
            Some(_) => record,
            None if matches!(actor, Who::Service(_)) => "the whole platform",
            None => "their own activity",
        };
        Self {
            event,
            reader,
            is_of_service: matches!(actor, Who::Service(_)),
            who: who(actor, reader),
            record,
            consent: choose("your consent", "their consent", "the patient's consent"),
            care: choose("your care", "their care", "the patient's care"),
            identity: choose("your identity", "their identity", "the patient's identity"),
            on_behalf_of_holder: choose(
                "on your behalf",
                "on their behalf",
                "on the patient's behalf",
            ),
            history,
        }
    }

    /// Whoever was given or denied something.
    pub(super) fn grantee(&self) -> &'a str {
        match grantee(self.event) {
            Grantee::Named(name) => name,
            Grantee::Professional => "a health professional",
            Grantee::Organization => "a health organization",
            Grantee::Unknown => "a health professional or organization",
        }
    }

    /// " for …", where somebody declared for another.
    pub(super) fn on_behalf(&self) -> String {
        let Actor::Practitioner { display_name, .. } = &self.event.actor else {
            return String::new();
        };
        match grantee(self.event) {
            Grantee::Named(name) if name != display_name => format!(" for {name}"),
            _ => String::new(),
        }
    }

    /// For whom a document is visible or not.
    pub(super) fn visibility(&self, side: Side<'_>) -> String {
        let one = self.grantee();
        match side.visibility() {
            Some(Visibility::Masked) => ": hidden from professionals".to_owned(),
            Some(Visibility::HiddenFromOne) => format!(": hidden from {one}"),
            Some(Visibility::RevealedToOne) => format!(": visible to {one}"),
            Some(Visibility::HiddenFromPatient) => {
                ": hidden until a consultation to announce it".to_owned()
            }
            Some(Visibility::HiddenFromRepresentatives) => {
                ": hidden from representatives".to_owned()
            }
            None => String::new(),
        }
    }

    /// ": documents: … (before: …); end: …": what changed in a grant.
    pub(super) fn changed_terms(&self, before: Side<'_>, after: Side<'_>) -> String {
        let mut changes = Vec::new();
        let (old, new) = (before.document_classes(), after.document_classes());
        if !new.is_empty() && old != new {
            let was = match old.as_slice() {
                [] => String::new(),
                old => format!(" (before: {})", list(old)),
            };
            changes.push(format!("documents: {}{was}", list(&new)));
        }
        let (old, new) = (before.until(), after.until());
        if old != new {
            let end = |end: Option<Timestamp>| end.map_or("none".to_owned(), instant);
            changes.push(format!("end: {} (before: {})", end(new), end(old)));
        }
        if became_known(self.event) {
            changes.push("the directory now knows this professional".to_owned());
        }
        if changes.is_empty() {
            return String::new();
        }
        format!(": {}", changes.join("; "))
    }
}

fn who(who: Who<'_>, reader: Reader) -> String {
    match (who, reader) {
        (Who::Holder, Reader::Holder) => "You".to_owned(),
        (Who::Holder, Reader::SomebodyElse) => "The patient".to_owned(),
        (Who::Representative, Reader::Holder) => "Your representative".to_owned(),
        (Who::Representative, Reader::SomebodyElse) => "The patient's representative".to_owned(),
        (Who::OtherPatient, _) => "Another person".to_owned(),
        (Who::Practitioner(actor), _) => practitioner(actor),
        (Who::Service(name), _) => service(name).to_owned(),
    }
}

fn practitioner(actor: &Actor) -> String {
    match actor {
        Actor::Practitioner {
            profession,
            organization_name,
            display_name,
            ..
        } => named(
            display_name,
            labels::profession(*profession),
            organization_name.as_deref(),
        ),
        Actor::Patient { .. } | Actor::Service { .. } => "A professional".to_owned(),
    }
}

fn service(name: &str) -> &'static str {
    match name {
        "identity" => "The identity service",
        "practitioner-directory" => "The directory service",
        "consent" => "The authorisation service",
        "audit" => "The trail service",
        "operator" => "An administrator of the platform",
        _ if name.starts_with("auditor/") => "An auditor of the platform",
        _ => "The platform",
    }
}

/// " (reports, imaging) until …": what a grant covers.
pub(super) fn terms(side: Side<'_>) -> String {
    let classes = side.document_classes();
    let classes = match classes.as_slice() {
        [] => String::new(),
        classes => format!(" ({})", list(classes)),
    };
    format!("{classes}{}", until(side.until()))
}

/// ": break-glass refused, …": what a patient opposes in advance.
pub(super) fn emergency_settings(side: Side<'_>) -> String {
    let setting = |name, label| {
        let opposed = side.truth(name)?;
        let word = if opposed { "refused" } else { "allowed" };
        Some(format!("{label} {word}"))
    };
    let settings: Vec<String> = [
        setting("opposes_break_glass", "break-glass"),
        setting("opposes_regulation_center", "access by SAMU-Centre 15"),
    ]
    .into_iter()
    .flatten()
    .collect();
    if settings.is_empty() {
        return String::new();
    }
    format!(": {}", settings.join(", "))
}

/// "the matrix of access rights 2027.1, in force from …".
pub(super) fn matrix(side: Side<'_>) -> String {
    let revision = side.text("matrix_revision");
    let revision = revision.map(|revision| format!(" {revision}"));
    let example = match side.truth("example") {
        Some(true) => " (an example, whose cells are made up)",
        _ => "",
    };
    let from = side.effective_at();
    let from = from.map(|from| format!(", in force from {}", instant(from)));
    format!(
        "the matrix of access rights{}{example}{}",
        revision.unwrap_or_default(),
        from.unwrap_or_default()
    )
}

/// " until …", or nothing.
pub(super) fn until(end: Option<Timestamp>) -> String {
    end.map(|end| format!(" until {}", instant(end)))
        .unwrap_or_default()
}

/// " as treating doctor", where that is the ground of a reading.
pub(super) fn as_treating_doctor(side: Side<'_>) -> &'static str {
    if side.is_of_treating_doctor() {
        " as treating doctor"
    } else {
        ""
    }
}

/// " Purpose given: “…”.", or nothing.
pub(super) fn purpose(words: Option<&str>) -> String {
    words
        .map(|words| format!(" Purpose given: “{words}”."))
        .unwrap_or_default()
}

/// "report, imaging".
pub(super) fn list(classes: &[DocumentClass]) -> String {
    let classes: Vec<&str> = classes.iter().map(|class| labels::class(*class)).collect();
    classes.join(", ")
}

pub(in crate::sentence) fn instant(at: Timestamp) -> String {
    let ParisTime { hour, minute, .. } = ParisTime::of(at);
    format!("{} at {hour:02}:{minute:02}, Paris time", day(at))
}

/// "3 March 2027", in Paris.
pub(super) fn day(at: Timestamp) -> String {
    let date = ParisTime::of(at).date;
    let month = MONTHS[usize::from(date.month()) - 1];
    format!("{} {month} {}", date.day(), date.year())
}
