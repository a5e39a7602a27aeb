//! What the directory knows, for a file to be compared with.
//!
//! A table of facts is read as one row: its keys beside each other, and what they say.
//! As rows of their own they would cost ten times as much, most of it on their way.

use aval_database::{Backend, Database, DatabaseError, Transaction};
use aval_domain::id::ImportId;
use futures::try_join;
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement};

use super::freshness;
use crate::error::Error;
use crate::import::facts::{FactKey, Wording, person_key, structure_key};
use crate::import::known::{Known, Rows, Worded};
use crate::source::Source;

/// Those whom a national or technical identifier names, which holds no space.
const NAMED: &str = "\
    SELECT string_agg({name}, ' ') AS names, \
        string_agg(CAST(wording AS TEXT), ' ') AS wordings FROM {table}";

/// Facts by their keys, of 16 bytes each.
const KEYED: &str = "SELECT {keys} AS keys FROM {table}";

/// The same with what they say.
const KEYED_AND_WORDED: &str = "\
    SELECT {keys} AS keys, string_agg(CAST(wording AS TEXT), ' ') AS wordings FROM {table}";

const KEYS_ON_POSTGRES: &str = "string_agg(uuid_send(row_key), ''::bytea)";
const KEYS_ON_SQLITE: &str = "unhex(string_agg(hex(row_key), ''))";

/// Everything that the directory holds of what the source is about.
///
/// People, structures and rows are read at once where connections read beside each other.
/// They may then be of different states, of which none is older than the import in use that
/// was read first: if another one is in use by then, this one is not applied.
pub(super) async fn load(db: &Database, source: Source) -> Result<Known, Error> {
    const NAME: &str = "practitioner_directory.known";
    let base = db
        .snapshot(NAME, move |tx| async move {
            freshness::of_source(&tx, source).await
        })
        .await?;
    let base = base.and_then(|row| row.import_id).map(ImportId::from_uuid);
    let alone = |table| db.snapshot(NAME, move |tx| async move { keys(&tx, table).await });
    let table = match source {
        Source::PracticeSituations => {
            let people = async {
                let named = db.snapshot(NAME, async |tx| {
                    named(&tx, "practitioner_identifiers", "national_id").await
                });
                let named = named.await?;
                aside(move || named.worded("practitioner_identifiers", person_key)).await
            };
            let structures = async {
                let named = db.snapshot(NAME, async |tx| {
                    named(&tx, "organizations", "technical_id").await
                });
                let named = named.await?;
                aside(move || named.worded("organizations", structure_key)).await
            };
            let rows = async {
                let keys = alone("activity_rows WHERE active").await?;
                aside(move || Ok(Rows::new(keys))).await
            };
            let (people, structures, rows) = match db.backend() {
                Backend::Postgres => try_join!(people, structures, rows)?,
                Backend::Sqlite => (people.await?, structures.await?, rows.await?),
            };
            return Ok(Known {
                base,
                people,
                structures,
                rows,
            });
        }
        Source::Establishments => return establishments(db, base).await,
        Source::Skills => "person_skills",
        Source::Mailboxes => "mailboxes",
        Source::Qualifications => "qualifications",
    };
    Ok(Known {
        base,
        rows: Rows::new(alone(table).await?),
        ..Known::default()
    })
}

/// Those that the register still names.
async fn establishments(db: &Database, base: Option<ImportId>) -> Result<Known, Error> {
    let listed = db
        .snapshot("practitioner_directory.known", async |tx| {
            let found = read(&tx, KEYED_AND_WORDED, "establishments WHERE active").await?;
            let Some(row) = found else {
                return Ok::<_, DatabaseError>(Vec::new());
            };
            let keys = keys_of(&row)?;
            keys.into_iter()
                .zip(wordings_of(&row, "establishments")?)
                .map(|(key, wording)| Ok((key, wording)))
                .collect()
        })
        .await?;
    Ok(Known {
        base,
        rows: Rows::new(listed.iter().map(|(key, _)| *key).collect()),
        structures: Worded::new(listed),
        ..Known::default()
    })
}

/// Names beside each other, and what they say.
#[derive(Debug, Default)]
struct Named {
    names: String,
    wordings: String,
}

impl Named {
    fn worded(
        &self,
        table: &'static str,
        key_of: impl Fn(&str) -> FactKey,
    ) -> Result<Worded, DatabaseError> {
        let wordings = parsed(&self.wordings, table)?;
        let names = self.names.split_terminator(' ').map(key_of);
        Ok(Worded::new(names.zip(wordings).collect()))
    }
}

/// Millions of digests and their order take a second: on a thread where no call waits for it.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DatabaseError> + Send + 'static,
) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(|_| Error::ImportAbandoned)??)
}

async fn named(
    tx: &Transaction,
    table: &'static str,
    name: &'static str,
) -> Result<Named, DatabaseError> {
    let sql = NAMED.replace("{name}", name);
    let Some(row) = read(tx, &sql, table).await? else {
        return Ok(Named::default());
    };
    let names: Option<String> = row.try_get("", "names")?;
    let wordings: Option<String> = row.try_get("", "wordings")?;
    Ok(Named {
        names: names.unwrap_or_default(),
        wordings: wordings.unwrap_or_default(),
    })
}

async fn keys(tx: &Transaction, table: &'static str) -> Result<Vec<FactKey>, DatabaseError> {
    let found = read(tx, KEYED, table).await?;
    found.map_or(Ok(Vec::new()), |row| keys_of(&row))
}

/// A statement over a whole table, however long that takes.
async fn read(
    tx: &Transaction,
    sql: &str,
    table: &str,
) -> Result<Option<QueryResult>, DatabaseError> {
    let backend = ConnectionTrait::get_database_backend(tx);
    let keys = match backend {
        DbBackend::Postgres => {
            tx.execute_unprepared("SET LOCAL statement_timeout = 0")
                .await?;
            KEYS_ON_POSTGRES
        }
        _ => KEYS_ON_SQLITE,
    };
    let sql = sql.replace("{keys}", keys).replace("{table}", table);
    Ok(tx
        .query_one_raw(Statement::from_string(backend, sql))
        .await?)
}

fn keys_of(row: &QueryResult) -> Result<Vec<FactKey>, DatabaseError> {
    let keys: Option<Vec<u8>> = row.try_get("", "keys")?;
    let keys = keys.unwrap_or_default();
    let (keys, _) = keys.as_chunks();
    Ok(keys.iter().copied().map(FactKey).collect())
}

fn wordings_of(row: &QueryResult, table: &'static str) -> Result<Vec<Wording>, DatabaseError> {
    let wordings: Option<String> = row.try_get("", "wordings")?;
    parsed(&wordings.unwrap_or_default(), table)
}

fn parsed(wordings: &str, table: &'static str) -> Result<Vec<Wording>, DatabaseError> {
    let read = wordings.split_terminator(' ').map(|wording| {
        let number: Result<i64, _> = wording.parse();
        let number = number.map_err(|_| DatabaseError::corrupt(table, "wording", &wording));
        number.map(i64::cast_unsigned)
    });
    read.collect()
}
