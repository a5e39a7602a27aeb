//! Putting everything under the current keys, a few rows at a time, whoever writes meanwhile.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aval_database::{Database, DatabaseError};
use aval_domain::event::EventKind;
use aval_runtime::sealing::SealingKey;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};
use uuid::Uuid;

use super::entity::{event, patient_key};
use super::{keys, row};
use crate::entry::Salt;
use crate::patient_keys::PatientKeys;
use crate::payload::{self, KEPT_FOR_EVER, NOBODY};
use crate::store::{KeyCounts, Rekeyed};

/// How many rows one transaction changes.
const ROWS_AT_ONCE: u64 = 500;

/// One look into an index for each key, however many patients there are.
pub(super) async fn wrapping_in_use(db: &Database) -> Result<Vec<String>, DatabaseError> {
    let mut in_use: Vec<String> = Vec::new();
    loop {
        let beyond = in_use.last().cloned();
        let beyond = beyond.map(|last| patient_key::Column::WrappingKeyId.gt(last));
        let mut next = patient_key::Entity::find()
            .select_only()
            .column(patient_key::Column::WrappingKeyId)
            .order_by_asc(patient_key::Column::WrappingKeyId);
        if let Some(beyond) = beyond {
            next = next.filter(beyond);
        }
        let next: Option<String> = next.into_tuple().one(db.reader()).await?;
        match next {
            Some(next) => in_use.push(next),
            None => return Ok(in_use),
        }
    }
}

/// Wraps the next keys of one wrapping key anew. One that was erased meanwhile stays so.
pub(super) async fn rewrap(
    db: &Database,
    keys: &PatientKeys,
    wrapping_key_id: &str,
    after: i64,
) -> Result<Rekeyed, DatabaseError> {
    let rows = patient_key::Entity::find()
        .filter(patient_key::Column::WrappingKeyId.eq(wrapping_key_id))
        .filter(patient_key::Column::KeyId.gt(after))
        .order_by_asc(patient_key::Column::KeyId)
        .limit(ROWS_AT_ONCE)
        .all(db.reader())
        .await?;
    let mut done = Rekeyed {
        reached: rows.last().map(|row| row.key_id),
        ..Rekeyed::default()
    };
    let mut anew = Vec::with_capacity(rows.len());
    for row in rows {
        match keys.unwrap(&keys::wrapped_of(row)) {
            Ok(key) => anew.push(keys.wrap(&key)),
            Err(_) => done.unreadable += 1,
        }
    }
    done.changed = db
        .transaction::<_, DatabaseError, _>("audit.rewrap", async |tx| {
            let mut changed = 0;
            for wrapped in &anew {
                let updated = patient_key::Entity::update_many()
                    .col_expr(
                        patient_key::Column::WrappingKeyId,
                        Expr::value(wrapped.sealed.key_id.as_str()),
                    )
                    .col_expr(
                        patient_key::Column::Wrapped,
                        Expr::value(wrapped.sealed.bytes.clone()),
                    )
                    .filter(patient_key::Column::KeyId.eq(wrapped.id))
                    .filter(patient_key::Column::WrappingKeyId.eq(wrapping_key_id))
                    .exec(&tx)
                    .await?;
                changed += updated.rows_affected;
            }
            Ok(changed)
        })
        .await?;
    Ok(done)
}

/// A row that is in clear: its place, its event, its patient, its kind, and what is told.
type InClear = (
    i64,
    Uuid,
    Option<Uuid>,
    String,
    Option<Vec<u8>>,
    Option<Vec<u8>>,
);

/// Encrypts the next rows that are in clear. One that was erased meanwhile stays so.
pub(super) async fn encrypt(
    db: &Database,
    keys: &PatientKeys,
    after: i64,
) -> Result<Rekeyed, DatabaseError> {
    let rows: Vec<InClear> = in_clear()
        .select_only()
        .column(event::Column::LogIndex)
        .column(event::Column::EventId)
        .column(event::Column::PatientId)
        .column(event::Column::Kind)
        .column(event::Column::Payload)
        .column(event::Column::Salt)
        .filter(event::Column::LogIndex.gt(after))
        .order_by_asc(event::Column::LogIndex)
        .limit(ROWS_AT_ONCE)
        .into_tuple()
        .all(db.reader())
        .await?;
    let mut done = Rekeyed {
        reached: rows.last().map(|row| row.0),
        ..Rekeyed::default()
    };
    let mut readable = Vec::with_capacity(rows.len());
    for (index, event_id, patient_id, kind, payload, salt) in rows {
        let salt = salt.and_then(|salt| salt.try_into().ok()).map(Salt);
        let owner = owner(patient_id, &kind);
        match (payload, salt) {
            (Some(payload), Some(salt)) => readable.push((index, event_id, owner, payload, salt)),
            // Erased by half: whoever examines the log says so.
            _ => done.unreadable += 1,
        }
    }
    let owners: BTreeSet<Uuid> = readable.iter().map(|row| row.2).collect();
    done.changed = db
        .transaction::<_, DatabaseError, _>("audit.encrypt", async |tx| {
            let found = keys::of_owners(&tx, keys, &owners).await?;
            let sealing: HashMap<Uuid, (i64, SealingKey)> = found
                .iter()
                .map(|key| (key.owner, (key.id, key.sealing())))
                .collect();
            let mut changed = 0;
            for (index, event_id, owner, canonical, salt) in &readable {
                let (key_id, key) = &sealing[owner];
                let sealed = payload::seal(key, *event_id, salt, canonical);
                let updated = event::Entity::update_many()
                    .col_expr(event::Column::Payload, Expr::value(sealed))
                    .col_expr(event::Column::Salt, Expr::value(None::<Vec<u8>>))
                    .col_expr(event::Column::KeyId, Expr::value(*key_id))
                    .filter(event::Column::LogIndex.eq(*index))
                    .filter(event::Column::Payload.is_not_null())
                    .filter(event::Column::KeyId.is_null())
                    .exec(&tx)
                    .await?;
                changed += updated.rows_affected;
            }
            Ok(changed)
        })
        .await?;
    Ok(done)
}

fn owner(patient_id: Option<Uuid>, kind: &str) -> Uuid {
    let is_kept = KEPT_FOR_EVER.map(EventKind::code).contains(&kind);
    patient_id.filter(|_| !is_kept).unwrap_or(NOBODY)
}

fn in_clear() -> Select<event::Entity> {
    event::Entity::find()
        .filter(event::Column::Payload.is_not_null())
        .filter(event::Column::KeyId.is_null())
}

/// What is under which key.
pub(super) async fn counts(db: &Database) -> Result<KeyCounts, DatabaseError> {
    let keys: Vec<(String, i64)> = patient_key::Entity::find()
        .select_only()
        .column(patient_key::Column::WrappingKeyId)
        .column_as(patient_key::Column::KeyId.count(), "keys")
        .group_by(patient_key::Column::WrappingKeyId)
        .into_tuple()
        .all(db.reader())
        .await?;
    let keys = keys.into_iter();
    Ok(KeyCounts {
        keys: keys
            .map(|(id, count)| {
                let count = row::unsigned(count, "patient_keys", "key_id", &id)?;
                Ok((id, count))
            })
            .collect::<Result<BTreeMap<_, _>, DatabaseError>>()?,
        in_clear: in_clear().count(db.reader()).await?,
    })
}
