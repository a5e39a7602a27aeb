//! All rows that say something of some people, in one statement: they are many small
//! tables, and a round trip for each would take longer than finding the rows.
//!
//! Each row comes with the name of its table and as JSON, which both engines write. The
//! people asked for are one parameter of JSON too: the text never changes, so it is
//! prepared once a connection. PostgreSQL expects the same number of values in every such
//! parameter, unlike in an array, and so finds that the plan it made once will do.

use std::collections::HashMap;
use std::sync::LazyLock;

use aval_database::DatabaseError;
use aval_domain::time::Timestamp;
use sea_orm::prelude::Uuid;
use sea_orm::sea_query::ColumnType;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityName, EntityTrait, IdenStatic, Iterable,
    Statement,
};
use serde::de::DeserializeOwned;

use super::count;
use super::entity::{
    activity, activity_row, attachment_override, establishment, mailbox, organization,
    person_skill, practitioner, practitioner_identifier, qualification, source,
};
use crate::source::Source;

/// The rows of some people and of all to whom they lead, in no order.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// When the source of people and structures generated the file in use.
    pub as_of: Option<Timestamp>,
    /// At which the directory was.
    pub revision: Option<u64>,
    pub people: Vec<practitioner::Model>,
    pub numbers: Vec<practitioner_identifier::Model>,
    pub qualifications: Vec<qualification::Model>,
    pub skills: Vec<person_skill::Model>,
    pub activities: Vec<activity::Model>,
    pub rows: Vec<activity_row::Model>,
    pub corrections: Vec<attachment_override::Model>,
    pub organizations: Vec<organization::Model>,
    pub establishments: Vec<establishment::Model>,
    /// Of the people and of the structures.
    pub mailboxes: Vec<mailbox::Model>,
}

impl Gathered {
    /// Reads one state of the directory, inside of a transaction or not.
    pub(super) async fn of(
        db: &impl ConnectionTrait,
        people: &[Uuid],
    ) -> Result<Self, DatabaseError> {
        let mut gathered = Self::default();
        for row in db.query_all_raw(gathering(db, people)).await? {
            let table: String = row.try_get_by_index(0)?;
            let line: String = row.try_get_by_index(1)?;
            gathered.add(&table, &line)?;
        }
        Ok(gathered)
    }

    /// The latest revision that changed one of the people, or where they practise.
    pub(super) fn newest_revision(&self) -> Result<u64, DatabaseError> {
        let people = self.people.iter().map(|row| row.revision);
        let people = people.map(|revision| count("practitioners", "revision", revision));
        let places = self.organizations.iter().map(|row| row.revision);
        let places = places.map(|revision| count("organizations", "revision", revision));
        people
            .chain(places)
            .try_fold(0, |newest, revision| Ok(newest.max(revision?)))
    }

    /// The same for each of the people.
    pub(super) fn newest_revisions(&self) -> Result<HashMap<Uuid, u64>, DatabaseError> {
        let places = self.organizations.iter();
        let places: HashMap<Uuid, i64> = places
            .map(|row| (row.organization_id, row.revision))
            .collect();
        let people = self.people.iter();
        let mut newest: HashMap<Uuid, i64> = people
            .map(|row| (row.practitioner_id, row.revision))
            .collect();
        for row in &self.activities {
            let place = row.organization_id.and_then(|place| places.get(&place));
            if let Some((newest, place)) = newest.get_mut(&row.practitioner_id).zip(place) {
                *newest = (*newest).max(*place);
            }
        }
        let checked = |(id, revision)| Ok((id, count("practitioners", "revision", revision)?));
        newest.into_iter().map(checked).collect()
    }

    fn add(&mut self, table: &str, line: &str) -> Result<(), DatabaseError> {
        match table {
            "practitioners" => self.people.push(parsed(table, line)?),
            "practitioner_identifiers" => {
                self.numbers.push(parsed(table, line)?);
            }
            "qualifications" => self.qualifications.push(parsed(table, line)?),
            "person_skills" => self.skills.push(parsed(table, line)?),
            "activities" => self.activities.push(parsed(table, line)?),
            "activity_rows" => self.rows.push(parsed(table, line)?),
            "attachment_overrides" => {
                self.corrections.push(parsed(table, line)?);
            }
            "organizations" => self.organizations.push(parsed(table, line)?),
            "establishments" => self.establishments.push(parsed(table, line)?),
            "mailboxes" => self.mailboxes.push(parsed(table, line)?),
            CLOCK => self.revision = Some(parsed(table, line)?),
            _ => {
                let generated_at: Option<i64> = parsed(table, line)?;
                self.as_of = generated_at.map(Timestamp::from_micros);
            }
        }
        Ok(())
    }
}

/// What stands in a row. What does not parse is not shown: it may be a name.
fn parsed<M: DeserializeOwned>(table: &str, line: &str) -> Result<M, DatabaseError> {
    serde_json::from_str(line).map_err(|error| {
        let place = error.column();
        DbErr::Json(format!("a row of {table} does not parse at {place}")).into()
    })
}

/// Rows under what they belong to.
pub(super) fn grouped<K: std::hash::Hash + Eq, M>(
    rows: Vec<M>,
    key: impl Fn(&M) -> K,
) -> HashMap<K, Vec<M>> {
    let mut groups: HashMap<K, Vec<M>> = HashMap::new();
    for row in rows {
        groups.entry(key(&row)).or_default().push(row);
    }
    groups
}

/// The statement for these people.
///
/// PostgreSQL makes a plan for as many people as it expects, not for as many as are asked
/// for: where it expects a hundred, whole tables of a small directory seem cheaper to it
/// than the look-ups that one of them takes. So there is a text for one, for ten, and for
/// more.
pub(in crate::store) fn gathering(db: &impl ConnectionTrait, people: &[Uuid]) -> Statement {
    static ONE: LazyLock<String> = LazyLock::new(|| gathering_at_most(" LIMIT 1"));
    static TEN: LazyLock<String> = LazyLock::new(|| gathering_at_most(" LIMIT 10"));
    static MORE: LazyLock<String> = LazyLock::new(|| gathering_at_most(""));
    static SQLITE: LazyLock<String> = LazyLock::new(|| {
        let asked = "SELECT unhex(value) FROM json_each($1)";
        format!("WITH RECURSIVE {}", text(DbBackend::Sqlite, asked))
    });

    let engine = db.get_database_backend();
    let text = match (engine, people.len()) {
        (DbBackend::Postgres, ..=1) => &*ONE,
        (DbBackend::Postgres, ..=10) => &*TEN,
        (DbBackend::Postgres, _) => &*MORE,
        _ => &*SQLITE,
    };
    let people: Vec<String> = people
        .iter()
        .map(|id| format!("\"{}\"", id.simple()))
        .collect();
    let people = format!("[{}]", people.join(","));
    Statement::from_sql_and_values(engine, text, [people.into()])
}

/// PostgreSQL's text for people of whom there are no more than this says.
fn gathering_at_most(limit: &str) -> String {
    let asked = format!(
        "(SELECT value::uuid FROM jsonb_array_elements_text($1::jsonb) AS asked (value){limit})"
    );
    format!("WITH RECURSIVE {}", text(DbBackend::Postgres, &asked))
}

/// Where the directory's revision stands.
const CLOCK: &str = "directory_clock";

/// The statement behind `WITH RECURSIVE`: the rows of the people asked for.
fn text(engine: DbBackend, asked: &str) -> String {
    let bytewise = match engine {
        DbBackend::Postgres => "COLLATE \"C\"",
        _ => "COLLATE BINARY", // as everywhere there
    };
    let as_of = format!(
        "SELECT '{}', coalesce(CAST(max(generated_at) AS TEXT), 'null') \
         FROM sources WHERE source = '{}'",
        source::Entity.table_name(),
        Source::PracticeSituations.name(),
    );
    let under_number = "WHERE national_id IN (SELECT national_id FROM numbers)";
    let practised = "WHERE activity_id IN (SELECT activity_id FROM practised)";
    let rows = [
        as_of,
        format!("SELECT '{CLOCK}', CAST(revision AS TEXT) FROM {CLOCK}"),
        rows_of::<practitioner::Entity>(
            engine,
            "practitioners",
            "WHERE practitioner_id IN (SELECT id FROM entries)",
        ),
        rows_of::<practitioner_identifier::Entity>(engine, "numbers", ""),
        rows_of::<qualification::Entity>(engine, "qualifications", under_number),
        rows_of::<person_skill::Entity>(engine, "person_skills", under_number),
        rows_of::<activity::Entity>(engine, "practised", ""),
        rows_of::<activity_row::Entity>(
            engine,
            "activity_rows",
            &format!("{practised} AND skill_code <> ''"),
        ),
        rows_of::<attachment_override::Entity>(
            engine,
            "attachment_overrides",
            "WHERE activity_id IN (SELECT activity_id FROM practised WHERE is_overridden) \
             AND ended_at IS NULL",
        ),
        rows_of::<organization::Entity>(engine, "places", ""),
        rows_of::<establishment::Entity>(
            engine,
            "establishments",
            &format!("WHERE finess IN (SELECT finess {bytewise} FROM places)"),
        ),
        rows_of::<mailbox::Entity>(
            engine,
            "mailboxes",
            "WHERE holder IN (SELECT holder FROM holders)",
        ),
    ];
    let of_entries = "WHERE practitioner_id IN (SELECT id FROM entries)";
    let of_places = ["technical_id", "finess", "siret", "rpps_rank"]
        .map(|number| format!("UNION ALL SELECT '=' || {number} {bytewise} FROM places"));
    format!(
        "entries (id) AS ({asked} \
         UNION SELECT merged_into FROM entries \
         JOIN practitioners ON practitioner_id = id WHERE merged_into IS NOT NULL), \
         numbers AS (SELECT * FROM practitioner_identifiers {of_entries}), \
         practised AS (SELECT * FROM activities {of_entries}), \
         places AS (SELECT * FROM organizations \
         WHERE organization_id IN (SELECT organization_id FROM practised)), \
         holders (holder) AS (SELECT national_id {bytewise} FROM numbers {}) {}",
        of_places.join(" "),
        rows.join(" UNION ALL "),
    )
}

/// Selects the name of this table and each of its rows that `from` has, as JSON.
fn rows_of<E: EntityTrait>(engine: DbBackend, from: &str, only: &str) -> String {
    let table = E::default();
    let table = table.table_name();
    let row = if engine == DbBackend::Postgres {
        format!("CAST(row_to_json({from}) AS TEXT)")
    } else {
        let columns: Vec<String> = E::Column::iter().map(|column| member(&column)).collect();
        format!("json_object({})", columns.join(", "))
    };
    format!("SELECT '{table}', {row} FROM {from} {only}")
}

/// Name and value of a column for SQLite's JSON, which knows neither bytes nor booleans.
fn member(column: &impl ColumnTrait) -> String {
    let name = IdenStatic::as_str(column);
    let value = match column.def().get_column_type() {
        ColumnType::Uuid => format!("CASE WHEN {name} IS NOT NULL THEN hex({name}) END"),
        ColumnType::Boolean => format!("json(CASE WHEN {name} THEN 'true' ELSE 'false' END)"),
        _ => name.to_owned(),
    };
    format!("'{name}', {value}")
}
