//! The matrices that were loaded. Rows are added and never changed.

use aval_database::{Database, DatabaseError};
use aval_domain::time::Timestamp;
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, QueryResult, Statement};

use super::change_clock;
use super::entity::matrix::{ActiveModel, Entity, Model};
use crate::cache::{Dependency, Position, Shard};
use crate::error::Error;
use crate::policies::LoadedMatrix;

/// The matrices, and how far the clock of what spans patients is: one state.
const READ: &str = "SELECT change_clock.position AS position, matrices.revision AS revision, \
        matrices.content AS content, matrices.effective_from AS effective_from, \
        matrices.loaded_at AS loaded_at \
    FROM change_clock LEFT JOIN matrices ON 1 = 1 \
    WHERE change_clock.shard = $1";

/// Adds a matrix. The same again changes nothing and gives the one that is there; another
/// content or day under its revision is [`Error::StateConflict`].
pub(super) async fn load(db: &Database, matrix: &LoadedMatrix) -> Result<LoadedMatrix, Error> {
    db.transaction("consent.load_matrix", async |tx| {
        let found = Entity::find_by_id(&matrix.revision).one(&tx).await?;
        if let Some(found) = found {
            let found = LoadedMatrix::try_from(found)?;
            let same =
                found.content == matrix.content && found.effective_from == matrix.effective_from;
            return if same {
                Ok(found)
            } else {
                Err(Error::StateConflict(
                    "a matrix of this revision with another content or day is there",
                ))
            };
        }
        let row = ActiveModel {
            revision: Set(matrix.revision.clone()),
            content: Set(matrix.content.clone()),
            effective_from: Set(matrix.effective_from.map(Timestamp::as_micros)),
            loaded_at: Set(matrix.loaded_at.as_micros()),
        };
        Entity::insert(row).exec_without_returning(&tx).await?;
        change_clock::note(&tx, Dependency::Policy);
        Ok(matrix.clone())
    })
    .await
}

/// Every matrix, and the state that it is of.
pub(super) async fn read(db: &Database) -> Result<(Position, Vec<LoadedMatrix>), Error> {
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
