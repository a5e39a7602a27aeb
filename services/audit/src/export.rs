//! A history as a file: FHIR, comma-separated values, or receipts. Pure.
//!
//! Whatever the form, each event comes with its canonical bytes and its receipt, so that
//! whoever gets the file can check it with the log's public key alone.

mod csv;
mod fhir;
mod reading;

pub use reading::{Reading, Shown, ShownOtherwise, Unreadable, read};

use aval_merkle_log::receipt::Receipt;
use serde_json::json;

use crate::entry::Entry;
use crate::sentence::Reader;

/// In what form a history leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// FHIR R4 after IHE BALP, one resource a line.
    BalpNdjson,
    /// FHIR R4 after IHE BALP, one Bundle.
    BalpBundle,
    /// FHIR R4 after ANS `TdE`, one resource a line.
    TdeNdjson,
    /// FHIR R4 after ANS `TdE`, one Bundle.
    TdeBundle,
    /// Comma-separated values (RFC 4180), with a header line.
    Csv,
    /// Canonical events with their receipts, one JSON object a line.
    Receipts,
}

/// An event on its way into a file.
#[derive(Debug, Clone, Copy)]
pub struct Exported<'a> {
    /// The event.
    pub entry: &'a Entry,
    /// Its receipt.
    pub receipt: &'a Receipt,
    /// For whom it is put into words.
    pub reader: Reader,
}

/// Why a file does not tell an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Untold {
    /// What it told was erased.
    Erased,
    /// Something of it is kept from whoever has the file, for now.
    Withheld,
}

impl Format {
    /// The form's name, as the trail keeps it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::BalpNdjson => "fhir-balp-ndjson",
            Self::BalpBundle => "fhir-balp-bundle",
            Self::TdeNdjson => "fhir-tde-ndjson",
            Self::TdeBundle => "fhir-tde-bundle",
            Self::Csv => "csv",
            Self::Receipts => "receipts",
        }
    }

    /// What stands before the first event.
    #[must_use]
    pub fn beginning(self) -> String {
        match self {
            Self::BalpNdjson | Self::TdeNdjson | Self::Receipts => String::new(),
            Self::BalpBundle | Self::TdeBundle => {
                r#"{"resourceType":"Bundle","type":"collection","entry":["#.to_owned()
            }
            Self::Csv => csv::header(),
        }
    }

    /// One event. `is_first` says whether another stands before it.
    #[must_use]
    pub fn event(self, exported: Exported<'_>, is_first: bool) -> String {
        match self {
            Self::BalpNdjson => format!("{}\n", fhir::balp(exported)),
            Self::TdeNdjson => format!("{}\n", fhir::tde(exported)),
            Self::BalpBundle => bundled(exported, &fhir::balp(exported), is_first),
            Self::TdeBundle => bundled(exported, &fhir::tde(exported), is_first),
            Self::Csv => csv::record(exported),
            Self::Receipts => {
                let canonical = String::from_utf8_lossy(&exported.entry.canonical);
                let line = json!({
                    "canonical_event": canonical,
                    "receipt": exported.receipt.format(),
                });
                format!("{line}\n")
            }
        }
    }

    /// What stands of an event that is not told: its receipt, which proves the leaf alone, in
    /// a file that is made to be verified; in the others, nothing.
    #[must_use]
    pub fn untold(self, why: Untold, receipt: &Receipt) -> String {
        if self != Self::Receipts {
            return String::new();
        }
        let line = match why {
            Untold::Erased => json!({ "erased": true, "receipt": receipt.format() }),
            Untold::Withheld => json!({ "withheld": true, "receipt": receipt.format() }),
        };
        format!("{line}\n")
    }

    /// What stands after the last event.
    #[must_use]
    pub const fn end(self) -> &'static str {
        match self {
            Self::BalpNdjson | Self::TdeNdjson | Self::Receipts | Self::Csv => "",
            Self::BalpBundle | Self::TdeBundle => "]}\n",
        }
    }
}

fn bundled(exported: Exported<'_>, resource: &serde_json::Value, is_first: bool) -> String {
    let entry = json!({
        "fullUrl": format!("urn:uuid:{}", exported.entry.event.event_id),
        "resource": resource,
    });
    let comma = if is_first { "" } else { "," };
    format!("{comma}{entry}")
}

#[cfg(test)]
mod tests;
