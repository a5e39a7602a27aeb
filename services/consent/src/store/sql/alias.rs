//! Which identifiers are one human, and how far those were followed who tell it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aval_database::{Database, DatabaseError, Transaction};
use aval_domain::aliases::{Aliases, IdentityChange};
use aval_domain::id::{PatientId, PractitionerId};
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, QueryResult, Statement};
use uuid::Uuid;

use super::SqlStore;
use super::change_clock;
use crate::cache::Dependency;
use crate::error::Error;
use crate::identity_changes::{ChangeCursor, Identifier, Identities, Learnt};
use crate::store::Answer;

/// So many identifiers are asked for at once.
const IDS_PER_STATEMENT: usize = 500;

/// An identifier whose humans stand in a table: every identifier of everybody who has more
/// than one, whom it leads to, and the human's present one.
pub(super) trait Aliased: Identifier + Ord {
    /// The table.
    const TABLE: &'static str;
    /// Its column with the identifier.
    const ID: &'static str;
    /// The table of one row that says how far it was followed.
    const FOLLOWED: &'static str;

    fn uuid(self) -> Uuid;
    fn of(id: Uuid) -> Self;
    fn dependency(self) -> Dependency;
}

impl Aliased for PractitionerId {
    const TABLE: &'static str = "practitioner_aliases";
    const ID: &'static str = "practitioner_id";
    const FOLLOWED: &'static str = "directory_followed";

    fn uuid(self) -> Uuid {
        self.as_uuid()
    }

    fn of(id: Uuid) -> Self {
        Self::from_uuid(id)
    }

    fn dependency(self) -> Dependency {
        Dependency::Practitioner(self)
    }
}

impl Aliased for PatientId {
    const TABLE: &'static str = "patient_aliases";
    const ID: &'static str = "patient_id";
    const FOLLOWED: &'static str = "identity_followed";

    fn uuid(self) -> Uuid {
        self.as_uuid()
    }

    fn of(id: Uuid) -> Self {
        Self::from_uuid(id)
    }

    fn dependency(self) -> Dependency {
        Dependency::Patient(self)
    }
}

/// A row of one of the tables.
struct Entry {
    id: Uuid,
    leads_to: Option<Uuid>,
    human_id: Uuid,
}

impl Entry {
    fn read(row: &QueryResult, id: &str) -> Result<Self, DbErr> {
        Ok(Self {
            id: row.try_get("", id)?,
            leads_to: row.try_get("", "leads_to")?,
            human_id: row.try_get("", "human_id")?,
        })
    }
}

/// Every identifier of the human whom this one leads to, itself among them.
pub(super) async fn ids_of<Id: Aliased>(
    connection: &impl ConnectionTrait,
    id: Id,
) -> Result<Vec<Uuid>, Error> {
    let id = id.uuid();
    let mut ids: BTreeSet<Uuid> = entries_with::<Id>(connection, &[id])
        .await?
        .iter()
        .map(|entry| entry.id)
        .collect();
    ids.insert(id);
    Ok(ids.into_iter().collect())
}

pub(super) async fn identifiers<Id: Aliased>(db: &Database, id: Id) -> Result<Vec<Id>, Error> {
    let ids = ids_of(db.reader(), id).await?;
    Ok(ids.into_iter().map(Id::of).collect())
}

/// Rows whose column names any identifier of this patient.
pub(super) async fn of_patient(
    connection: &impl ConnectionTrait,
    column: impl ColumnTrait,
    patient_id: PatientId,
) -> Result<Expr, Error> {
    Ok(column.is_in(ids_of(connection, patient_id).await?))
}

/// Has the transaction tell that the authorisations of this patient changed, under every
/// identifier: for changes that may write rows of several.
pub(super) async fn advance(tx: &Transaction, patient_id: PatientId) -> Result<(), Error> {
    for id in ids_of(tx, patient_id).await? {
        change_clock::advance(tx, PatientId::from_uuid(id));
    }
    Ok(())
}

/// Of these identifiers those that lead elsewhere, and to which.
pub(super) async fn present_ids<Id: Aliased>(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<HashMap<Uuid, Uuid>, Error> {
    let ids: Vec<Uuid> = BTreeSet::from_iter(ids).into_iter().collect();
    let mut present = HashMap::new();
    for some in ids.chunks(IDS_PER_STATEMENT) {
        let mut leading = entries::<Id>();
        leading
            .and_where(Expr::col(Id::ID).is_in(some.iter().copied()))
            .and_where(Expr::col("leads_to").is_not_null());
        let found = read::<Id>(connection, &leading).await?;
        present.extend(found.iter().map(|entry| (entry.id, entry.human_id)));
    }
    Ok(present)
}

impl<Id: Aliased> Identities<Id> for SqlStore {
    fn followed_to(&self) -> Answer<'_, ChangeCursor> {
        Box::pin(cursor::<Id>(self.db.reader()))
    }

    fn learn<'a>(&'a self, learnt: &'a Learnt<Id>) -> Answer<'a, ChangeCursor> {
        Box::pin(self.returned(learn(&self.db, learnt)))
    }
}

async fn cursor<Id: Aliased>(connection: &impl ConnectionTrait) -> Result<ChangeCursor, Error> {
    let engine = connection.get_database_backend();
    let text = format!("SELECT cursor FROM {} WHERE id = 1", Id::FOLLOWED);
    let row = connection
        .query_one_raw(Statement::from_string(engine, text))
        .await?;
    let row = row.ok_or_else(|| DatabaseError::corrupt(Id::FOLLOWED, "id", &1))?;
    Ok(ChangeCursor::from_text(row.try_get("", "cursor")?))
}

/// Takes in what was learnt, if nobody else did, and gives how far the changes were
/// followed then.
async fn learn<Id: Aliased>(db: &Database, learnt: &Learnt<Id>) -> Result<ChangeCursor, Error> {
    db.transaction("consent.learn_identities", async |tx| {
        if !move_on(&tx, learnt).await? {
            return cursor::<Id>(&tx).await;
        }
        if let Some(change) = learnt.change {
            take(&tx, change).await?;
        }
        Ok(learnt.cursor.clone())
    })
    .await
}

/// Moves the cursor on, if nobody else did.
async fn move_on<Id: Aliased>(tx: &Transaction, learnt: &Learnt<Id>) -> Result<bool, Error> {
    let text = format!(
        "UPDATE {} SET cursor = $2 WHERE id = 1 AND cursor = $1",
        Id::FOLLOWED
    );
    let values = [&learnt.after, &learnt.cursor].map(|cursor| cursor.as_text().into());
    let statement = Statement::from_sql_and_values(tx.get_database_backend(), text, values);
    Ok(tx.execute_raw(statement).await?.rows_affected() > 0)
}

/// Writes anew who is whom among all humans whom the change may touch. Whatever rests on
/// one of whom something changed is stale.
async fn take<Id: Aliased>(tx: &Transaction, change: IdentityChange<Id>) -> Result<(), Error> {
    let change = change.map(Id::uuid);
    let named: Vec<Uuid> = change.entries().collect();
    let before = entries_with::<Id>(tx, &named).await?;
    let links = before
        .iter()
        .filter_map(|row| Some((row.id, row.leads_to?)));
    let known = Aliases::known(links);
    let mut aliases = known.clone();
    aliases.take(change);
    if aliases == known {
        return Ok(());
    }
    let humans = aliases.humans();
    let was: BTreeSet<Uuid> = before.iter().map(|row| row.id).collect();
    let mut forget = Query::delete();
    forget
        .from_table(Id::TABLE)
        .and_where(Expr::col(Id::ID).is_in(was.iter().copied()));
    tx.execute(&forget).await?;
    insert::<Id>(tx, &aliases, &humans).await?;
    for id in was.into_iter().chain(humans.into_keys()) {
        change_clock::note(tx, Id::of(id).dependency());
    }
    Ok(())
}

async fn insert<Id: Aliased>(
    tx: &Transaction,
    aliases: &Aliases<Uuid>,
    humans: &BTreeMap<Uuid, Uuid>,
) -> Result<(), Error> {
    if humans.is_empty() {
        return Ok(());
    }
    let mut insert = Query::insert();
    insert
        .into_table(Id::TABLE)
        .columns([Id::ID, "leads_to", "human_id"]);
    for (id, human) in humans {
        insert.values_panic([(*id).into(), aliases.leads_to(*id).into(), (*human).into()]);
    }
    tx.execute(&insert).await?;
    Ok(())
}

/// The entries of every human who has one of these.
async fn entries_with<Id: Aliased>(
    connection: &impl ConnectionTrait,
    ids: &[Uuid],
) -> Result<Vec<Entry>, Error> {
    let mut humans = Query::select();
    humans
        .column("human_id")
        .from(Id::TABLE)
        .and_where(Expr::col(Id::ID).is_in(ids.iter().copied()));
    let mut theirs = entries::<Id>();
    theirs.and_where(Expr::col("human_id").in_subquery(humans));
    read::<Id>(connection, &theirs).await
}

fn entries<Id: Aliased>() -> SelectStatement {
    let mut entries = Query::select();
    entries
        .columns([Id::ID, "leads_to", "human_id"])
        .from(Id::TABLE);
    entries
}

async fn read<Id: Aliased>(
    connection: &impl ConnectionTrait,
    statement: &SelectStatement,
) -> Result<Vec<Entry>, Error> {
    let rows = connection.query_all(statement).await?;
    let entries = rows.iter().map(|row| Entry::read(row, Id::ID));
    Ok(entries.collect::<Result<_, _>>()?)
}
