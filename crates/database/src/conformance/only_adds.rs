//! Whether the steps that say so only add.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{ConnectionTrait, Statement};

use crate::migrate::{self, Direction, Older, Steps};
use crate::{Backend, Database};

/// What may matter to a program that does not know it, and whether it does: a table's
/// columns, unique indexes, constraints, triggers. Another index, gone or new, does not.
const SQLITE: &str = "\
    SELECT m.name AS owner, \
        'column ' || p.name || ' ' || p.type || ' ' || p.\"notnull\" || ' ' || p.pk AS line, \
        CASE WHEN p.pk = 0 AND (p.\"notnull\" = 0 OR p.dflt_value IS NOT NULL) \
            THEN 1 ELSE 0 END AS may_be_added \
    FROM sqlite_schema m, pragma_table_info(m.name) p WHERE m.type = 'table' \
    UNION ALL \
    SELECT tbl_name, type || ' ' || sql, 0 FROM sqlite_schema \
    WHERE type IN ('trigger', 'view') OR sql LIKE 'CREATE UNIQUE%'";
// `OFFSET 0` keeps PostgreSQL from asking for the text of every schema's indexes, of which other
// tests drop some meanwhile.
const POSTGRES: &str = "\
    SELECT table_name AS owner, \
        'column ' || column_name || ' ' || udt_name || ' ' || is_nullable AS line, \
        CASE WHEN is_nullable = 'YES' OR column_default IS NOT NULL \
            THEN 1 ELSE 0 END AS may_be_added \
    FROM information_schema.columns WHERE table_schema = current_schema() \
    UNION ALL \
    SELECT tablename, indexdef, 0 FROM (\
        SELECT tablename, indexdef FROM pg_indexes \
        WHERE schemaname = current_schema() OFFSET 0) AS own \
    WHERE indexdef LIKE 'CREATE UNIQUE%' \
    UNION ALL \
    SELECT rel.relname, con.conname || ': ' || pg_get_constraintdef(con.oid), 0 \
    FROM pg_constraint con JOIN pg_class rel ON rel.oid = con.conrelid \
    WHERE rel.relnamespace = current_schema()::regnamespace \
    UNION ALL \
    SELECT rel.relname, pg_get_triggerdef(tg.oid), 0 \
    FROM pg_trigger tg JOIN pg_class rel ON rel.oid = tg.tgrelid \
    WHERE NOT tg.tgisinternal AND rel.relnamespace = current_schema()::regnamespace";

/// What belongs to each table, and whether it may be added to one that was there before.
type Tables = BTreeMap<String, BTreeMap<String, bool>>;

/// Goes down, and up step by step: a step that says that it [`Older::Adds`] leaves everything
/// that was there, and gives no table that was there what a program of before would have to
/// know of. What is said is said of steps that there are.
///
/// # Panics
/// When one of these does not hold.
pub async fn steps_that_say_so_only_add<M: Steps>(db: &Database) {
    let said: BTreeMap<_, _> = M::for_older().into_iter().collect();
    let steps: Vec<_> = M::migrations()
        .iter()
        .map(|step| step.name().to_owned())
        .collect();
    let named = said.iter().flat_map(|(step, older)| match older {
        Older::Adds => vec![*step],
        Older::TakesAwayUnusedSince(since) => vec![*step, *since],
    });
    let named: BTreeSet<_> = named.collect();
    for name in named {
        assert!(steps.iter().any(|step| step == name), "no step is {name}");
    }
    migrate::revert::<M>(db).await.expect("the way down works");
    for step in steps {
        let before = tables(db).await;
        let one = migrate::apply::<M>(db, Direction::Up, Some(1)).await;
        one.expect("each step works");
        if said.get(step.as_str()) == Some(&Older::Adds) {
            only_adds(&step, &before, &tables(db).await);
        }
    }
}

fn only_adds(step: &str, before: &Tables, after: &Tables) {
    for (table, was) in before {
        let is = after.get(table);
        let is = is.unwrap_or_else(|| panic!("{step} takes {table} away"));
        for line in was.keys() {
            assert!(is.contains_key(line), "{step} changes {table}: {line}");
        }
        let new = is.iter().filter(|(line, _)| !was.contains_key(*line));
        for (line, may_be_added) in new {
            assert!(may_be_added, "{step} asks more of {table}: {line}");
        }
    }
}

async fn tables(db: &Database) -> Tables {
    let sql = match db.backend() {
        Backend::Sqlite => SQLITE,
        Backend::Postgres => POSTGRES,
    };
    let reader = db.reader();
    let rows = reader
        .query_all_raw(Statement::from_string(reader.get_database_backend(), sql))
        .await
        .expect("the catalogue can be read");
    let mut tables = Tables::new();
    for row in rows {
        let owner = row.try_get("", "owner").expect("a table has a name");
        let line = row.try_get("", "line").expect("a line is text");
        let may: i32 = row.try_get("", "may_be_added").expect("it is a number");
        let lines: &mut BTreeMap<String, bool> = tables.entry(owner).or_default();
        lines.insert(line, may == 1);
    }
    tables
}
