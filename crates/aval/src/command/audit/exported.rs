//! Exports, checked offline: each event's receipt, and that the file shows what it proves.

use std::fmt;
use std::path::Path;

use aval_audit::export::{self, Format, Reading, Shown, Unreadable, Untold};
use aval_domain::event::Event;
use aval_merkle_log::checkpoint::{Checkpoint, Policy};
use aval_merkle_log::leaf::LeafContent;
use aval_merkle_log::note::SignedNote;
use aval_merkle_log::receipt::Evidence;
use serde_json::json;

use super::read;
use super::states::States;
use crate::language::say;
use crate::output::{Output, Rows};

/// An event of an export, proved.
#[derive(Debug)]
pub(super) struct Proved {
    /// Its place in the log.
    pub(super) leaf: LeafContent,
    /// What happened, or why that is not told, as whoever exported it says.
    pub(super) event: Result<Event, Untold>,
}

/// Where an event stands in an export.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    number: u64,
    line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, line } = self;
        write!(formatter, "event {number} of the export, line {line}")
    }
}

/// An export that is being checked.
struct Checking<'a> {
    policy: &'a Policy,
    states: &'a mut States,
    /// The checkpoint that was opened last: as a rule all receipts of an export have one.
    last: Option<(SignedNote, Checkpoint)>,
}

/// Begins to read an export, in whatever form it is.
pub(super) fn begin(export: &[u8]) -> anyhow::Result<Reading<'_>> {
    let text = str::from_utf8(export).map_err(|_| Unreadable::Malformed("UTF-8"))?;
    Ok(export::read(text)?)
}

/// The state of the log of which an export is, as its first receipt says; none: it is no
/// export, or an empty one.
pub(super) fn checkpoint(export: &[u8]) -> Option<SignedNote> {
    let first = begin(export).ok()?.next()?;
    Some(first.ok()?.receipt.checkpoint)
}

/// Proves one event of an export after the other.
pub(super) fn each(
    mut reading: Reading<'_>,
    states: &mut States,
    policy: &Policy,
    mut take: impl FnMut(Place, anyhow::Result<Proved>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut checking = Checking {
        policy,
        states,
        last: None,
    };
    for number in 1.. {
        let line = reading.line();
        let Some(shown) = reading.next() else {
            break;
        };
        let proved = shown.map_err(anyhow::Error::from);
        let proved = proved.and_then(|shown| checking.prove(&shown));
        take(Place { number, line }, proved)?;
    }
    Ok(())
}

impl Checking<'_> {
    fn prove(&mut self, shown: &Shown<'_>) -> anyhow::Result<Proved> {
        let checkpoint = self.open(&shown.receipt.checkpoint)?;
        let canonical = shown.canonical.as_deref();
        let evidence = canonical.map_or(Evidence::LeafOnly, Evidence::Event);
        shown.receipt.verify_in(evidence, &checkpoint)?;
        self.states.take(&checkpoint)?;
        Ok(Proved {
            leaf: shown.receipt.leaf.clone(),
            event: shown.as_recorded()?,
        })
    }

    fn open(&mut self, note: &SignedNote) -> anyhow::Result<Checkpoint> {
        if let Some((_, checkpoint)) = self.last.as_ref().filter(|(last, _)| last == note) {
            return Ok(checkpoint.clone());
        }
        let checkpoint = self.states.open(note, self.policy)?;
        self.last = Some((note.clone(), checkpoint.clone()));
        Ok(checkpoint)
    }
}

/// What was found in an export.
#[derive(Debug, Default)]
struct Found {
    told: u64,
    erased: u64,
    withheld: u64,
    refuted: u64,
    first: Option<(Place, anyhow::Error)>,
}

/// Checks all events of an export, and says how many are sound and which is the first that is
/// not. That none is missing takes the proof of the history.
pub(super) fn verify(
    file: &Path,
    mut states: States,
    policy: &Policy,
    output: Output,
) -> anyhow::Result<()> {
    let export = read(file)?;
    let reading = begin(&export)?;
    let form = reading.format();
    let mut found = Found::default();
    each(reading, &mut states, policy, |place, proved| {
        match proved {
            Ok(proved) => match proved.event {
                Ok(_) => found.told += 1,
                Err(Untold::Erased) => found.erased += 1,
                Err(Untold::Withheld) => found.withheld += 1,
            },
            Err(error) => {
                found.refuted += 1;
                found.first.get_or_insert((place, error));
            }
        }
        Ok(())
    })?;
    found.tell(form, output)?;
    states.conclude(output)
}

impl Found {
    fn tell(self, form: Format, output: Output) -> anyhow::Result<()> {
        let Self {
            told,
            erased,
            withheld,
            refuted,
            first,
        } = self;
        if let Some((place, error)) = first {
            let count = told + erased + withheld + refuted;
            let Place { number, line } = place;
            output.warning(&say(
                format!(
                    "{refuted} traces sur {count} sont réfutées, d'abord la n° {number} (ligne {line})."
                ),
                format!(
                    "{refuted} of {count} events are refuted, the first is number {number} (line {line})."
                ),
            ))?;
            return Err(error.context(place));
        }
        if output.json {
            let mut rows = Rows::new(vec![
                ("form", say("forme", "form")),
                ("events", say("traces", "events")),
                ("erased", say("effacées", "erased")),
                ("withheld", say("retenues", "withheld")),
            ]);
            let counts = [told, erased, withheld].map(|count| json!(count));
            rows.push([json!(form.code())].into_iter().chain(counts).collect());
            return Ok(output.one(&rows)?);
        }
        let code = form.code();
        let also = [
            (erased, "dites effacées", "said to be erased"),
            (withheld, "retenues pour le moment", "withheld for now"),
        ];
        let also = also.into_iter().filter(|(count, ..)| *count > 0);
        let (also_french, also_english): (String, String) = also
            .map(|(count, french, english)| {
                (
                    format!(" De {count} autres, {french}, la place est prouvée."),
                    format!(" Of {count} more, {english}, the place is proved."),
                )
            })
            .unzip();
        Ok(output.sentence(&say(
            format!(
                "Vrai : {told} traces de cet export ({code}), toutes dans le journal et \
                 montrées telles quelles.{also_french}"
            ),
            format!(
                "True: {told} events of this export ({code}), all in the log and shown as \
                 they stand.{also_english}"
            ),
        ))?)
    }
}
