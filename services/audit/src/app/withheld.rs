//! What a reader is told of a page.

use aval_domain::id::PatientId;
use aval_domain::time::Timestamp;

use super::erased::{Listed, WithheldEntry};
use super::reading::Reading;
use crate::entry::{Entry, StoredEntry};
use crate::error::Error;
use crate::query::Filter;
use crate::store::Store;
use crate::withholding::{Audience, Hidden, Share, Told, may_withhold};

/// These events as their reader is told of them. What is withheld whole is in no list that is
/// narrowed: that would tell what it is.
///
/// To be asked after the events were read: the log then tells at least as much of what is hidden
/// as it did when they were.
pub(super) async fn told_to(
    reading: &Reading,
    filter: &Filter,
    events: Vec<Listed>,
    store: &dyn Store,
    now: Timestamp,
) -> Result<Vec<Listed>, Error> {
    let needs_looking =
        |event: &Listed| matches!(event, Listed::Told(entry) if may_withhold(&entry.event));
    let (Some(audience), Some(patient_id)) = (reading.audience, reading.patient_id()) else {
        return Ok(events);
    };
    if !events.iter().any(needs_looking) {
        return Ok(events);
    }
    let hidden = hidden_from(store, patient_id, audience, now).await?;
    let told = events.into_iter().map(|event| match event {
        Listed::Told(entry) => share(entry, &hidden),
        other => other,
    });
    let is_withheld_whole =
        |event: &Listed| matches!(event, Listed::Withheld(entry) if entry.part.is_none());
    let is_narrowed = !filter.leaves_erased();
    Ok(told
        .filter(|event| !(is_narrowed && is_withheld_whole(event)))
        .collect())
}

/// What is hidden from this audience in a patient's history, as the log says now.
pub(super) async fn hidden_from(
    store: &dyn Store,
    patient_id: PatientId,
    audience: Audience,
    now: Timestamp,
) -> Result<Hidden, Error> {
    let mut hidden = Hidden::from(audience, now);
    for told in store.hidings(patient_id, audience).await? {
        let entry = told.entry.map(StoredEntry::open).transpose()?;
        hidden.take(Told {
            source: &told.source,
            under: told.under,
            kind: told.kind,
            recorded_at: told.recorded_at,
            event: entry.as_ref().map(|entry| &entry.event),
        });
    }
    Ok(hidden)
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
