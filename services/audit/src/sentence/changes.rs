//! What `before` and `after` of an event say, by the names of the contract's fields.
//!
//! Producers write values as text: classes as their codes joined by commas, instants
//! in RFC 3339, truths as `true` and `false`. A value that cannot be read is not
//! shown.

use std::collections::BTreeMap;

use aval_domain::access::GroundKind;
use aval_domain::document::DocumentClass;
use aval_domain::event::Event;
use aval_domain::time::Timestamp;

/// One of the two sides of a change.
#[derive(Debug, Clone, Copy)]
pub(super) struct Side<'a>(&'a BTreeMap<String, String>);

/// Whoever was given or denied something, as far as the event tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grantee<'a> {
    /// By the name that the producer gave.
    Named(&'a str),
    /// Some professional.
    Professional,
    /// Everybody of some organization.
    Organization,
    /// Nothing tells.
    Unknown,
}

/// For whom a document is visible or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Visibility {
    Masked,
    HiddenFromOne,
    RevealedToOne,
    HiddenFromPatient,
    HiddenFromRepresentatives,
}

/// The values before.
pub(super) const fn before(event: &Event) -> Side<'_> {
    Side(&event.before)
}

/// The values after.
pub(super) const fn after(event: &Event) -> Side<'_> {
    Side(&event.after)
}

/// Whoever was given or denied something.
pub(super) fn grantee(event: &Event) -> Grantee<'_> {
    let tells = |name| after_or_before(event, name);
    match tells("grantee_name") {
        Some(name) => Grantee::Named(name),
        None if tells("organization_id").is_some() => Grantee::Organization,
        None if tells("practitioner_id").or(tells("rpps")).is_some() => Grantee::Professional,
        None => Grantee::Unknown,
    }
}

/// Whether a professional known by their number alone is now known to the directory.
pub(super) fn became_known(event: &Event) -> bool {
    before(event).text("rpps").is_some() && after(event).text("practitioner_id").is_some()
}

/// A value after the change, or else before it.
pub(super) fn after_or_before<'a>(event: &'a Event, name: &str) -> Option<&'a str> {
    after(event).text(name).or_else(|| before(event).text(name))
}

impl<'a> Side<'a> {
    /// A text that is there and not empty.
    pub(super) fn text(self, name: &str) -> Option<&'a str> {
        let value = self.0.get(name)?.trim();
        (!value.is_empty()).then_some(value)
    }

    /// The classes of documents, without those that are not known.
    pub(super) fn document_classes(self) -> Vec<DocumentClass> {
        let codes = self.text("document_classes").unwrap_or_default();
        let codes = codes.split([',', ' ']);
        codes.filter_map(DocumentClass::from_code).collect()
    }

    /// The end of a period.
    pub(super) fn until(self) -> Option<Timestamp> {
        Timestamp::parse_rfc3339(self.text("until_at")?).ok()
    }

    /// From when on it holds.
    pub(super) fn effective_at(self) -> Option<Timestamp> {
        Timestamp::parse_rfc3339(self.text("effective_at")?).ok()
    }

    /// Whether a reading rests on the quality of treating doctor.
    pub(super) fn is_of_treating_doctor(self) -> bool {
        self.text("ground") == Some(GroundKind::TreatingDoctor.code())
    }

    /// A truth.
    pub(super) fn truth(self, name: &str) -> Option<bool> {
        self.text(name)?.parse().ok()
    }

    /// For whom a document is visible or not.
    pub(super) fn visibility(self) -> Option<Visibility> {
        match self.text("visibility")? {
            "masked" => Some(Visibility::Masked),
            "hidden_from_one" => Some(Visibility::HiddenFromOne),
            "revealed_to_one" => Some(Visibility::RevealedToOne),
            "hidden_from_patient" => Some(Visibility::HiddenFromPatient),
            "hidden_from_representatives" => Some(Visibility::HiddenFromRepresentatives),
            _ => None,
        }
    }
}
