//! The first file of a directory, on PostgreSQL.
//!
//! Where nothing is known there is nothing to compare with, and nobody reads: what the file
//! says goes into tables beside the empty ones, without indexes, while it comes
//! ([`super::super::founding`]); at its end they are indexed and put in their place. That
//! takes a fraction of what staging everything, joining it and keeping two dozen indexes
//! right row by row does.
//!
//! What is in them then is what the statements of every other import ([`super::steps`]) come
//! to when all is new.

use aval_database::{Backend, Database, DatabaseError, Transaction};
use aval_domain::id::ImportId;
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::super::count;
use super::anew::Anew;
use super::lending;
use crate::error::Error;
use crate::import::Changes;

/// How many people, structures and practice situations there are.
const COUNTS: &str = "\
    SELECT (SELECT COUNT(*) FROM next_practitioners) AS people, \
        (SELECT COUNT(*) FROM next_organizations) AS structures, \
        (SELECT COUNT(*) FROM next_activities) AS situations";

/// Makes ready what was staged of a first file, and says whether it is one. Nobody sees it
/// yet.
pub(super) async fn complete(db: &Database, import_id: ImportId) -> Result<bool, DatabaseError> {
    if db.backend() != Backend::Postgres {
        return Ok(false);
    }
    let id = import_id.as_uuid();
    let anew = db.snapshot("practitioner_directory.first", move |tx| async move {
        Anew::of(&tx, id).await
    });
    let Some(anew) = anew.await? else {
        return Ok(false);
    };
    anew.index(db).await?;
    Ok(true)
}

/// Applies a first file; `None` if it was staged like any other.
pub(super) async fn apply(
    tx: &Transaction,
    import_id: ImportId,
    revision: i64,
) -> Result<Option<Changes>, Error> {
    let id = import_id.as_uuid();
    if ConnectionTrait::get_database_backend(tx) != DbBackend::Postgres {
        return Ok(None);
    }
    let Some(anew) = Anew::of(tx, id).await? else {
        return Ok(None);
    };
    let changes = counted(tx).await?;
    if !anew.put_in_place(tx, revision).await? {
        return Err(Error::DirectoryChanged);
    }
    lending::lend(tx, id, lending::To::Everybody).await?;
    Ok(Some(changes))
}

async fn counted(tx: &Transaction) -> Result<Changes, DatabaseError> {
    let counts = Statement::from_string(DbBackend::Postgres, COUNTS);
    let counts = tx.query_one_raw(counts).await?;
    let number = |name: &'static str| {
        let number = counts.as_ref().map_or(Ok(0), |row| row.try_get("", name))?;
        count("next_practitioners", name, number)
    };
    let people = number("people")?;
    Ok(Changes {
        practitioner_count: people,
        practitioners_added: people,
        activity_count: number("situations")?,
        organization_count: number("structures")?,
        ..Changes::default()
    })
}
