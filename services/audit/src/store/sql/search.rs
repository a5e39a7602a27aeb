//! What is looked for across patients.
//!
//! The log has no hole, so its places are counted: without a professional to look for, one
//! call walks over at most [`ENTRIES_AT_ONCE`] of them along the primary key, whatever the
//! filter leaves. With one, it walks along their acts.

use aval_database::{Database, DatabaseError};
use aval_domain::id::PractitionerId;
use aval_domain::time::Timestamp;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::entity::event::{Column, Entity};
use super::{filter, onward, row};
use crate::oversight::{Found, Search};
use crate::patient_keys::PatientKeys;

/// How many entries one look walks over.
pub(super) const ENTRIES_AT_ONCE: u64 = 20_000;

pub(super) async fn search(
    db: &Database,
    keys: &PatientKeys,
    search: &Search,
    named: &[PractitionerId],
) -> Result<Found, DatabaseError> {
    let along_acts = search.filter.practitioner_id.is_some();
    let furthest = search.before.saturating_sub(ENTRIES_AT_ONCE);
    let low = if along_acts {
        search.from
    } else {
        search.from.max(furthest)
    };
    let range = Condition::all()
        .add(Column::LogIndex.gte(row::signed(low)))
        .add(Column::LogIndex.lt(row::signed(search.before)));
    // Each of a professional's identifiers is a walk of its own.
    let walks: Vec<&[PractitionerId]> = match named {
        [] => vec![&[]],
        ids => ids.chunks(1).collect(),
    };
    let mut rows = Vec::new();
    for walk in walks {
        let found = Entity::find()
            .filter(range.clone())
            .filter(Column::Payload.is_not_null())
            .filter(filter::narrowing(&search.filter, walk))
            .order_by_desc(Column::LogIndex)
            .limit(search.limit)
            .all(db.reader())
            .await?;
        rows.extend(found);
    }
    rows.sort_unstable_by_key(|row| std::cmp::Reverse(row.log_index));
    rows.truncate(usize::try_from(search.limit).unwrap_or(usize::MAX));
    let is_full = rows.len() as u64 >= search.limit;
    let last = rows.last().filter(|_| is_full).map(|row| row.log_index);
    let looked_from = match last {
        Some(index) => row::unsigned(index, "events", "log_index", &index)?,
        None => low,
    };
    let entries = row::entries_of(db.reader(), keys, &rows).await?;
    Ok(Found {
        entries,
        looked_from,
    })
}

/// The first place whose entry was recorded at or after: times of recording ascend.
pub(super) async fn place_at(db: &Database, at: Timestamp) -> Result<u64, DatabaseError> {
    let (mut low, mut high) = (0, onward::size(db).await?);
    while low < high {
        let middle = low + (high - low) / 2;
        let recorded: Option<i64> = Entity::find_by_id(row::signed(middle))
            .select_only()
            .column(Column::RecordedAt)
            .into_tuple()
            .one(db.reader())
            .await?;
        let recorded =
            recorded.ok_or_else(|| DatabaseError::corrupt("events", "log_index", &middle))?;
        if recorded < at.as_micros() {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}
