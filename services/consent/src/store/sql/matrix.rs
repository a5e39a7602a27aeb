//! The matrices that were loaded. Rows are added and never changed.

use aval_database::{Database, DatabaseError, Transaction, outbox};
use aval_domain::time::Timestamp;
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbBackend, EntityTrait, QueryResult, Statement};

use super::entity::matrix::{ActiveModel, Entity, Model};
use super::{SqlStore, change_clock, once};
use crate::cache::{Dependency, MatrixAuthority, Position, Shard};
use crate::error::Error;
use crate::policies::LoadedMatrix;
use crate::store::{Answer, LoadTrace, Write};

/// The matrices, and how far the clock of what spans patients is: one state.
const READ: &str = "SELECT change_clock.position AS position, matrices.revision AS revision, \
        matrices.content AS content, matrices.effective_from AS effective_from, \
        matrices.loaded_at AS loaded_at \
    FROM change_clock LEFT JOIN matrices ON 1 = 1 \
    WHERE change_clock.shard = $1";

/// Loads happen one after the other; whoever reads waits for nobody. On SQLite all writers
/// queue anyway.
const LOCK: &str = "LOCK TABLE matrices IN SHARE ROW EXCLUSIVE MODE";

/// Adds a matrix and its trace.
pub(super) async fn load(
    db: &Database,
    write: &Write,
    matrix: &LoadedMatrix,
    trace: &LoadTrace<'_>,
) -> Result<LoadedMatrix, Error> {
    db.transaction("consent.load_matrix", async |tx| {
        let revision = once(&tx, write, add(&tx, matrix, trace)).await?;
        let row = Entity::find_by_id(&revision).one(&tx).await?;
        let row = row.ok_or_else(|| DatabaseError::corrupt("requests", "result", &revision))?;
        Ok(row.try_into()?)
    })
    .await
}

/// Gives the revision under which the matrix is there.
async fn add(
    tx: &Transaction,
    matrix: &LoadedMatrix,
    trace: &LoadTrace<'_>,
) -> Result<String, Error> {
    if tx.get_database_backend() == DbBackend::Postgres {
        tx.execute_unprepared(LOCK).await?;
    }
    let present = Entity::find().all(tx).await?;
    let present = present.into_iter().map(LoadedMatrix::try_from);
    let present = present.collect::<Result<Vec<_>, _>>()?;
    let found = present.iter().find(|one| one.revision == matrix.revision);
    if let Some(found) = found {
        let same = found.content == matrix.content && found.effective_from == matrix.effective_from;
        return if same {
            Ok(found.revision.clone())
        } else {
            Err(Error::StateConflict(
                "a matrix of this revision with another content or instant is there",
            ))
        };
    }
    let matrix = matrix.clone().loaded_after(&present);
    let event = trace(present, &matrix)?;
    let row = ActiveModel {
        revision: Set(matrix.revision.clone()),
        content: Set(matrix.content.clone()),
        effective_from: Set(matrix.effective_from.map(Timestamp::as_micros)),
        loaded_at: Set(matrix.loaded_at.as_micros()),
    };
    Entity::insert(row).exec_without_returning(tx).await?;
    outbox::append(tx, &event).await?;
    change_clock::note(tx, Dependency::Policy);
    Ok(matrix.revision)
}

impl MatrixAuthority for SqlStore {
    fn matrices(&self) -> Answer<'_, (Position, Vec<LoadedMatrix>)> {
        Box::pin(read(&self.db))
    }
}

/// Every matrix, and the state that it is of.
async fn read(db: &Database) -> Result<(Position, Vec<LoadedMatrix>), Error> {
    let reader = db.reader();
    let shard = i16::from(Shard::SPANNING.number());
    let engine = reader.get_database_backend();
    let statement = Statement::from_sql_and_values(engine, READ, [shard.into()]);
    let rows = reader.query_all_raw(statement).await?;
    let first = rows.first();
    let first = first.ok_or_else(|| DatabaseError::corrupt("change_clock", "shard", &shard))?;
    let position = change_clock::position("change_clock", first.try_get("", "position")?)?;
    let mut matrices = Vec::with_capacity(rows.len());
    for row in &rows {
        matrices.extend(matrix(row)?);
    }
    Ok((position, matrices))
}

fn matrix(row: &QueryResult) -> Result<Option<LoadedMatrix>, Error> {
    let Some(revision) = row.try_get::<Option<String>>("", "revision")? else {
        return Ok(None);
    };
    let model = Model {
        revision,
        content: row.try_get("", "content")?,
        effective_from: row.try_get("", "effective_from")?,
        loaded_at: row.try_get("", "loaded_at")?,
    };
    Ok(Some(model.try_into()?))
}

impl TryFrom<Model> for LoadedMatrix {
    type Error = DatabaseError;

    fn try_from(row: Model) -> Result<Self, DatabaseError> {
        let instant = |column, micros: i64| {
            let instant = Timestamp::try_from(micros);
            instant.map_err(|_| DatabaseError::corrupt("matrices", column, &row.revision))
        };
        let from = row
            .effective_from
            .map(|from| instant("effective_from", from));
        Ok(Self {
            effective_from: from.transpose()?,
            loaded_at: instant("loaded_at", row.loaded_at)?,
            revision: row.revision,
            content: row.content,
        })
    }
}
