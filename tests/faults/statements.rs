//! Statements as PostgreSQL writes them down, held against where their tables lie.

use std::collections::{BTreeMap, BTreeSet};

const PAGE: &str = include_str!("../../docs/citus.md");
/// What stands before a statement in PostgreSQL's log.
const MARKS: [&str; 2] = ["LOG:  execute ", "LOG:  statement: "];
/// What stands before a table in a statement.
const BEFORE_A_TABLE: [&str; 4] = ["FROM", "JOIN", "UPDATE", "INTO"];

/// Where the tables of a service lie, as the page has it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Places(BTreeMap<String, BTreeMap<String, Place>>);

/// Where a table lies.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// By the hash of this column.
    By(String),
    /// On every worker.
    Reference,
    /// On the coordinator alone.
    Local,
}

/// A statement that may ask every shard, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Exception {
    /// How it begins, and what comes further on, each after `…`.
    pub(super) statement: String,
    pub(super) who: String,
    pub(super) why: String,
}

/// The cells of the tables of the page, row by row.
fn rows() -> impl Iterator<Item = Vec<String>> {
    let cell = |cell: &str| cell.trim().trim_matches('`').to_owned();
    let rows = PAGE.lines().filter_map(|line| line.strip_prefix("| "));
    rows.map(move |line| line.trim_end_matches('|').split('|').map(cell).collect())
}

impl Places {
    /// Of every table of every service.
    pub(super) fn of_the_page() -> Self {
        let mut places = Self::default();
        for row in rows() {
            let [service, table, by, _] = &row[..] else {
                continue;
            };
            let place = match by.as_str() {
                "reference" => Place::Reference,
                "local" => Place::Local,
                column if column.ends_with("_id") => Place::By(column.to_owned()),
                _ => continue,
            };
            places.put(service, table, place);
        }
        places
    }

    fn put(&mut self, service: &str, table: &str, place: Place) {
        let tables = self.0.entry(service.to_owned()).or_default();
        tables.insert(table.to_owned(), place);
    }

    /// The services.
    pub(super) fn services(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The tables of a service that are distributed.
    pub(super) fn distributed(&self, service: &str) -> impl Iterator<Item = &str> {
        let tables = self.0[service].iter();
        tables.filter_map(|(table, place)| matches!(place, Place::By(_)).then_some(table.as_str()))
    }

    /// The services that have all of these tables that any of them has.
    fn that_have(&self, tables: &BTreeSet<&str>) -> Vec<&str> {
        let is_one = |table: &&str| self.0.values().any(|service| service.contains_key(*table));
        let known: Vec<_> = tables.iter().copied().filter(is_one).collect();
        let has = |service: &BTreeMap<String, Place>| {
            known.iter().all(|table| service.contains_key(*table))
        };
        let services = self.0.iter().filter(|(_, service)| has(service));
        services.map(|(service, _)| service.as_str()).collect()
    }
}

impl Exception {
    /// Whether it is this statement.
    pub(super) fn is(&self, statement: &str) -> bool {
        let mut parts = self.statement.split('…').map(str::trim);
        let begin = parts.next().unwrap_or_default();
        let Some(mut rest) = statement.strip_prefix(begin) else {
            return false;
        };
        for part in parts {
            let Some((_, further)) = rest.split_once(part) else {
                return false;
            };
            rest = further;
        }
        true
    }
}

/// What the page lists as asking every shard.
pub(super) fn exceptions() -> BTreeSet<Exception> {
    let rows = rows().filter_map(|row| match &row[..] {
        [statement, who, why] if statement != "statement" => Some(Exception {
            statement: statement.clone(),
            who: who.clone(),
            why: why.clone(),
        }),
        _ => None,
    });
    rows.collect()
}

/// The words of a statement, without quotes; brackets and commas are words.
fn words(statement: &str) -> Vec<String> {
    let mut spaced = String::with_capacity(statement.len());
    for character in statement.chars() {
        match character {
            '"' => {}
            '(' | ')' | ',' => spaced.extend([' ', character, ' ']),
            other => spaced.push(other),
        }
    }
    spaced.split_whitespace().map(str::to_owned).collect()
}

/// The tables that a statement is on, as often as it is.
fn tables(words: &[String]) -> Vec<&str> {
    let pairs = words.windows(2);
    let tables = pairs.filter_map(|pair| match pair {
        [before, table] if BEFORE_A_TABLE.contains(&before.as_str()) => Some(table.as_str()),
        _ => None,
    });
    tables.collect()
}

/// Whether a statement names the column as often as it names tables that lie by it.
fn names_column(words: &[String], tables: &[&str], column: &str) -> bool {
    let is_table = |word: &String| tables.contains(&word.as_str());
    let is_column = |word: &String| word.rsplit('.').next() == Some(column);
    let follow = |pair: &[String]| match pair {
        [before, word] => ["FROM", "JOIN", "UPDATE"].contains(&before.as_str()) && is_table(word),
        _ => false,
    };
    let asks = |pair: &[String]| match pair {
        [word, after] => is_column(word) && ["=", "IN"].contains(&after.as_str()),
        _ => false,
    };
    let named = words.windows(2).filter(|pair| follow(pair)).count();
    let conditions = without_what_is_set(words);
    let asked = conditions.windows(2).filter(|pair| asks(pair)).count();
    let inserts = words
        .windows(2)
        .position(|pair| pair[0] == "INTO" && is_table(&pair[1]));
    let gives = inserts.is_none_or(|at| {
        let columns = words[at..].iter().take_while(|word| *word != ")");
        columns.into_iter().any(is_column)
    });
    asked >= named && gives
}

/// The words of a statement but for what it sets, which looks like a condition and is none.
fn without_what_is_set(words: &[String]) -> Vec<String> {
    let mut is_set = false;
    let kept = words.iter().filter(|word| {
        is_set = match word.as_str() {
            "SET" => true,
            "WHERE" | "FROM" | "RETURNING" => false,
            _ => is_set,
        };
        !is_set
    });
    kept.cloned().collect()
}

/// What is wrong with a statement of a service, if anything is.
fn wrong_with(words: &[String], places: &BTreeMap<String, Place>) -> Option<String> {
    let tables = tables(words);
    let mut by = BTreeMap::<&str, Vec<&str>>::new();
    let mut local = BTreeSet::new();
    for table in tables {
        match places.get(table) {
            Some(Place::By(column)) => by.entry(column).or_default().push(table),
            Some(Place::Local) => {
                local.insert(table);
            }
            Some(Place::Reference) | None => {}
        }
    }
    if !by.is_empty() && !local.is_empty() {
        return Some(format!("joins what is spread with {local:?}"));
    }
    let mut by = by.iter();
    by.find(|(column, tables)| !names_column(words, tables, column))
        .map(|(column, _)| format!("without {column}"))
}

/// The statements of a log.
#[derive(Debug, Default)]
pub(super) struct Statements {
    /// Of each service.
    pub(super) of: BTreeMap<String, BTreeSet<Vec<String>>>,
    /// On a connection on which tables of several services were asked.
    pub(super) of_several: BTreeSet<Vec<String>>,
}

impl Statements {
    /// Whatever was asked of any table. A connection is one service's: whose, its tables say,
    /// or those that they may be where several have tables of these names.
    pub(super) fn of_log(log: &str, places: &Places) -> Self {
        let mut of_connections = BTreeMap::<&str, BTreeSet<Vec<String>>>::new();
        // Whatever goes on in a further line belongs to the one that begins with a date.
        for entry in log.split("\n20") {
            let of_mark = |mark| entry.split_once(mark);
            let Some((before, statement)) = MARKS.into_iter().find_map(of_mark) else {
                continue;
            };
            // A prepared statement stands behind its name, or behind what says that it has none.
            let has_name = ["sqlx_s_", "<unnamed>"]
                .iter()
                .any(|name| statement.starts_with(name));
            let prepared = statement.split_once(": ").filter(|_| has_name);
            let words = words(prepared.map_or(statement, |(_, statement)| statement));
            if !tables(&words).is_empty() {
                let of = of_connections.entry(connection(before)).or_default();
                of.insert(words);
            }
        }
        let mut statements = Self::default();
        for (_, asked) in of_connections {
            let on: BTreeSet<_> = asked.iter().flat_map(|words| tables(words)).collect();
            let services = places.that_have(&on);
            if services.is_empty() {
                statements.of_several.extend(asked.clone());
            }
            for service in services {
                let of = statements.of.entry(service.to_owned()).or_default();
                of.extend(asked.iter().cloned());
            }
        }
        statements
    }

    /// Whether a service asked something of this table.
    pub(super) fn are_on(&self, service: &str, table: &str) -> bool {
        let mut asked = self.of.get(service).into_iter().flatten();
        asked.any(|words| tables(words).contains(&table))
    }

    /// Those that are not where their tables lie, with what is wrong.
    pub(super) fn wrong(&self, places: &Places) -> BTreeSet<(String, String)> {
        let mut wrong = BTreeSet::new();
        for (service, asked) in &self.of {
            for words in asked {
                if let Some(what) = wrong_with(words, &places.0[service]) {
                    wrong.insert((words.join(" "), what));
                }
            }
        }
        wrong
    }
}

/// `[1234]`: the process that serves a connection.
fn connection(before: &str) -> &str {
    let begin = before.find('[').map_or(0, |at| at + 1);
    let end = before.find(']').unwrap_or(before.len());
    &before[begin..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Places {
        let mut places = Places::default();
        let by = |column: &str| Place::By(column.to_owned());
        for (service, table, place) in [
            ("consent", "grants", by("patient_id")),
            ("consent", "notifications", by("recipient_id")),
            ("consent", "change_clock", Place::Reference),
            ("consent", "outbox", Place::Local),
            ("audit", "outbox", Place::Local),
            ("audit", "events", Place::Local),
        ] {
            places.put(service, table, place);
        }
        places
    }

    #[test]
    fn a_statement_that_does_not_lie_where_its_tables_do_is_found() {
        let log = "2026-11-30 04:00:00.000 UTC [1] LOG:  execute sqlx_s_1: SELECT \
            \"grants\".\"patient_id\" FROM \"grants\" WHERE \"grants\".\"patient_id\" = $1\n\
            2026 UTC [1] DETAIL:  parameters: $1 = 'x'\n\
            2026 UTC [1] LOG:  statement: SELECT patient_id FROM grants\n  WHERE grant_id = $1\n\
            2026 UTC [1] LOG:  execute sqlx_s_2: INSERT INTO grants (grant_id) VALUES ($1)\n\
            2026 UTC [1] LOG:  execute sqlx_s_3: INSERT INTO grants (patient_id) VALUES ($1)\n\
            2026 UTC [1] LOG:  execute sqlx_s_4: DELETE FROM notifications WHERE patient_id = $1\n\
            2026 UTC [1] LOG:  execute sqlx_s_5: SELECT 1 FROM grants JOIN outbox ON true \
            WHERE grants.patient_id = $1\n\
            2026 UTC [1] LOG:  execute sqlx_s_6: SELECT 1 FROM grants JOIN change_clock ON true \
            WHERE grants.patient_id = $1\n\
            2026 UTC [1] LOG:  execute <unnamed>: UPDATE grants SET patient_id = $1 \
            WHERE grant_id = $2\n\
            2026 UTC [2] LOG:  statement: SELECT 2 FROM outbox\n\
            2026 UTC [3] LOG:  statement: SELECT 1 FROM outbox\n\
            2026 UTC [3] LOG:  statement: SELECT 1 FROM events WHERE grant_id = $1\n";
        let statements = Statements::of_log(log, &places());
        // One asked of what both have, and may be either's.
        assert_eq!(statements.of["consent"].len(), 8 + 1);
        assert_eq!(statements.of["audit"].len(), 2 + 1);
        assert!(statements.of_several.is_empty(), "{statements:?}");
        assert!(statements.are_on("audit", "events"));
        assert!(!statements.are_on("audit", "grants"));
        let wrong = statements.wrong(&places());
        let wrong: Vec<_> = wrong
            .iter()
            .map(|(it, what)| (it.as_str(), what.as_str()))
            .collect();
        let expected = [
            (
                "DELETE FROM notifications WHERE patient_id = $1",
                "without recipient_id",
            ),
            (
                "INSERT INTO grants ( grant_id ) VALUES ( $1 )",
                "without patient_id",
            ),
            (
                "SELECT 1 FROM grants JOIN outbox ON true WHERE grants.patient_id = $1",
                "joins what is spread with {\"outbox\"}",
            ),
            (
                "SELECT patient_id FROM grants WHERE grant_id = $1",
                "without patient_id",
            ),
            (
                "UPDATE grants SET patient_id = $1 WHERE grant_id = $2",
                "without patient_id",
            ),
        ];
        assert_eq!(wrong, expected);
    }

    #[test]
    fn an_exception_is_a_statement_with_all_its_parts_in_their_order() {
        let exception = Exception {
            statement: "SELECT … FROM grants WHERE grant_id =".to_owned(),
            who: String::new(),
            why: String::new(),
        };
        assert!(exception.is("SELECT a , b FROM grants WHERE grant_id = $1"));
        assert!(!exception.is("SELECT a , b FROM grants WHERE patient_id = $1"));
        assert!(!exception.is("DELETE FROM grants WHERE grant_id = $1"));
    }

    #[test]
    fn the_page_places_the_tables_of_every_service_and_gives_each_exception_a_reason() {
        let places = Places::of_the_page();
        let services: Vec<_> = places.services().collect();
        assert_eq!(
            services,
            ["audit", "consent", "identity", "practitioner-directory"]
        );
        assert!(places.distributed("consent").count() > 5);
        assert_eq!(places.distributed("audit").count(), 0);
        let exceptions = exceptions();
        assert!(!exceptions.is_empty());
        for exception in exceptions {
            assert!(!exception.who.is_empty(), "{exception:?}");
            assert!(exception.why.split(' ').count() > 3, "{exception:?}");
        }
    }
}
