//! An export read again, by whoever checks it: what it holds as evidence, and whether all that
//! it shows is what its evidence says. Pure.
//!
//! Every form carries an event's canonical bytes and receipt. What else it shows follows from
//! these, so it is written once more from them and must come out the same: nothing that a
//! reader of the file sees is believed for itself.

use aval_domain::event::Event;
use aval_merkle_log::leaf::leaf_hash;
use aval_merkle_log::receipt::{Receipt, ReceiptError};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::Value;

use super::{Exported, Format, Untold, csv, fhir};
use crate::entry::{Altered, Columns, Content, Entry, Salt, StoredEntry};
use crate::sentence::Reader;

/// Why a file, or an event of it, cannot be read as what was exported.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It is in none of the forms.
    #[error("not as an export begins, in any of its forms")]
    NoForm,
    /// It is not as its form has it.
    #[error("expected {0}")]
    Malformed(&'static str),
    /// Its receipt is none.
    #[error(transparent)]
    Receipt(#[from] ReceiptError),
}

/// Why an event is not shown as the log recorded it.
#[derive(Debug, thiserror::Error)]
pub enum ShownOtherwise {
    /// The canonical bytes tell what this program does not know.
    #[error("the event is in a form that this program does not know")]
    Unknown(#[source] serde_json::Error),
    /// The canonical bytes and the leaf of the receipt are of two events.
    #[error(transparent)]
    Altered(#[from] Altered),
    /// What is shown does not follow from the canonical bytes and the receipt.
    #[error("{0} is not what the log recorded")]
    Differs(String),
}

/// One event of a file, before anything of it is believed.
#[derive(Debug)]
pub struct Shown<'a> {
    /// The line at which it begins, from 1.
    pub line: usize,
    /// Its receipt.
    pub receipt: Receipt,
    /// Its canonical bytes, or why it has none, as whoever exported it says.
    pub canonical: Result<Vec<u8>, Untold>,
    format: Format,
    text: &'a str,
}

/// The events of a file, one after the other.
#[derive(Debug)]
pub struct Reading<'a> {
    format: Format,
    rest: &'a str,
    line: usize,
    is_first: bool,
    is_over: bool,
}

/// A line of an export of receipts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    canonical_event: Option<String>,
    #[serde(default)]
    erased: bool,
    #[serde(default)]
    withheld: bool,
    receipt: String,
}

/// The events of a file in whatever form it is.
pub fn read(file: &str) -> Result<Reading<'_>, Unreadable> {
    let format = form_of(file).ok_or(Unreadable::NoForm)?;
    let beginning = format.beginning();
    let rest = file.strip_prefix(&beginning).ok_or(Unreadable::NoForm)?;
    Ok(Reading {
        format,
        rest,
        line: 1 + beginning.matches('\n').count(),
        is_first: true,
        is_over: false,
    })
}

/// The form by its beginning. Which of the two renderings in FHIR it is the first event says;
/// if that lies, nothing comes out as it is shown.
fn form_of(file: &str) -> Option<Format> {
    if file.is_empty() {
        return Some(Format::Receipts);
    }
    if file.starts_with(&Format::Csv.beginning()) {
        return Some(Format::Csv);
    }
    let is_tde = |resource: &Value| resource["meta"]["profile"][0] == fhir::TDE_PROFILE;
    let first = |text: &str| serde_json::Deserializer::from_str(text).into_iter().next();
    if let Some(entries) = file.strip_prefix(&Format::BalpBundle.beginning()) {
        let entry: Option<Result<Value, _>> = first(entries);
        let entry = entry.and_then(Result::ok);
        return Some(match entry {
            Some(entry) if is_tde(&entry["resource"]) => Format::TdeBundle,
            _ => Format::BalpBundle,
        });
    }
    let line: Value = first(file)?.ok()?;
    if line.get("receipt").is_some() {
        return Some(Format::Receipts);
    }
    (line["resourceType"] == "AuditEvent").then(|| {
        if is_tde(&line) {
            Format::TdeNdjson
        } else {
            Format::BalpNdjson
        }
    })
}

impl<'a> Iterator for Reading<'a> {
    type Item = Result<Shown<'a>, Unreadable>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let line = self.line;
        match self.piece() {
            Ok(Some(text)) => Some(Shown::read(self.format, text, line)),
            Ok(None) => None,
            Err(unreadable) => {
                // Where the next event begins is not known.
                self.is_over = true;
                Some(Err(unreadable))
            }
        }
    }
}

impl<'a> Reading<'a> {
    /// Its form.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.format
    }

    /// The line that is read next, from 1.
    #[must_use]
    pub const fn line(&self) -> usize {
        self.line
    }

    /// The text of the next event.
    fn piece(&mut self) -> Result<Option<&'a str>, Unreadable> {
        if self.rest == self.format.end() {
            self.is_over = true;
            return Ok(None);
        }
        let length = match self.format {
            Format::Csv => csv::record_length(self.rest),
            Format::BalpBundle | Format::TdeBundle => {
                self.take_comma()?;
                entry_length(self.rest)
            }
            Format::BalpNdjson | Format::TdeNdjson | Format::Receipts => {
                self.rest.find('\n').map(|end| end + 1)
            }
        };
        let length = length.ok_or(Unreadable::Malformed("a whole event"))?;
        let (text, rest) = self.rest.split_at(length);
        self.rest = rest;
        self.line += text.matches('\n').count();
        self.is_first = false;
        Ok(Some(text))
    }

    fn take_comma(&mut self) -> Result<(), Unreadable> {
        if !self.is_first {
            let rest = self.rest.strip_prefix(',');
            self.rest = rest.ok_or(Unreadable::Malformed("a comma, or the end"))?;
        }
        Ok(())
    }
}

/// How long the JSON value is with which the text begins.
fn entry_length(text: &str) -> Option<usize> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    values.next()?.ok()?;
    text.starts_with('{').then(|| values.byte_offset())
}

impl<'a> Shown<'a> {
    fn read(format: Format, text: &'a str, line: usize) -> Result<Self, Unreadable> {
        let (canonical, receipt) = match format {
            Format::Receipts => of_receipts(text)?,
            Format::Csv => of_csv(text)?,
            Format::BalpNdjson | Format::TdeNdjson => of_fhir(&json(text)?)?,
            Format::BalpBundle | Format::TdeBundle => of_fhir(&json(text)?["resource"])?,
        };
        Ok(Self {
            line,
            receipt: Receipt::parse(&receipt)?,
            canonical,
            format,
            text,
        })
    }

    /// The event, if it is shown as the log recorded it: all of what is shown, sentences too,
    /// for one reader or the other. Of one that is not told, why it is not. The receipt is
    /// verified by whoever calls.
    pub fn as_recorded(&self) -> Result<Result<Event, Untold>, ShownOtherwise> {
        let canonical = match &self.canonical {
            Ok(canonical) => canonical,
            Err(untold) => return Ok(Err(*untold)),
        };
        let entry = self.entry(canonical)?;
        if self.format == Format::Receipts {
            // It shows nothing beside its evidence.
            return Ok(Ok(entry.event));
        }
        let written = |reader| {
            let exported = Exported {
                entry: &entry,
                receipt: &self.receipt,
                reader,
            };
            self.format.event(exported, true)
        };
        let [holder, somebody] = [Reader::Holder, Reader::SomebodyElse].map(written);
        if self.text != holder && self.text != somebody {
            let nearer = self.differs(&holder, &somebody);
            return Err(ShownOtherwise::Differs(nearer));
        }
        Ok(Ok(entry.event))
    }

    fn entry(&self, canonical: &[u8]) -> Result<Entry, ShownOtherwise> {
        let event: Event = serde_json::from_slice(canonical).map_err(ShownOtherwise::Unknown)?;
        let stored = StoredEntry {
            log_index: self.receipt.index,
            leaf: self.receipt.leaf.clone(),
            leaf_hash: leaf_hash(&self.receipt.leaf),
            columns: Columns::of(&event),
            content: Content::Told {
                canonical: canonical.to_vec(),
                // Without a salt no event was verified.
                salt: Salt(self.receipt.salt.unwrap_or_default()),
            },
        };
        Ok(stored.open()?)
    }

    /// What differs, by its name and not by its value: a column, or a member.
    fn differs(&self, holder: &str, somebody: &str) -> String {
        let found = match self.format {
            Format::Csv => csv::differing(self.text, holder, somebody).map(str::to_owned),
            _ => json(self.text)
                .ok()
                .zip(serde_json::from_str(holder).ok())
                .and_then(|(shown, written)| fhir::differing(&shown, &written)),
        };
        found.unwrap_or_else(|| "how it is written".to_owned())
    }
}

type Evidence = (Result<Vec<u8>, Untold>, Vec<u8>);

fn json(text: &str) -> Result<Value, Unreadable> {
    serde_json::from_str(text).map_err(|_| Unreadable::Malformed("a JSON value"))
}

fn of_receipts(text: &str) -> Result<Evidence, Unreadable> {
    let expected = "an event with its receipt, or that of an erased or a withheld one";
    let line: Line = serde_json::from_str(text).map_err(|_| Unreadable::Malformed(expected))?;
    let receipt = line.receipt.into_bytes();
    match (line.canonical_event, line.erased, line.withheld) {
        (Some(canonical), false, false) => Ok((Ok(canonical.into_bytes()), receipt)),
        (None, true, false) => Ok((Err(Untold::Erased), receipt)),
        (None, false, true) => Ok((Err(Untold::Withheld), receipt)),
        _ => Err(Unreadable::Malformed(expected)),
    }
}

fn of_csv(text: &str) -> Result<Evidence, Unreadable> {
    let fields = csv::fields(text).ok_or(Unreadable::Malformed("a field for each column"))?;
    let mut last = fields.iter().rev().map(|field| STANDARD.decode(field).ok());
    let receipt = last.next().flatten();
    let canonical = last.next().flatten();
    let evidence = canonical.zip(receipt);
    let expected = "a canonical event and its receipt in base64";
    let (canonical, receipt) = evidence.ok_or(Unreadable::Malformed(expected))?;
    Ok((Ok(canonical), receipt))
}

fn of_fhir(resource: &Value) -> Result<Evidence, Unreadable> {
    let expected = "an AuditEvent with a canonical event and its receipt as extensions";
    let extension = |name: &str| fhir::extension(resource, name);
    let evidence = extension("canonical-event").zip(extension("receipt"));
    let (canonical, receipt) = evidence.ok_or(Unreadable::Malformed(expected))?;
    Ok((Ok(canonical), receipt))
}
