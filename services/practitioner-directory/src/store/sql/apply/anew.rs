//! Empty tables of PostgreSQL, made anew beside themselves.

use std::time::Duration;

use aval_database::{DatabaseError, Transaction};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement};

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
        AND pg_has_role(c.relowner, 'USAGE') AND c.relacl IS NULL AND NOT c.relhasrules AND NOT c.relhastriggers \
        AND NOT c.relhassubclass AND NOT c.relrowsecurity \
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

/// Tables without an index, each named `next_` and the name of the one that it is to be.
#[derive(Debug)]
pub(super) struct Anew {
    tables: &'static [&'static str],
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
    /// Makes such tables; `None` if one of these is not empty, or others have to do with it.
    pub(super) async fn beside(
        tx: &Transaction,
        tables: &'static [&'static str],
    ) -> Result<Option<Self>, DatabaseError> {
        let mut indexes = Vec::new();
        for table in tables {
            let own = rows(tx, &IS_ITS_OWN.replace("{table}", table)).await?;
            let own = own
                .first()
                .map_or(Ok(false), |row| row.try_get("", "its_own"));
            if !own? {
                return Ok(None);
            }
            for row in rows(tx, &INDEXES.replace("{table}", table)).await? {
                indexes.push(Index::of(table, &row)?);
            }
        }
        for table in tables {
            let create = format!("CREATE TABLE next_{table} (LIKE {table} INCLUDING DEFAULTS)");
            tx.execute_unprepared(&create).await?;
        }
        Ok(Some(Self { tables, indexes }))
    }

    /// Makes the indexes, and the tables those that everybody reads from the commit on.
    pub(super) async fn put_in_place(self, tx: &Transaction) -> Result<(), DatabaseError> {
        for index in &self.indexes {
            tx.execute_unprepared(&index.creation()).await?;
        }
        self.lock(tx).await?;
        for table in self.tables {
            let rename = format!("DROP TABLE {table}; ALTER TABLE next_{table} RENAME TO {table}");
            tx.execute_unprepared(&rename).await?;
        }
        for index in &self.indexes {
            tx.execute_unprepared(&index.placing()).await?;
        }
        Ok(())
    }

    /// Locks the tables that are replaced against everybody, all of them or none.
    async fn lock(&self, tx: &Transaction) -> Result<(), DatabaseError> {
        let lock = format!(
            "LOCK TABLE {} IN ACCESS EXCLUSIVE MODE",
            self.tables.join(", ")
        );
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

async fn rows(tx: &Transaction, sql: &str) -> Result<Vec<QueryResult>, DatabaseError> {
    let statement = Statement::from_string(DbBackend::Postgres, sql);
    Ok(tx.query_all_raw(statement).await?)
}
