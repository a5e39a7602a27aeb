//! The French words that change with who acts and who reads.

use aval_domain::document::DocumentClass;
use aval_domain::event::{Actor, Event};
use aval_domain::time::Timestamp;

use super::names::Bent;
use crate::sentence::changes::{Grantee, Side, Visibility, became_known, grantee};
use crate::sentence::paris_time::ParisTime;
use crate::sentence::{Reader, Who, named};

const MONTHS: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];

/// The words of one event for one reader.
pub(super) struct Words<'a> {
    event: &'a Event,
    pub(super) reader: Reader,
    /// Whether no person acted, as far as the event tells.
    pub(super) is_of_service: bool,
    /// Who acted, with the auxiliary: "Vous avez", "Dr … (Médecin, CH …) a".
    pub(super) has: String,
    /// "votre dossier".
    pub(super) record: &'static str,
    /// "de votre dossier".
    pub(super) of_record: &'static str,
    /// "à votre dossier".
    pub(super) to_record: &'static str,
    /// "votre consentement".
    pub(super) consent: &'static str,
    /// "votre prise en charge".
    pub(super) care: &'static str,
    /// "votre identité".
    pub(super) identity: &'static str,
    /// "en votre nom".
    pub(super) on_behalf_of_holder: &'static str,
    /// Whose history was read: "concernant votre dossier".
    pub(super) history: &'static str,
}

impl<'a> Words<'a> {
    pub(super) fn new(event: &'a Event, reader: Reader) -> Self {
        let who = Who::acted_in(event);
        let choose = |holder, their_own, other| match (reader, who) {
            (Reader::Holder, _) => holder,
            (Reader::SomebodyElse, Who::Holder) => their_own,
            (Reader::SomebodyElse, _) => other,
        };
        let history = if event.patient_id.is_some() {
            choose(
                "concernant votre dossier",
                "concernant son dossier",
                "concernant le dossier du patient",
            )
        } else if matches!(who, Who::Service(_)) {
            "de toute la plateforme"
        } else {
            "concernant sa propre activité"
        };
        Self {
            event,
            reader,
            is_of_service: matches!(who, Who::Service(_)),
            has: has(who, reader),
            record: choose("votre dossier", "son dossier", "le dossier du patient"),
            of_record: choose(
                "de votre dossier",
                "de son dossier",
                "du dossier du patient",
            ),
            to_record: choose("à votre dossier", "à son dossier", "au dossier du patient"),
            consent: choose(
                "votre consentement",
                "son consentement",
                "le consentement du patient",
            ),
            care: choose(
                "votre prise en charge",
                "sa prise en charge",
                "la prise en charge du patient",
            ),
            identity: choose("votre identité", "son identité", "l'identité du patient"),
            on_behalf_of_holder: choose("en votre nom", "en son nom", "au nom du patient"),
            history,
        }
    }

    /// Whoever was given or denied something.
    pub(super) fn grantee(&self) -> Bent {
        Bent::new(grantee(self.event))
    }

    /// " pour …", where somebody declared for another.
    pub(super) fn on_behalf(&self) -> String {
        let Actor::Practitioner { display_name, .. } = &self.event.actor else {
            return String::new();
        };
        match grantee(self.event) {
            Grantee::Named(name) if name != display_name => {
                format!(" pour {}", self.grantee().object)
            }
            _ => String::new(),
        }
    }

    /// For whom a document is visible or not.
    pub(super) fn visibility(&self, side: Side<'_>) -> String {
        let to = self.grantee().to;
        match side.visibility() {
            Some(Visibility::Masked) => " : masqué aux professionnels".to_owned(),
            Some(Visibility::HiddenFromOne) => format!(" : masqué {to}"),
            Some(Visibility::RevealedToOne) => format!(" : rendu visible {to}"),
            Some(Visibility::HiddenFromPatient) => {
                " : masqué dans l'attente d'une consultation d'annonce".to_owned()
            }
            Some(Visibility::HiddenFromRepresentatives) => " : masqué aux représentants".to_owned(),
            None => String::new(),
        }
    }

    /// " : documents : … (auparavant …) ; fin : …": what changed in a grant.
    pub(super) fn changed_terms(&self, before: Side<'_>, after: Side<'_>) -> String {
        let mut changes = Vec::new();
        let (old, new) = (before.document_classes(), after.document_classes());
        if !new.is_empty() && old != new {
            let was = match old.as_slice() {
                [] => String::new(),
                old => format!(" (auparavant {})", labels(old)),
            };
            changes.push(format!("documents : {}{was}", labels(&new)));
        }
        let (old, new) = (before.until(), after.until());
        if old != new {
            let end = |end: Option<Timestamp>| end.map_or("sans date de fin".to_owned(), instant);
            changes.push(format!("fin : {} (auparavant {})", end(new), end(old)));
        }
        if became_known(self.event) {
            changes.push("l'annuaire connaît désormais ce professionnel".to_owned());
        }
        if changes.is_empty() {
            return String::new();
        }
        format!(" : {}", changes.join(" ; "))
    }
}

fn has(who: Who<'_>, reader: Reader) -> String {
    match (who, reader) {
        (Who::Holder, Reader::Holder) => "Vous avez".to_owned(),
        (Who::Holder, Reader::SomebodyElse) => "Le patient a".to_owned(),
        (Who::Representative, Reader::Holder) => "Votre représentant a".to_owned(),
        (Who::Representative, Reader::SomebodyElse) => "Le représentant du patient a".to_owned(),
        (Who::OtherPatient, _) => "Une autre personne a".to_owned(),
        (Who::Practitioner(actor), _) => format!("{} a", practitioner(actor)),
        (Who::Service(name), _) => format!("{} a", service(name)),
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
            profession.label_fr(),
            organization_name.as_deref(),
        ),
        Actor::Patient { .. } | Actor::Service { .. } => "Un professionnel".to_owned(),
    }
}

fn service(name: &str) -> &'static str {
    match name {
        "identity" => "Le service d'identité",
        "practitioner-directory" => "Le service de l'annuaire",
        "consent" => "Le service des autorisations",
        "audit" => "Le service des traces",
        "operator" => "Un administrateur de la plateforme",
        _ if name.starts_with("auditor/") => "Un auditeur de la plateforme",
        _ => "La plateforme",
    }
}

/// " (compte rendu, imagerie médicale) jusqu'au …": what a grant covers.
pub(super) fn terms(side: Side<'_>) -> String {
    let classes = side.document_classes();
    let classes = match classes.as_slice() {
        [] => String::new(),
        classes => format!(" ({})", labels(classes)),
    };
    format!("{classes}{}", until(side.until()))
}

/// " : bris de glace refusé, …": what a patient opposes in advance.
pub(super) fn emergency_settings(side: Side<'_>) -> String {
    let setting = |name, label| {
        let opposed = side.truth(name)?;
        let word = if opposed { "refusé" } else { "permis" };
        Some(format!("{label} {word}"))
    };
    let settings: Vec<String> = [
        setting("opposes_break_glass", "bris de glace"),
        setting("opposes_regulation_center", "accès du SAMU-Centre 15"),
    ]
    .into_iter()
    .flatten()
    .collect();
    if settings.is_empty() {
        return String::new();
    }
    format!(" : {}", settings.join(", "))
}

/// "la matrice d'habilitation 2027.1, en vigueur à partir du …".
pub(super) fn matrix(side: Side<'_>) -> String {
    let revision = side.text("matrix_revision");
    let revision = revision.map(|revision| format!(" {revision}"));
    let example = match side.truth("example") {
        Some(true) => " (un exemple, dont les cases sont inventées)",
        _ => "",
    };
    let from = side.effective_at();
    let from = from.map(|from| format!(", en vigueur à partir du {}", instant(from)));
    format!(
        "la matrice d'habilitation{}{example}{}",
        revision.unwrap_or_default(),
        from.unwrap_or_default()
    )
}

/// " jusqu'au …", or nothing.
pub(super) fn until(end: Option<Timestamp>) -> String {
    end.map(|end| format!(" jusqu'au {}", instant(end)))
        .unwrap_or_default()
}

/// " en tant que médecin traitant", where that is the ground of a reading.
pub(super) fn as_treating_doctor(side: Side<'_>) -> &'static str {
    if side.is_of_treating_doctor() {
        " en tant que médecin traitant"
    } else {
        ""
    }
}

/// " Motif indiqué : « … ».", or nothing.
pub(super) fn purpose(words: Option<&str>) -> String {
    words
        .map(|words| format!(" Motif indiqué : « {words} »."))
        .unwrap_or_default()
}

/// "compte rendu, imagerie médicale".
pub(super) fn labels(classes: &[DocumentClass]) -> String {
    let labels: Vec<String> = classes
        .iter()
        .map(|class| class.label_fr().to_lowercase())
        .collect();
    labels.join(", ")
}

pub(in crate::sentence) fn instant(at: Timestamp) -> String {
    let ParisTime { hour, minute, .. } = ParisTime::of(at);
    format!("{} à {hour} h {minute:02}, heure de Paris", day(at))
}

/// "3 mars 2027", à Paris.
pub(super) fn day(at: Timestamp) -> String {
    let date = ParisTime::of(at).date;
    let month = MONTHS[usize::from(date.month()) - 1];
    let day = match date.day() {
        1 => "1er".to_owned(),
        day => day.to_string(),
    };
    format!("{day} {month} {}", date.year())
}
