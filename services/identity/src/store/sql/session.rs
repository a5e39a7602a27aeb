//! Sessions: one row a sign-in.

use std::collections::{BTreeSet, HashSet};

use aval_database::{Database, DatabaseError, Isolation, outbox};
use aval_domain::id::{PatientId, SessionId};
use aval_domain::time::Timestamp;
use sea_orm::ActiveValue::Set;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use uuid::Uuid;

use super::entity::session::{ActiveModel, Column, Entity, Model};
use crate::error::Error;
use crate::patient_keys::KeyedDigest;
use crate::provider_names::NamesAtProvider;
use crate::session::{Closed, Closing, Session};
use crate::store::{OpenSessions, Opened, Opening, SessionQuery};

const TABLE: &str = "sessions";
/// About so many people is asked in one statement.
const ASKED_AT_ONCE: usize = 100;

pub(super) async fn open(db: &Database, opening: &Opening<'_>) -> Result<Opened, Error> {
    let session = opening.session;
    // Of two who come in at once from the last certificate that is free one must see the
    // other: no row is there to be locked.
    let isolation = match opening.most {
        Some(_) => Isolation::Serializable,
        None => Isolation::ReadCommitted,
    };
    let opened = db.transaction_with("identity.open_session", isolation, async |tx| {
        let person = session.bearer.person.id();
        let mut certificates = certificates(&tx, person, session.opened_at).await?;
        certificates.insert(session.thumbprint.clone());
        if opening.most.is_some_and(|most| certificates.len() > most) {
            return Ok(Opened::TooMany);
        }
        Entity::insert(row_of(session)?)
            .exec_without_returning(&tx)
            .await?;
        outbox::append(&tx, &(opening.trace)(certificates.len())).await?;
        Ok::<_, DatabaseError>(Opened::Session)
    });
    Ok(opened.await?)
}

pub(super) async fn by_id(db: &Database, session_id: SessionId) -> Result<Option<Session>, Error> {
    let row = Entity::find_by_id(session_id.as_uuid())
        .one(db.reader())
        .await;
    let row = row.map_err(DatabaseError::from)?;
    Ok(row.map(session_of).transpose()?)
}

pub(super) async fn list(db: &Database, query: &SessionQuery) -> Result<Vec<Session>, Error> {
    let mut found = Entity::find().filter(Column::PersonId.eq(query.person));
    if let Some(before) = query.before {
        found = found.filter(Column::SessionId.lt(before.as_uuid()));
    }
    if let Some(now) = query.open_at {
        found = found.filter(goes_on_at(now));
    }
    let newest_first = found.order_by_desc(Column::SessionId).limit(query.limit);
    let rows = newest_first
        .all(db.reader())
        .await
        .map_err(DatabaseError::from)?;
    Ok(rows.into_iter().map(session_of).collect::<Result<_, _>>()?)
}

pub(super) async fn signed_in(
    db: &Database,
    people: &[Uuid],
    now: Timestamp,
) -> Result<HashSet<Uuid>, Error> {
    let mut signed_in = HashSet::new();
    for some in people.chunks(ASKED_AT_ONCE) {
        // As many every time, so that there is one statement to prepare.
        let repeated = some.iter().cycle().take(ASKED_AT_ONCE);
        let found = Entity::find()
            .select_only()
            .column(Column::PersonId)
            .distinct()
            .filter(Column::PersonId.is_in(repeated.copied()))
            .filter(goes_on_at(now))
            .into_tuple::<Uuid>();
        let found = found.all(db.reader()).await.map_err(DatabaseError::from)?;
        signed_in.extend(found);
    }
    Ok(signed_in)
}

pub(super) async fn open_certificates(
    db: &Database,
    person: Uuid,
    now: Timestamp,
) -> Result<usize, Error> {
    Ok(certificates(db.reader(), person, now).await?.len())
}

/// The certificates from which this person's sessions go on.
async fn certificates(
    db: &impl ConnectionTrait,
    person: Uuid,
    now: Timestamp,
) -> Result<BTreeSet<Option<String>>, DatabaseError> {
    let thumbprints = Entity::find()
        .select_only()
        .column(Column::Thumbprint)
        .distinct()
        .filter(Column::PersonId.eq(person))
        .filter(goes_on_at(now))
        .into_tuple::<Option<String>>();
    Ok(thumbprints.all(db).await?.into_iter().collect())
}

pub(super) async fn closed_since(db: &Database, since: Timestamp) -> Result<Vec<SessionId>, Error> {
    let found = Entity::find()
        .select_only()
        .column(Column::SessionId)
        .filter(Column::ClosedAt.gte(since.as_micros()))
        .into_tuple::<Uuid>();
    let found = found.all(db.reader()).await.map_err(DatabaseError::from)?;
    Ok(found.into_iter().map(SessionId::from_uuid).collect())
}

pub(super) async fn count_open(db: &Database, now: Timestamp) -> Result<OpenSessions, Error> {
    // A column is counted where it is not null. These are those of the index, which is read
    // and nothing else.
    let counted = Entity::find()
        .select_only()
        .column_as(Column::LapsesAt.count(), "all_open")
        .column_as(Column::PatientId.count(), "about_patients")
        .column_as(Column::RepresentationId.count(), "by_representatives")
        .filter(goes_on_at(now))
        .into_tuple::<(i64, i64, i64)>();
    let counted = counted
        .one(db.reader())
        .await
        .map_err(DatabaseError::from)?;
    let (all, about_patients, by_representatives) = counted.unwrap_or_default();
    let count = |count: i64| u64::try_from(count).unwrap_or_default();
    Ok(OpenSessions {
        practitioners: count(all - about_patients),
        patients: count(about_patients - by_representatives),
        representatives: count(by_representatives),
    })
}

pub(super) fn goes_on_at(now: Timestamp) -> Condition {
    Condition::all()
        .add(Column::ClosedAt.is_null())
        .add(Column::LapsesAt.gt(now.as_micros()))
}

pub(super) fn row_of(session: &Session) -> Result<ActiveModel, DatabaseError> {
    let bearer = serde_json::to_string(&session.bearer);
    let at_provider = session.at_provider;
    let provider_session = at_provider.and_then(|names| names.session);
    Ok(ActiveModel {
        session_id: Set(session.session_id.as_uuid()),
        person_id: Set(session.bearer.person.id()),
        bearer: Set(bearer.map_err(|error| DbErr::Json(error.to_string()))?),
        software: Set(session.software.clone()),
        thumbprint: Set(session.thumbprint.clone()),
        opened_at: Set(session.opened_at.as_micros()),
        expires_at: Set(session.expires_at.as_micros()),
        last_used_at: Set(session.last_used_at.as_micros()),
        lapses_at: Set(session.lapses_at.as_micros()),
        generation: Set(session.generation.into()),
        closed_at: Set(session.closed.map(|closed| closed.at.as_micros())),
        representation_id: Set(session
            .bearer
            .person
            .representative()
            .map(|representative| representative.representation_id.as_uuid())),
        patient_id: Set(session.bearer.person.patient_id().map(PatientId::as_uuid)),
        provider_subject: Set(at_provider.map(|names| names.subject.0.to_vec())),
        provider_session: Set(provider_session.map(|digest| digest.0.to_vec())),
        closing: Set(session.closed.map(|closed| closed.why.code().to_owned())),
    })
}

pub(super) fn session_of(row: Model) -> Result<Session, DatabaseError> {
    let corrupt = |column| DatabaseError::corrupt(TABLE, column, &row.session_id);
    let why = row.closing.as_deref().map(Closing::from_code);
    let closed = match (row.closed_at, why) {
        (None, None) => None,
        (Some(at), Some(Some(why))) => Some(Closed {
            at: Timestamp::from_micros(at),
            why,
        }),
        _ => return Err(corrupt("closing")),
    };
    let digest = |bytes: Option<Vec<u8>>, column| {
        let digest = bytes.map(|bytes| bytes.try_into().map(KeyedDigest));
        digest.transpose().map_err(|_: Vec<u8>| corrupt(column))
    };
    let subject = digest(row.provider_subject, "provider_subject")?;
    let session = digest(row.provider_session, "provider_session")?;
    Ok(Session {
        session_id: SessionId::from_uuid(row.session_id),
        bearer: serde_json::from_str(&row.bearer).map_err(|_| corrupt("bearer"))?,
        software: row.software,
        thumbprint: row.thumbprint,
        opened_at: Timestamp::from_micros(row.opened_at),
        last_used_at: Timestamp::from_micros(row.last_used_at),
        lapses_at: Timestamp::from_micros(row.lapses_at),
        expires_at: Timestamp::from_micros(row.expires_at),
        generation: u32::try_from(row.generation).map_err(|_| corrupt("generation"))?,
        at_provider: subject.map(|subject| NamesAtProvider { subject, session }),
        closed,
    })
}
