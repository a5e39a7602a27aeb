//! What the directory knows, for a file to be compared with.
//!
//! PostgreSQL copies it out row by row, straight into what it is held as ([`copied`]); of
//! SQLite a table is read as one row ([`gathered`]).

mod copied;
mod gathered;

use aval_database::{Backend, Database, DatabaseError};
use aval_domain::id::ImportId;
use futures::try_join;
use sea_orm::prelude::Uuid;
use sea_orm::{ConnectionTrait, Statement, Value};

use super::freshness;
use crate::error::Error;
use crate::import::facts::{FactKey, Wording, person_key, structure_key};
use crate::import::known::{Known, Rows, Worded};
use crate::source::Source;

const NAME: &str = "practitioner_directory.known";

/// What a fact that has a wording is named by in its table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Named {
    /// A person by their national identifier.
    Person,
    /// A structure by its technical identifier.
    Structure,
    /// Whatever it is, by its key.
    ByKey,
}

/// A fact and what it says.
type Fact = (FactKey, Wording);

/// Everything that the directory holds of what the source is about.
///
/// People, structures and rows are read at once where connections read beside each other.
/// They may then be of different states, of which none is older than the import in use that
/// was read first: if another one is in use by then, this one is not applied.
pub(super) async fn load(db: &Database, source: Source) -> Result<Known, Error> {
    let base = db
        .snapshot(NAME, move |tx| async move {
            freshness::of_source(&tx, source).await
        })
        .await?;
    let base = base.and_then(|row| row.import_id).map(ImportId::from_uuid);
    let table = match source {
        Source::PracticeSituations => return situations(db, base).await,
        Source::Establishments => return establishments(db, base).await,
        Source::Skills => "person_skills",
        Source::Mailboxes => "mailboxes",
        Source::Qualifications => "qualifications",
    };
    Ok(Known {
        base,
        rows: rows(db, table).await?,
        ..Known::default()
    })
}

async fn situations(db: &Database, base: Option<ImportId>) -> Result<Known, Error> {
    let people = worded(db, "practitioner_identifiers", Named::Person);
    let structures = worded(db, "organizations", Named::Structure);
    let rows = rows(db, "activity_rows WHERE active");
    let (people, structures, rows) = match db.backend() {
        Backend::Postgres => try_join!(people, structures, rows)?,
        Backend::Sqlite => (people.await?, structures.await?, rows.await?),
    };
    Ok(Known {
        base,
        people,
        structures,
        rows,
    })
}

/// Those that the register still names.
async fn establishments(db: &Database, base: Option<ImportId>) -> Result<Known, Error> {
    let listed = facts(db, "establishments WHERE active", Named::ByKey).await?;
    aside(move || Known {
        base,
        rows: Rows::new(listed.iter().map(|(key, _)| *key).collect()),
        structures: Worded::new(listed),
        ..Known::default()
    })
    .await
}

/// Of an entry, not of the human that it may lead to.
const OF_SITUATIONS: &str = "\
    SELECT r.row_key FROM practitioner_identifiers i \
    JOIN activities a ON a.practitioner_id = i.practitioner_id \
        AND COALESCE(a.entry_id, a.practitioner_id) = COALESCE(i.entry_id, i.practitioner_id) \
    JOIN activity_rows r ON r.activity_id = a.activity_id \
    WHERE r.active AND i.national_id IN ";

/// The keys of the rows that a source says of these people. None of mailboxes, which end even
/// if their row was put aside, and of establishments, which are no people's.
pub(super) async fn rows_of(
    db: &Database,
    source: Source,
    national_ids: &[String],
) -> Result<Vec<FactKey>, Error> {
    let rows = match source {
        Source::PracticeSituations => OF_SITUATIONS,
        Source::Skills => "SELECT row_key FROM person_skills WHERE national_id IN ",
        Source::Qualifications => "SELECT row_key FROM qualifications WHERE national_id IN ",
        Source::Mailboxes | Source::Establishments => return Ok(Vec::new()),
    };
    let backend = db.reader().get_database_backend();
    let places = (1..=national_ids.len()).map(|place| format!("${place}"));
    let places = places.collect::<Vec<_>>().join(", ");
    let values = national_ids.iter().map(|id| Value::from(id.as_str()));
    let statement = Statement::from_sql_and_values(backend, format!("{rows}({places})"), values);
    let rows = db.reader().query_all_raw(statement).await;
    let rows = rows.map_err(DatabaseError::from)?;
    let mut keys = Vec::with_capacity(rows.len());
    for row in rows {
        let key: Uuid = row.try_get_by_index(0).map_err(DatabaseError::from)?;
        keys.push(FactKey(key.into_bytes()));
    }
    Ok(keys)
}

async fn rows(db: &Database, table: &'static str) -> Result<Rows, Error> {
    let keys = match db.backend() {
        Backend::Postgres => copied::keys(db, table).await?,
        Backend::Sqlite => gathered::keys(db, table).await?,
    };
    aside(move || Rows::new(keys)).await
}

async fn worded(db: &Database, table: &'static str, named: Named) -> Result<Worded, Error> {
    let facts = facts(db, table, named).await?;
    aside(move || Worded::new(facts)).await
}

async fn facts(db: &Database, table: &'static str, named: Named) -> Result<Vec<Fact>, Error> {
    match db.backend() {
        Backend::Postgres => Ok(copied::facts(db, table, named).await?),
        Backend::Sqlite => gathered::facts(db, table, named).await,
    }
}

/// Millions are put in order: on a thread where no call waits for it.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| Error::ImportAbandoned)
}

impl Named {
    /// The column that holds it.
    const fn column(self) -> &'static str {
        match self {
            Self::Person => "national_id",
            Self::Structure => "technical_id",
            Self::ByKey => "row_key",
        }
    }

    /// The key of the fact of this name, which is a text or, as a key, 16 bytes.
    fn key_of(self, table: &'static str, name: &[u8]) -> Result<FactKey, DatabaseError> {
        let key = match self {
            Self::Person => std::str::from_utf8(name).ok().map(person_key),
            Self::Structure => std::str::from_utf8(name).ok().map(structure_key),
            Self::ByKey => name.try_into().ok().map(FactKey),
        };
        key.ok_or_else(|| corrupt(table, self.column()))
    }
}

fn corrupt(table: &'static str, column: &'static str) -> DatabaseError {
    DatabaseError::corrupt(table, column, &"one of all")
}
