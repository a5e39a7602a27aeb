//! Telling what time alone brings about.
//!
//! Each row remembers of which end it was told, and leaves the partial index that is
//! searched. Of two transactions that take one row at once the second waits for the
//! first, and finds it told.

use std::time::Duration;

use aval_database::{Database, DatabaseError, Transaction};
use aval_domain::id::{GrantId, MaskId, PatientId, PractitionerId};
use aval_domain::time::Timestamp;
use sea_orm::{ConnectionTrait, QueryResult, Statement, Value};
use uuid::Uuid;

use super::tell::tell;
use crate::error::Error;
use crate::inbox::Due;
use crate::notification::News;

/// The conditions of the partial indexes, word for word.
const EXPIRING_UNTOLD: &str = "status = 'given' AND practitioner_id IS NOT NULL \
    AND (expiring_told_until IS NULL OR expiring_told_until <> until_at)";
const EXPIRED_UNTOLD: &str =
    "status = 'given' AND (expired_told_until IS NULL OR expired_told_until <> until_at)";
const WITHHELD_UNTOLD: &str =
    "kind = 'hidden_from_patient' AND removed_at IS NULL AND withheld_told_at IS NULL";

/// After so long the patient is told that a document is withheld (art. R.1111-53 CSP).
const WITHHELD_FOR: Duration = Duration::from_hours(14 * 24);

pub(super) async fn tell_due(
    db: &Database,
    due: Due,
    now: Timestamp,
    limit: u64,
) -> Result<u64, Error> {
    db.transaction("consent.tell_what_is_due", async |tx| {
        let news = match due {
            Due::Expiring { within } => expiring(&tx, within, now, limit).await?,
            Due::Expired { since } => expired(&tx, since, now, limit).await?,
            Due::Withheld => withheld(&tx, now, limit).await?,
        };
        let count = news.len() as u64;
        tell(&tx, news).await?;
        Ok(count)
    })
    .await
}

/// Who was given so short an authorisation knows of its end.
async fn expiring(
    tx: &Transaction,
    within: Duration,
    now: Timestamp,
    limit: u64,
) -> Result<Vec<News>, Error> {
    let text = format!(
        "UPDATE grants SET expiring_told_until = until_at WHERE grant_id IN ( \
            SELECT grant_id FROM grants WHERE {EXPIRING_UNTOLD} AND until_at > $1 \
                AND until_at <= $2 AND from_at <= $1 AND until_at - from_at > $3 \
            ORDER BY until_at LIMIT $4 \
         ) AND {EXPIRING_UNTOLD} RETURNING grant_id, patient_id, practitioner_id, until_at"
    );
    let ahead = now.saturating_add(within);
    let values = [
        now.as_micros().into(),
        ahead.as_micros().into(),
        (ahead.as_micros() - now.as_micros()).into(),
        to_row(limit),
    ];
    let rows = all(tx, text, values).await?;
    let news = rows.iter().map(|row| {
        let (grant_id, patient_id, until) = end_of(row)?;
        let professional = PractitionerId::from_uuid(row.try_get("", "practitioner_id")?);
        Ok(News::grant_expiring(
            grant_id,
            patient_id,
            professional,
            until,
            now,
        ))
    });
    news.collect()
}

async fn expired(
    tx: &Transaction,
    since: Timestamp,
    now: Timestamp,
    limit: u64,
) -> Result<Vec<News>, Error> {
    let text = format!(
        "UPDATE grants SET expired_told_until = until_at WHERE grant_id IN ( \
            SELECT grant_id FROM grants WHERE {EXPIRED_UNTOLD} AND until_at > $1 \
                AND until_at <= $2 \
            ORDER BY until_at LIMIT $3 \
         ) AND {EXPIRED_UNTOLD} RETURNING grant_id, patient_id, practitioner_id, until_at"
    );
    let values = [
        since.as_micros().into(),
        now.as_micros().into(),
        to_row(limit),
    ];
    let rows = all(tx, text, values).await?;
    let news = rows.iter().map(|row| {
        let (grant_id, patient_id, until) = end_of(row)?;
        let professional: Option<Uuid> = row.try_get("", "practitioner_id")?;
        let professional = professional.map(PractitionerId::from_uuid);
        Ok(News::grant_expired(
            grant_id,
            patient_id,
            professional,
            until,
            now,
        ))
    });
    news.collect()
}

async fn withheld(tx: &Transaction, now: Timestamp, limit: u64) -> Result<Vec<News>, Error> {
    let text = format!(
        "UPDATE document_visibilities SET withheld_told_at = $1 WHERE mask_id IN ( \
            SELECT mask_id FROM document_visibilities WHERE {WITHHELD_UNTOLD} \
                AND set_at <= $2 AND (release_at IS NULL OR release_at > $1) \
            ORDER BY set_at LIMIT $3 \
         ) AND {WITHHELD_UNTOLD} RETURNING mask_id, patient_id, set_by"
    );
    let values = [
        now.as_micros().into(),
        now.saturating_sub(WITHHELD_FOR).as_micros().into(),
        to_row(limit),
    ];
    let rows = all(tx, text, values).await?;
    let news = rows.iter().map(|row| {
        let by: Option<Uuid> = row.try_get("", "set_by")?;
        Ok(News::document_withheld(
            MaskId::from_uuid(row.try_get("", "mask_id")?),
            PatientId::from_uuid(row.try_get("", "patient_id")?),
            by.map(PractitionerId::from_uuid),
            now,
        ))
    });
    news.collect()
}

async fn all<const COUNT: usize>(
    tx: &Transaction,
    text: String,
    values: [Value; COUNT],
) -> Result<Vec<QueryResult>, Error> {
    let engine = tx.get_database_backend();
    let statement = Statement::from_sql_and_values(engine, text, values);
    Ok(tx.query_all_raw(statement).await?)
}

/// Which grant, whose, and when it ends.
fn end_of(row: &QueryResult) -> Result<(GrantId, PatientId, Timestamp), Error> {
    let grant_id = GrantId::from_uuid(row.try_get("", "grant_id")?);
    let until: i64 = row.try_get("", "until_at")?;
    let until = Timestamp::try_from(until)
        .map_err(|_| DatabaseError::corrupt("grants", "until_at", &grant_id))?;
    let patient_id = PatientId::from_uuid(row.try_get("", "patient_id")?);
    Ok((grant_id, patient_id, until))
}

fn to_row(limit: u64) -> Value {
    i64::try_from(limit).unwrap_or(i64::MAX).into()
}
