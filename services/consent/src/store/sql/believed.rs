//! What time it is, for what is lost for good.
//!
//! A request or a notification that is forgotten too early comes back by no correction of a
//! clock, and so no single clock says that its time is over. Of the instances that share a
//! database on PostgreSQL each is believed as far as the database's own clock goes with it.
//! A file on SQLite is one program's, on one machine: there is no other clock to ask.

use aval_database::{Backend, Database, DatabaseError};
use aval_domain::time::Timestamp;
use sea_orm::{ConnectionTrait, Statement};

use crate::error::Error;

const DATABASES_NOW: &str =
    "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT) AS now";

/// What time it is as far as both say, the clock that says `now` and the database's.
pub(super) async fn believed(db: &Database, now: Timestamp) -> Result<Timestamp, Error> {
    match db.backend() {
        Backend::Sqlite => Ok(now),
        Backend::Postgres => Ok(now.min(databases_now(db).await?)),
    }
}

async fn databases_now(db: &Database) -> Result<Timestamp, Error> {
    let reader = db.reader();
    let statement = Statement::from_string(reader.get_database_backend(), DATABASES_NOW);
    let row = reader.query_one_raw(statement).await?;
    let row = row.ok_or_else(|| DatabaseError::corrupt("clock", "now", &"no row"))?;
    let now: i64 = row.try_get("", "now")?;
    let told = Timestamp::try_from(now);
    Ok(told.map_err(|_| DatabaseError::corrupt("clock", "now", &now))?)
}
