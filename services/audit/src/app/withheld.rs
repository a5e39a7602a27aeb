//! What a reader is told of a page.

use aval_domain::event::{Event, EventKind};
use aval_domain::id::PatientId;
use aval_domain::time::Timestamp;

use super::erased::{Listed, WithheldEntry};
use super::reading::Reading;
use crate::entry::{Entry, StoredEntry};
use crate::error::Error;
use crate::query::Filter;
use crate::store::Store;
use crate::withholding::{Audience, Hidden, Share, Told, may_withhold};

/// What hides documents in one reading, kept where that is sent part by part. It is as if it were
/// read anew for each part, since whatever could change it makes the log longer:
///
/// ```text
/// t0  the log has n entries       t1  what hides documents is read
/// t2  the next part is read       t3  the log has n entries still: nothing was recorded, merged or
///                                     erased since t0, and to read at t3 would find what t1 did;
///                                     more: it is read anew
/// ```
///
/// What is over by now is judged by the time of each part.
#[derive(Debug, Default)]
pub(super) struct Kept {
    settings: Vec<Setting>,
    /// How long the log was before they were read.
    size: Option<u64>,
}

/// One event that says from whom a document is hidden; none where its payload was erased.
#[derive(Debug)]
struct Setting {
    source: String,
    under: PatientId,
    kind: EventKind,
    recorded_at: Timestamp,
    event: Option<Event>,
}

/// What is hidden from this audience in a patient's history, as the log says now.
pub(super) async fn hidden_from(
    store: &dyn Store,
    patient_id: PatientId,
    audience: Audience,
    now: Timestamp,
) -> Result<Hidden, Error> {
    let settings = settings(store, patient_id, audience).await?;
    Ok(hidden_by(&settings, audience, now))
}

impl Kept {
    /// These events, a page or the next part of this reading, as their reader is told of them. What
    /// is withheld whole is in no list that is narrowed: that would tell what it is.
    ///
    /// To be asked after the events were read: the log then tells at least as much of what is
    /// hidden as it did when they were.
    pub(super) async fn told_to(
        &mut self,
        reading: &Reading,
        filter: &Filter,
        events: Vec<Listed>,
        store: &dyn Store,
        now: Timestamp,
    ) -> Result<Vec<Listed>, Error> {
        let Some((patient_id, audience)) = from_whom(reading, &events) else {
            return Ok(events);
        };
        self.renew(store, patient_id, audience).await?;
        let hidden = hidden_by(&self.settings, audience, now);
        Ok(shares(events, filter, &hidden))
    }

    async fn renew(
        &mut self,
        store: &dyn Store,
        patient_id: PatientId,
        audience: Audience,
    ) -> Result<(), Error> {
        // That there is nothing still takes one look, as the size of the log does.
        if self.settings.is_empty() {
            self.settings = settings(store, patient_id, audience).await?;
            self.size = None;
            return Ok(());
        }
        let size = store.size().await?;
        if self.size != Some(size) {
            self.settings = settings(store, patient_id, audience).await?;
            self.size = Some(size);
        }
        Ok(())
    }
}

/// In whose history, and from whom, something of these events may be hidden; none: nothing is.
fn from_whom(reading: &Reading, events: &[Listed]) -> Option<(PatientId, Audience)> {
    let needs_looking =
        |event: &Listed| matches!(event, Listed::Told(entry) if may_withhold(&entry.event));
    let whom = (reading.patient_id()?, reading.audience?);
    events.iter().any(needs_looking).then_some(whom)
}

async fn settings(
    store: &dyn Store,
    patient_id: PatientId,
    audience: Audience,
) -> Result<Vec<Setting>, Error> {
    let mut settings = Vec::new();
    for told in store.hidings(patient_id, audience).await? {
        let entry = told.entry.map(StoredEntry::open).transpose()?;
        settings.push(Setting {
            source: told.source,
            under: told.under,
            kind: told.kind,
            recorded_at: told.recorded_at,
            event: entry.map(|entry| entry.event),
        });
    }
    Ok(settings)
}

fn hidden_by(settings: &[Setting], audience: Audience, now: Timestamp) -> Hidden {
    let mut hidden = Hidden::from(audience, now);
    for setting in settings {
        hidden.take(Told {
            source: &setting.source,
            under: setting.under,
            kind: setting.kind,
            recorded_at: setting.recorded_at,
            event: setting.event.as_ref(),
        });
    }
    hidden
}

fn shares(events: Vec<Listed>, filter: &Filter, hidden: &Hidden) -> Vec<Listed> {
    let told = events.into_iter().map(|event| match event {
        Listed::Told(entry) => share(entry, hidden),
        other => other,
    });
    let is_withheld_whole =
        |event: &Listed| matches!(event, Listed::Withheld(entry) if entry.part.is_none());
    let is_narrowed = !filter.leaves_erased();
    told.filter(|event| !(is_narrowed && is_withheld_whole(event)))
        .collect()
}

fn share(entry: Box<Entry>, hidden: &Hidden) -> Listed {
    let part = match hidden.share_of(&entry.event) {
        Share::Whole => return Listed::Told(entry),
        Share::Part(part) => Some(*part),
        Share::Nothing => None,
    };
    Listed::Withheld(Box::new(WithheldEntry {
        log_index: entry.log_index,
        leaf: entry.leaf,
        part,
    }))
}
