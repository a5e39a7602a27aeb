//! What consent asks of PostgreSQL while patients let professionals in and out, and these ask:
//! each statement on a table that Citus would distribute names the column by which it would,
//! as `docs/citus.md` has them, or is one of those that it lists as asking every shard.

use std::collections::BTreeSet;
use std::sync::Arc;

use aval_testing::postgres::PostgresServer;
use tokio_util::sync::CancellationToken;

use super::lane::Lane;
use super::site::Site;
use crate::patience::eventually;

const PAGE: &str = include_str!("../../docs/citus.md");
/// What stands before a statement in PostgreSQL's log.
const MARKS: [&str; 2] = ["LOG:  execute ", "LOG:  statement: "];

/// The tables of consent that are distributed, each with its column.
fn distributed() -> Vec<(&'static str, &'static str)> {
    let rows = PAGE.lines().filter_map(|line| {
        let cells: Vec<_> = line
            .split('|')
            .map(|cell| cell.trim().trim_matches('`'))
            .collect();
        match cells[..] {
            ["", "consent", table, column, _, ""] => Some((table, column)),
            _ => None,
        }
    });
    rows.filter(|(_, column)| column.ends_with("_id")).collect()
}

/// How the statements begin that the page says ask every shard.
fn across_shards() -> Vec<&'static str> {
    let begin = PAGE
        .find("```sql across shards\n")
        .expect("they are listed");
    let listed = PAGE[begin..].lines().skip(1);
    listed.take_while(|line| *line != "```").collect()
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
    let asked = words.windows(2).filter(|pair| asks(pair)).count();
    let inserts = words
        .windows(2)
        .position(|pair| pair[0] == "INTO" && is_table(&pair[1]));
    let gives = inserts.is_none_or(|at| {
        let columns = words[at..].iter().take_while(|word| *word != ")");
        columns.into_iter().any(is_column)
    });
    asked >= named && gives
}

/// The statements of a log that do not name the column of a table that they are on.
fn without_column(log: &str, distributed: &[(&str, &str)]) -> BTreeSet<String> {
    let mut columns: Vec<&str> = distributed.iter().map(|(_, column)| *column).collect();
    columns.dedup();
    let mut found = BTreeSet::new();
    // Whatever goes on in a further line belongs to the one that begins with a date.
    for entry in log.split("\n20") {
        let of_mark = |mark| entry.split_once(mark).map(|(_, statement)| statement);
        let Some(statement) = MARKS.into_iter().find_map(of_mark) else {
            continue;
        };
        // A prepared statement stands behind its name.
        let prepared = statement.strip_prefix("sqlx_s_");
        let prepared = prepared.and_then(|named| named.split_once(": "));
        let words = words(prepared.map_or(statement, |(_, statement)| statement));
        let names_its_column = columns.iter().all(|column| {
            let by_it = distributed.iter().filter(|(_, by)| by == column);
            let tables: Vec<_> = by_it.map(|(table, _)| *table).collect();
            names_column(&words, &tables, column)
        });
        if !names_its_column {
            found.insert(words.join(" "));
        }
    }
    found
}

fn writes_down_all(server: &PostgresServer, what: &str) {
    server.tell(&format!("ALTER SYSTEM SET log_statement = '{what}'"));
    server.tell("SELECT pg_reload_conf()");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_hot_statement_names_the_column_of_its_shard() {
    let Some(site) = Site::open("every_hot_statement", &[]).await else {
        return;
    };
    let lane = Lane::open(&site, 1).await;
    let over = CancellationToken::new();
    let busy = tokio::spawn(Arc::clone(&lane).run(over.clone()));
    let turns = async |more: usize| {
        let wanted = lane.turns() + more;
        eventually("it goes on", async || {
            (lane.turns() >= wanted).then_some(())
        })
        .await;
    };
    turns(1).await;
    writes_down_all(&site.postgres, "all");
    turns(3).await;
    over.cancel();
    busy.await.unwrap();
    writes_down_all(&site.postgres, "none");

    let log = site.postgres.log();
    let distributed = distributed();
    assert!(distributed.len() > 5, "{distributed:?}");
    for (what, table) in [
        ("INSERT INTO", "grants"),
        ("FROM", "grants"),
        ("FROM", "records"),
    ] {
        let plain = log.replace('"', "");
        assert!(
            plain.contains(&format!("{what} {table}")),
            "{what} {table} is not seen"
        );
    }
    let listed = across_shards();
    let is_another = |it: &&String| !listed.iter().any(|begin| it.starts_with(begin));
    let found = without_column(&log, &distributed);
    let other: Vec<_> = found.iter().filter(is_another).collect();
    assert!(other.is_empty(), "these ask every shard: {other:#?}");
}

#[test]
fn a_statement_without_its_column_is_found() {
    let distributed = [("grants", "patient_id"), ("notifications", "recipient_id")];
    let log = "2026 LOG:  execute sqlx_s_1: SELECT \"grants\".\"patient_id\" FROM \"grants\" \
        WHERE \"grants\".\"patient_id\" = $1\n\
        2026 DETAIL:  parameters: $1 = 'x'\n\
        2026 LOG:  statement: SELECT patient_id FROM grants\n  WHERE grant_id = $1\n\
        2026 LOG:  execute sqlx_s_2: INSERT INTO grants (grant_id) VALUES ($1)\n\
        2026 LOG:  execute sqlx_s_3: INSERT INTO grants (patient_id) VALUES ($1)\n\
        2026 LOG:  execute sqlx_s_4: DELETE FROM notifications WHERE patient_id = $1";
    let found = without_column(log, &distributed);
    let expected = [
        "DELETE FROM notifications WHERE patient_id = $1",
        "INSERT INTO grants ( grant_id ) VALUES ( $1 )",
        "SELECT patient_id FROM grants WHERE grant_id = $1",
    ];
    assert!(found.iter().eq(expected), "{found:#?}");
}
