//! Which identifiers are one human, and how far the directory's changes were followed.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aval_database::{Database, DatabaseError, Transaction};
use aval_domain::id::PractitionerId;
use sea_orm::sea_query::Query;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, Statement,
};
use uuid::Uuid;

use super::SqlStore;
use super::change_clock;
use super::entity::alias::{ActiveModel, Column, Entity, Model};
use crate::aliases::{Aliases, IdentityChange};
use crate::cache::Dependency;
use crate::directory_changes::{DirectoryCursor, Identities, Learnt};
use crate::error::Error;
use crate::store::Answer;

/// Moves the cursor on, if nobody else did.
const MOVE_ON: &str = "UPDATE directory_followed SET cursor = $2 WHERE id = 1 AND cursor = $1";
const CURSOR: &str = "SELECT cursor FROM directory_followed WHERE id = 1";

/// So many identifiers are asked for at once.
const IDS_PER_STATEMENT: usize = 500;

/// Every identifier of the human whom this one leads to, itself among them.
pub(super) async fn ids_of(
    connection: &impl ConnectionTrait,
    id: PractitionerId,
) -> Result<Vec<Uuid>, Error> {
    let id = id.as_uuid();
    let mut ids: BTreeSet<Uuid> = entries_with(connection, &[id])
        .await?
        .iter()
        .map(|entry| entry.practitioner_id)
        .collect();
    ids.insert(id);
    Ok(ids.into_iter().collect())
}

pub(super) async fn identifiers(
    db: &Database,
    id: PractitionerId,
) -> Result<Vec<PractitionerId>, Error> {
    let ids = ids_of(db.reader(), id).await?;
    Ok(ids.into_iter().map(PractitionerId::from_uuid).collect())
}

/// Of these identifiers those that lead elsewhere, and to which.
pub(super) async fn present_ids(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<HashMap<Uuid, Uuid>, Error> {
    let ids: Vec<Uuid> = BTreeSet::from_iter(ids).into_iter().collect();
    let mut present = HashMap::new();
    for some in ids.chunks(IDS_PER_STATEMENT) {
        let found = Entity::find()
            .filter(Column::PractitionerId.is_in(some.iter().copied()))
            .filter(Column::LeadsTo.is_not_null())
            .all(connection)
            .await?;
        present.extend(found.iter().map(|row| (row.practitioner_id, row.human_id)));
    }
    Ok(present)
}

impl Identities for SqlStore {
    fn directory_cursor(&self) -> Answer<'_, DirectoryCursor> {
        Box::pin(cursor(self.db.reader()))
    }

    fn learn<'a>(&'a self, learnt: &'a Learnt) -> Answer<'a, DirectoryCursor> {
        Box::pin(self.returned(learn(&self.db, learnt)))
    }
}

async fn cursor(connection: &impl ConnectionTrait) -> Result<DirectoryCursor, Error> {
    let engine = connection.get_database_backend();
    let row = connection
        .query_one_raw(Statement::from_string(engine, CURSOR))
        .await?;
    let row = row.ok_or_else(|| DatabaseError::corrupt("directory_followed", "id", &1))?;
    Ok(DirectoryCursor::from_text(row.try_get("", "cursor")?))
}

/// Takes in what was learnt, if nobody else did, and gives how far the changes were
/// followed then.
async fn learn(db: &Database, learnt: &Learnt) -> Result<DirectoryCursor, Error> {
    db.transaction("consent.learn_identities", async |tx| {
        let engine = tx.get_database_backend();
        let values = [&learnt.after, &learnt.cursor].map(|cursor| cursor.as_text().into());
        let move_on = Statement::from_sql_and_values(engine, MOVE_ON, values);
        if tx.execute_raw(move_on).await?.rows_affected() == 0 {
            return cursor(&tx).await;
        }
        if let Some(change) = learnt.change {
            take(&tx, change).await?;
        }
        Ok(learnt.cursor.clone())
    })
    .await
}

/// Writes anew who is whom among all humans whom the change may touch. Whatever rests on
/// one of whom something changed is stale.
async fn take(tx: &Transaction, change: IdentityChange) -> Result<(), Error> {
    let named: Vec<Uuid> = change.entries().map(PractitionerId::as_uuid).collect();
    let before = entries_with(tx, &named).await?;
    let links = before.iter().filter_map(|row| {
        let led_to = PractitionerId::from_uuid(row.leads_to?);
        Some((PractitionerId::from_uuid(row.practitioner_id), led_to))
    });
    let known = Aliases::known(links);
    let mut aliases = known.clone();
    aliases.take(change);
    if aliases == known {
        return Ok(());
    }
    let humans = aliases.humans();
    let was: BTreeSet<Uuid> = before.iter().map(|row| row.practitioner_id).collect();
    Entity::delete_many()
        .filter(Column::PractitionerId.is_in(was.iter().copied()))
        .exec(tx)
        .await?;
    insert(tx, &aliases, &humans).await?;
    let is = humans.keys().map(|id| id.as_uuid());
    for id in was.into_iter().chain(is) {
        change_clock::note(tx, Dependency::Practitioner(PractitionerId::from_uuid(id)));
    }
    Ok(())
}

async fn insert(
    tx: &Transaction,
    aliases: &Aliases,
    humans: &BTreeMap<PractitionerId, PractitionerId>,
) -> Result<(), Error> {
    if humans.is_empty() {
        return Ok(());
    }
    let rows = humans.iter().map(|(id, human)| ActiveModel {
        practitioner_id: Set(id.as_uuid()),
        leads_to: Set(aliases.leads_to(*id).map(PractitionerId::as_uuid)),
        human_id: Set(human.as_uuid()),
    });
    Entity::insert_many(rows).exec_without_returning(tx).await?;
    Ok(())
}

/// The entries of every human who has one of these.
async fn entries_with(
    connection: &impl ConnectionTrait,
    ids: &[Uuid],
) -> Result<Vec<Model>, Error> {
    let mut humans = Query::select();
    humans
        .column(Column::HumanId)
        .from(Entity)
        .and_where(Column::PractitionerId.is_in(ids.iter().copied()));
    let found = Entity::find()
        .filter(Column::HumanId.in_subquery(humans))
        .all(connection)
        .await?;
    Ok(found)
}
