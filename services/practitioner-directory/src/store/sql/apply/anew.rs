//! Empty tables of PostgreSQL, made anew beside themselves.
//!
//! Whoever fills them needs several transactions, and more than one connection to index
//! them. Until they are in place nobody reads them; the comment on `next_practitioners`
//! says for which import they are.

use std::collections::BTreeSet;
use std::time::Duration;

use aval_database::{Database, DatabaseError, Transaction};
use aval_domain::time::Timestamp;
use futures::{StreamExt, TryStreamExt, stream};
use sea_orm::prelude::Uuid;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryResult, Statement};

use super::super::entity::import;
use super::super::revision;
use crate::import::ImportState;

/// Those that the first file fills, in the order in which they are indexed: what takes
/// longest first.
const TABLES: [&str; 6] = [
    "activities",
    "organizations",
    "organization_words",
    "practitioners",
    "activity_rows",
    "practitioner_identifiers",
];

/// Those that the version before filled, too: one of its imports may have come to no end. To be
/// forgotten with the tables that the version after this one takes away.
const FORMER: [&str; 3] = ["search_keys", "practitioner_words", "word_variants"];

/// Those of [`TABLES`] whose rows say when they changed: at the revision of whoever fills them.
const DATED: [&str; 2] = ["practitioners", "organizations"];

/// How often it is tried to take the place of tables that somebody is reading.
const MOST_TRIES: u32 = 300;

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(50);

/// Shorter than PostgreSQL takes to look for a deadlock: whoever reads one table and then
/// another may stand in the way of this, and is let through.
const WAIT: &str = "SET LOCAL lock_timeout = '200ms'";

/// Whether a table holds nothing, and nobody but the service has to do with it: no grant,
/// trigger, policy, view or publication would be lost with it. And whether the service may
/// make tables: where it serves under a role that may not, files take the usual way.
const IS_ITS_OWN: &str = "\
    SELECT has_schema_privilege(c.relnamespace, 'CREATE') \
        AND pg_has_role(c.relowner, 'USAGE') AND c.relacl IS NULL \
        AND NOT c.relhasrules AND NOT c.relhastriggers AND NOT c.relhassubclass \
        AND NOT c.relrowsecurity \
        AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.refobjid = c.oid \
            AND d.refclassid = 'pg_class'::regclass AND d.classid = 'pg_rewrite'::regclass) \
        AND NOT EXISTS (SELECT 1 FROM pg_publication_rel p WHERE p.prrelid = c.oid) \
        AND NOT EXISTS (SELECT 1 FROM {table}) AS its_own \
    FROM pg_class c WHERE c.oid = '{table}'::regclass";

const INDEXES: &str = "\
    SELECT c.relname::text AS name, pg_get_indexdef(c.oid) AS definition, i.indisunique, \
        i.indisprimary \
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
    WHERE i.indrelid = '{table}'::regclass ORDER BY c.relname";

/// For which import the tables are made.
const MADE_FOR: &str = "\
    SELECT obj_description(to_regclass('next_practitioners'), 'pg_class') AS made_for, \
        to_regclass('next_practitioners') IS NOT NULL AS are_there";

/// How many tables are indexed at once.
const AT_ONCE: usize = 3;

/// Sorts of millions of rows, which happen once. A fifth of the rows that are usually looked
/// at for whoever plans tells enough until the server itself looks at more of them.
const ROOM: &str = "SET LOCAL statement_timeout = 0; SET LOCAL maintenance_work_mem = '128MB'; \
    SET LOCAL default_statistics_target = 20";

/// Tables without an index, each named `next_` and the name of the one that it is to be.
#[derive(Debug)]
pub(in crate::store::sql) struct Anew {
    indexes: Vec<Index>,
}

/// An index that the table has, and the one to be must have.
#[derive(Debug)]
struct Index {
    table: &'static str,
    name: String,
    /// What follows the name of the table in its definition.
    of: String,
    is_unique: bool,
    is_primary: bool,
}

impl Anew {
    /// Makes such tables for an import; `false` if one of the tables is not empty, others
    /// have to do with it, or another import is filling such tables.
    pub(in crate::store::sql) async fn begin(
        tx: &Transaction,
        import_id: Uuid,
        now: Timestamp,
    ) -> Result<bool, DatabaseError> {
        revision::hold(tx).await?;
        if !Self::are_own(tx).await? || !give_up_abandoned(tx).await? {
            return Ok(false);
        }
        let revision = revision::newest(tx).await? + 1;
        for table in TABLES {
            let create = format!("CREATE TABLE next_{table} (LIKE {table} INCLUDING DEFAULTS)");
            tx.execute_unprepared(&create).await?;
        }
        for table in DATED {
            let default = format!(
                "ALTER TABLE next_{table} ALTER revision SET DEFAULT {revision}, \
                    ALTER updated_at SET DEFAULT {}",
                now.as_micros()
            );
            tx.execute_unprepared(&default).await?;
        }
        let comment = format!("COMMENT ON TABLE next_practitioners IS '{import_id}'");
        tx.execute_unprepared(&comment).await?;
        Ok(true)
    }

    /// Those that were made for an import, if any were.
    pub(super) async fn of(
        tx: &Transaction,
        import_id: Uuid,
    ) -> Result<Option<Self>, DatabaseError> {
        if made_for(tx).await? != Some(import_id.to_string()) {
            return Ok(None);
        }
        let mut indexes = Vec::new();
        for table in TABLES {
            for row in rows(tx, &INDEXES.replace("{table}", table)).await? {
                indexes.push(Index::of(table, &row)?);
            }
        }
        Ok(Some(Self { indexes }))
    }

    /// Makes the indexes of the filled tables, several at once, and has whatever they are
    /// over looked at for whoever plans.
    pub(super) async fn index(&self, db: &Database) -> Result<(), DatabaseError> {
        let works = TABLES.map(|table| {
            let of_table = self.indexes.iter().filter(|index| index.table == table);
            let columns: BTreeSet<&str> = of_table.clone().flat_map(Index::sorted).collect();
            let columns: Vec<&str> = columns.into_iter().collect();
            let creations = of_table.map(|index| format!("; {}", index.creation()));
            format!(
                "ANALYZE next_{table} ({}){}",
                columns.join(", "),
                creations.collect::<String>()
            )
        });
        stream::iter(works)
            .map(|work| async move {
                db.transaction("practitioner_directory.index_first", |tx| {
                    let work = &work;
                    async move {
                        tx.execute_unprepared(ROOM).await?;
                        tx.execute_unprepared(work).await?;
                        Ok(())
                    }
                })
                .await
            })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await
    }

    /// Makes the tables those that everybody reads from the commit on; `false` if others have
    /// to do with those by now.
    pub(super) async fn put_in_place(
        self,
        tx: &Transaction,
        revision: i64,
    ) -> Result<bool, DatabaseError> {
        for table in DATED {
            // Somebody else had the next revision meanwhile.
            let date = format!(
                "UPDATE next_{table} SET revision = {revision} WHERE revision <> {revision}; \
                 ALTER TABLE next_{table} ALTER revision SET DEFAULT 0, \
                    ALTER updated_at DROP DEFAULT"
            );
            tx.execute_unprepared(&date).await?;
        }
        tx.execute_unprepared("COMMENT ON TABLE next_practitioners IS NULL")
            .await?;
        Self::lock(tx).await?;
        if !Self::are_own(tx).await? {
            return Ok(false);
        }
        for table in TABLES {
            let rename = format!("DROP TABLE {table}; ALTER TABLE next_{table} RENAME TO {table}");
            tx.execute_unprepared(&rename).await?;
        }
        for index in &self.indexes {
            tx.execute_unprepared(&index.placing()).await?;
        }
        Ok(true)
    }

    /// Drops those of an import, and says whether there were any.
    pub(in crate::store::sql) async fn discard(
        tx: &Transaction,
        import_id: Uuid,
    ) -> Result<bool, DatabaseError> {
        let are_its = ConnectionTrait::get_database_backend(tx) == DbBackend::Postgres
            && made_for(tx).await? == Some(import_id.to_string());
        if are_its {
            drop_all(tx).await?;
        }
        Ok(are_its)
    }

    async fn are_own(tx: &Transaction) -> Result<bool, DatabaseError> {
        for table in TABLES {
            let own = rows(tx, &IS_ITS_OWN.replace("{table}", table)).await?;
            let own = own
                .first()
                .map_or(Ok(false), |row| row.try_get("", "its_own"));
            if !own? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Locks the tables that are replaced against everybody, all of them or none.
    async fn lock(tx: &Transaction) -> Result<(), DatabaseError> {
        let lock = format!("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", TABLES.join(", "));
        tx.execute_unprepared(WAIT).await?;
        tx.execute_unprepared("SAVEPOINT before_the_lock").await?;
        let mut tries = 0;
        loop {
            match tx.execute_unprepared(&lock).await {
                Ok(_) => break,
                Err(error) if tries == MOST_TRIES => return Err(error.into()),
                Err(_) => {
                    tx.execute_unprepared("ROLLBACK TO SAVEPOINT before_the_lock")
                        .await?;
                    tries += 1;
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
        tx.execute_unprepared("SET LOCAL lock_timeout = 0").await?;
        Ok(())
    }
}

impl Index {
    fn of(table: &'static str, row: &QueryResult) -> Result<Self, DatabaseError> {
        let definition: String = row.try_get("", "definition")?;
        let of = definition
            .split_once(" USING ")
            .map(|(_, of)| of.to_owned());
        let unread = || DbErr::Custom("a definition of an index is read".to_owned());
        Ok(Self {
            table,
            name: row.try_get("", "name")?,
            of: of.ok_or_else(unread)?,
            is_unique: row.try_get("", "indisunique")?,
            is_primary: row.try_get("", "indisprimary")?,
        })
    }

    /// The columns that it sorts.
    fn sorted(&self) -> impl Iterator<Item = &str> {
        let listed = self.of.strip_prefix("btree (").unwrap_or_default();
        let listed = listed.split(')').next().unwrap_or_default();
        let named = listed
            .split(", ")
            .filter_map(|column| column.split(' ').next());
        named.filter(|column| !column.is_empty())
    }

    fn creation(&self) -> String {
        let Self {
            table, name, of, ..
        } = self;
        let unique = if self.is_unique { "UNIQUE " } else { "" };
        format!("CREATE {unique}INDEX next_{name} ON next_{table} USING {of}")
    }

    fn placing(&self) -> String {
        let Self { table, name, .. } = self;
        if self.is_primary {
            return format!(
                "ALTER TABLE {table} ADD CONSTRAINT {name} PRIMARY KEY USING INDEX next_{name}"
            );
        }
        format!("ALTER INDEX next_{name} RENAME TO {name}")
    }
}

/// Drops tables whose import came to no end, and says whether there are none now.
async fn give_up_abandoned(tx: &Transaction) -> Result<bool, DatabaseError> {
    let Some(import_id) = made_for(tx).await? else {
        return Ok(true);
    };
    if let Ok(import_id) = import_id.parse::<Uuid>() {
        let import = import::Entity::find_by_id(import_id).one(tx).await?;
        if import.is_some_and(|import| import.state == ImportState::Receiving.code()) {
            return Ok(false);
        }
    }
    drop_all(tx).await?;
    Ok(true)
}

/// What the comment says, if the tables are there.
async fn made_for(tx: &Transaction) -> Result<Option<String>, DatabaseError> {
    let Some(row) = rows(tx, MADE_FOR).await?.pop() else {
        return Ok(None);
    };
    let made_for: Option<String> = row.try_get("", "made_for")?;
    let are_there: bool = row.try_get("", "are_there")?;
    Ok(are_there.then(|| made_for.unwrap_or_default()))
}

async fn drop_all(tx: &Transaction) -> Result<(), DatabaseError> {
    let tables = TABLES.iter().chain(&FORMER);
    let tables: Vec<String> = tables.map(|table| format!("next_{table}")).collect();
    let drop = format!("DROP TABLE IF EXISTS {}", tables.join(", "));
    tx.execute_unprepared(&drop).await?;
    Ok(())
}

async fn rows(tx: &Transaction, sql: &str) -> Result<Vec<QueryResult>, DatabaseError> {
    let statement = Statement::from_string(DbBackend::Postgres, sql);
    Ok(tx.query_all_raw(statement).await?)
}
