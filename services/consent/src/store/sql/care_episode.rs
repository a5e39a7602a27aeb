//! Care episodes.

use std::collections::HashMap;

use aval_database::{Database, DatabaseError, Transaction, outbox};
use aval_domain::id::{CareEpisodeId, OrganizationId, PatientId, PractitionerId};
use aval_domain::time::Timestamp;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait,
};
use uuid::Uuid;

use super::entity::care_episode::{ActiveModel, Column, Entity, Model};
use super::entity::care_episode_member as member;
use super::inbox::tell::tell;
use super::row::{Row, version_to_row};
use super::{alias, block, change_clock, once, record};
use crate::care_episode::CareEpisode;
use crate::error::Error;
use crate::grantee::Grantee;
use crate::notification;
use crate::store::{CareEpisodeQuery, CareEpisodesOf, Change, Rule, Write};

pub(super) async fn open(
    db: &Database,
    write: &Write,
    episode: &Change<CareEpisode>,
    by: &[Grantee],
) -> Result<CareEpisode, Error> {
    let Change { value: new, event } = episode;
    db.transaction("consent.open_care_episode", async |tx| {
        let work = Box::pin(async {
            record::lock_open(&tx, new.patient_id).await?;
            for concerned in by {
                if block::holds(&tx, new.patient_id, *concerned, write.now).await? {
                    return Err(Error::GranteeBlocked);
                }
            }
            insert(&tx, new).await?;
            outbox::append(&tx, event).await?;
            tell(&tx, vec![notification::of_care_episode(new, event)]).await?;
            change_clock::advance(&tx, new.patient_id);
            Ok(new.clone())
        });
        once(&tx, write, work).await
    })
    .await
}

pub(super) async fn change(
    db: &Database,
    write: &Write,
    of: CareEpisodesOf,
    care_episode_id: CareEpisodeId,
    rule: &Rule<'_, CareEpisode, CareEpisode>,
) -> Result<CareEpisode, Error> {
    db.transaction("consent.change_care_episode", async |tx| {
        let work = Box::pin(async {
            let found = Entity::find_by_id(care_episode_id.as_uuid())
                .filter(belonging_to(&tx, of).await?)
                .lock_exclusive()
                .one(&tx)
                .await?;
            let found = with_members(&tx, found.into_iter().collect()).await?;
            let present = found.into_iter().next().ok_or(Error::NotFound)?;
            let Some(Change { value, event }) = rule(&present)? else {
                return Ok(present);
            };
            Entity::update(row_of(&value)).exec(&tx).await?;
            outbox::append(&tx, &event).await?;
            change_clock::advance(&tx, value.patient_id);
            Ok(value)
        });
        once(&tx, write, work).await
    })
    .await
}

pub(super) async fn list(
    db: &Database,
    query: &CareEpisodeQuery,
) -> Result<Vec<CareEpisode>, Error> {
    let live = || {
        Condition::all()
            .add(Column::ClosedAt.is_null())
            .add(Column::UntilAt.gt(query.now.as_micros()))
    };
    let after = query
        .after
        .map(|after| Column::CareEpisodeId.lt(after.as_uuid()));
    let wanted = Condition::all()
        .add_option((!query.include_ended).then(live))
        .add_option(after);
    db.snapshot("consent.care_episodes", async |tx| {
        let rows = Entity::find()
            .filter(belonging_to(&tx, query.of).await?)
            .filter(wanted.clone())
            .order_by_desc(Column::CareEpisodeId)
            .limit(query.limit)
            .all(&tx)
            .await?;
        with_members(&tx, rows).await
    })
    .await
}

async fn belonging_to(
    connection: &impl ConnectionTrait,
    of: CareEpisodesOf,
) -> Result<Condition, Error> {
    let whose = match of {
        CareEpisodesOf::Patient(id) => alias::of_patient(connection, Column::PatientId, id).await?,
        CareEpisodesOf::Member(id) => Column::CareEpisodeId.in_subquery(
            member::Entity::find()
                .select_only()
                .column(member::Column::CareEpisodeId)
                .filter(member::Column::PractitionerId.is_in(alias::ids_of(connection, id).await?))
                .into_query(),
        ),
    };
    Ok(Condition::all().add(whose))
}

async fn insert(tx: &Transaction, new: &CareEpisode) -> Result<(), Error> {
    Entity::insert(row_of(new))
        .exec_without_returning(tx)
        .await?;
    let members = new.members.iter().map(|id| member::ActiveModel {
        care_episode_id: Set(new.care_episode_id.as_uuid()),
        practitioner_id: Set(id.as_uuid()),
    });
    member::Entity::insert_many(members)
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

/// The episodes of these rows, in their order.
async fn with_members(
    connection: &impl ConnectionTrait,
    rows: Vec<Model>,
) -> Result<Vec<CareEpisode>, Error> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids = rows.iter().map(|row| row.care_episode_id);
    let found = member::Entity::find()
        .filter(member::Column::CareEpisodeId.is_in(ids))
        .order_by_asc(member::Column::PractitionerId)
        .all(connection)
        .await?;
    let mut members: HashMap<Uuid, Vec<PractitionerId>> = HashMap::new();
    for row in found {
        let of_episode = members.entry(row.care_episode_id).or_default();
        of_episode.push(PractitionerId::from_uuid(row.practitioner_id));
    }
    let episodes = rows.iter().map(|row| {
        let of_episode = members.remove(&row.care_episode_id);
        read(row, of_episode.unwrap_or_default())
    });
    Ok(episodes.collect::<Result<_, _>>()?)
}

fn row_of(episode: &CareEpisode) -> ActiveModel {
    // An end is always set.
    let until = episode.period.until().unwrap_or(Timestamp::MAX);
    ActiveModel {
        care_episode_id: Set(episode.care_episode_id.as_uuid()),
        patient_id: Set(episode.patient_id.as_uuid()),
        organization_id: Set(episode.organization_id.map(OrganizationId::as_uuid)),
        opened_by: Set(episode.opened_by.as_uuid()),
        from_at: Set(episode.period.from().as_micros()),
        until_at: Set(until.as_micros()),
        closed_at: Set(episode.closed_at.map(Timestamp::as_micros)),
        version: Set(version_to_row(episode.version)),
    }
}

fn read(row: &Model, members: Vec<PractitionerId>) -> Result<CareEpisode, DatabaseError> {
    let named = Row {
        table: "care_episodes",
        id: row.care_episode_id,
    };
    Ok(CareEpisode {
        care_episode_id: CareEpisodeId::from_uuid(row.care_episode_id),
        patient_id: PatientId::from_uuid(row.patient_id),
        members,
        organization_id: row.organization_id.map(OrganizationId::from_uuid),
        opened_by: PractitionerId::from_uuid(row.opened_by),
        period: named.period(row.from_at, Some(row.until_at))?,
        closed_at: named.optional_instant("closed_at", row.closed_at)?,
        version: named.version(row.version)?,
    })
}
