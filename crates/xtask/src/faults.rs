//! `cargo xtask faults`: the scenarios of `tests/faults`, one after the other on an
//! otherwise idle machine, and what callers saw in each as the table of
//! `docs/reliability.md`.

use crate::images;
use crate::test;
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// Where each scenario leaves its row.
const FOLDER: &str = "AVAL_FAULTS_FOLDER";
/// Where the services' programs are, if not where those of the tests are.
const PROGRAMS: &str = "AVAL_FAULTS_PROGRAMS";

/// Between these stands a table.
const BEGIN: &str = "<!-- What follows is written by `cargo xtask faults`. -->\n";
const END: &str = "<!-- Until here. -->\n";
/// The same of the table of what an overload does.
const BEGIN_OVERLOAD: &str = "<!-- The overload, written by `cargo xtask faults`. -->\n";
const END_OVERLOAD: &str = "<!-- The end of the overload. -->\n";
/// Where that scenario leaves its figures.
const OVERLOAD: &str = "overload.figures";

/// The services, as the table has them.
const SERVICES: [&str; 4] = ["consent", "identity", "directory", "audit"];

const HEAD: &str = "\
| What happened | Consent | Identity | Directory | Audit | Confirmed, and lost or doubled | Let in, and should not be | Without its trace | Untrue otherwise | All well again after |
| --- | --- | --- | --- | --- | ---: | ---: | ---: | ---: | ---: |
";

/// Plays them with the programs that are built with the tests, or with those that images
/// carry: all, or those whose names match `only`, and then the others' rows are those of the
/// last time.
pub(crate) fn run(dist: bool, only: Option<&str>) -> Result<()> {
    let workspace = Workspace::load()?;
    let folder = workspace.target.join("faults");
    if only.is_some() {
        let was_played = folder.exists();
        ensure!(was_played, "{}: play all of them first", folder.display());
    } else if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let tests = format!(
        "package(aval-tests) & test(/^faults::.*({})/)",
        only.unwrap_or_default()
    );
    let selected = ["-E", &tests, "-j", "1"].map(str::to_owned);
    let mut variables = vec![(FOLDER, folder.as_os_str())];
    let programs = if dist {
        Some(images::build_programs(&workspace, &images::all())?)
    } else {
        None
    };
    if let Some(programs) = &programs {
        variables.push((PROGRAMS, programs.as_os_str()));
    }
    let tested = test::run_with(&selected, &variables);
    // A scenario in which something was wrong has left its row: it is written, and fails.
    let written = write_tables(&workspace, &folder);
    tested.and(written)
}

fn write_tables(workspace: &Workspace, folder: &Path) -> Result<()> {
    let page = workspace.root.join("docs/reliability.md");
    write(&page, (BEGIN, END), &table(folder)?)?;
    let figures = folder.join(OVERLOAD);
    if figures.exists() {
        let figures = serde_json::from_slice(&fs::read(figures)?)?;
        let table = table_of_overload(&figures)?;
        write(&page, (BEGIN_OVERLOAD, END_OVERLOAD), &table)?;
    }
    Ok(())
}

/// The rows, in the order of their titles.
fn table(folder: &Path) -> Result<String> {
    let mut rows = Vec::new();
    for file in fs::read_dir(folder)? {
        let path = file?.path();
        if path.extension().is_none_or(|ending| ending != "json") {
            continue;
        }
        let row = fs::read(path)?;
        rows.push(row_of(&serde_json::from_slice(&row)?)?);
    }
    if rows.is_empty() {
        bail!("no scenario left a row");
    }
    rows.sort();
    Ok(format!("{HEAD}{}", rows.concat()))
}

fn row_of(played: &Value) -> Result<String> {
    let title = played["title"].as_str().context("a row has a title")?;
    let services = SERVICES.map(|service| seen_of(&played["services"][service]));
    let services: Vec<_> = services.into_iter().collect::<Result<_>>()?;
    let shares = ["lost", "let_in", "untraced", "untrue"].map(|share| {
        let share = &played[share];
        let (wrong, of) = (number(share, "wrong")?, number(share, "of")?);
        Ok::<_, anyhow::Error>(format!("{wrong} of {of}"))
    });
    let shares: Vec<_> = shares.into_iter().collect::<Result<_>>()?;
    Ok(format!(
        "| {title} | {} | {} | {} ms |\n",
        services.join(" | "),
        shares.join(" | "),
        number(played, "recovered_after_ms")?,
    ))
}

/// How many calls were answered, how the others ended, and the longest time in which a caller
/// had no answer; a dash where nobody called.
fn seen_of(service: &Value) -> Result<String> {
    if service.is_null() {
        return Ok("–".to_owned());
    }
    let failed = service["failed"].as_object();
    let failed = failed.context("a service has failures")?.iter();
    let mut seen = format!("{} answered", number(service, "answered")?);
    for (code, calls) in failed {
        write!(seen, ", {calls} {code}")?;
    }
    write!(seen, "; {} ms", number(service, "longest_wait_ms")?)?;
    Ok(seen)
}

fn number(of: &Value, key: &str) -> Result<u64> {
    of[key].as_u64().with_context(|| format!("a row has {key}"))
}

/// Microseconds as milliseconds.
fn tenths(micros: u64) -> String {
    let tenths = micros.div_ceil(100);
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// A row for each number of callers.
fn table_of_overload(figures: &Value) -> Result<String> {
    let mut table = String::from(
        "| | Decisions a second | Refused a second | Not sent a second | Median | 99 in 100 within \
         | The servers' core | Consent's part of it | The callers' core | A decision, all servers \
         | A refusal, consent |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for row in figures.as_array().context("the figures are rows")? {
        let callers = row["callers"].as_str().context("a row has callers")?;
        let figure = |name: &str| {
            let figure = row["figures"][name].as_u64();
            figure.with_context(|| format!("a row has {name}"))
        };
        let millis = |name: &str| Ok::<_, anyhow::Error>(tenths(figure(name)?));
        // Where there are not many refusals, what one took is not to be told apart; nor what a
        // decision did where there are.
        let is_crowded = figure("refused_a_second")? > 2 * figure("answered_a_second")?;
        let (decision, refusal) = if is_crowded {
            ("–".to_owned(), format!("{} µs", figure("refusal_us")?))
        } else {
            (format!("{} µs", figure("decision_us")?), "–".to_owned())
        };
        writeln!(
            table,
            "| {callers} | {} | {} | {} | {} ms | {} ms | {} % | {} % | {} % | {decision} | {refusal} |",
            figure("answered_a_second")?,
            figure("refused_a_second")?,
            figure("held_back_a_second")?,
            millis("median_us")?,
            millis("p99_us")?,
            figure("servers_percent")?,
            figure("consent_percent")?,
            figure("callers_percent")?,
        )?;
    }
    Ok(table)
}

/// Puts the table into the page, between these two.
fn write(page: &Path, (begin, end): (&str, &str), table: &str) -> Result<()> {
    let text = fs::read_to_string(page)?;
    let (before, rest) = text
        .split_once(begin)
        .context("the page has a place for the table")?;
    let (_, after) = rest
        .split_once(end)
        .context("the place for the table has an end")?;
    fs::write(page, format!("{before}{begin}\n{table}\n{end}{after}"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{BEGIN, END, row_of, table_of_overload};
    use crate::workspace::Workspace;
    use serde_json::json;
    use std::fs;

    #[test]
    fn a_row_says_what_callers_saw_and_what_was_wrong_of_how_much() {
        let played = json!({
            "title": "audit killed",
            "services": {
                "consent": {
                    "answered": 120, "failed": { "Unavailable": 3, "DeadlineExceeded": 1 },
                    "longest_wait_ms": 812,
                },
                "identity": { "answered": 7, "failed": {}, "longest_wait_ms": 30 },
                "audit": { "answered": 9, "failed": { "Unavailable": 2 }, "longest_wait_ms": 40 },
            },
            "lost": { "wrong": 0, "of": 30 },
            "let_in": { "wrong": 1, "of": 45 },
            "untraced": { "wrong": 0, "of": 90 },
            "untrue": { "wrong": 0, "of": 60 },
            "recovered_after_ms": 283,
        });
        let row = "| audit killed | 120 answered, 1 DeadlineExceeded, 3 Unavailable; 812 ms \
            | 7 answered; 30 ms | – | 9 answered, 2 Unavailable; 40 ms \
            | 0 of 30 | 1 of 45 | 0 of 90 | 0 of 60 | 283 ms |\n";
        assert_eq!(row_of(&played).unwrap(), row);
        let columns = |line: &str| line.matches('|').count();
        assert_eq!(columns(row), columns(super::HEAD.lines().next().unwrap()));
        assert!(row_of(&json!({ "title": "audit killed" })).is_err());
    }

    #[test]
    fn the_page_has_a_row_for_every_scenario_and_for_nothing_else() {
        let root = Workspace::load().unwrap().root;
        let page = fs::read_to_string(root.join("docs/reliability.md")).unwrap();
        let (_, table) = page.split_once(BEGIN).unwrap();
        let (table, _) = table.split_once(END).unwrap();
        let rows: Vec<_> = table
            .lines()
            .filter_map(|line| line.strip_prefix("| ")?.split(" | ").next())
            .filter(|title| *title != "What happened" && *title != "---")
            .collect();
        let mut sources = String::new();
        for file in fs::read_dir(root.join("tests/faults")).unwrap() {
            sources += &fs::read_to_string(file.unwrap().path()).unwrap();
        }
        let scenarios = sources.matches("scenario(").count() - 1;
        // A title that is longer than a line goes on in the next one.
        let words: Vec<_> = sources
            .split_whitespace()
            .filter(|word| *word != "\\")
            .collect();
        let sources = words.join(" ");
        for title in &rows {
            assert!(sources.contains(&format!("\"{title}\"")), "{title}");
        }
        assert_eq!(rows.len(), scenarios, "run `cargo xtask faults`");
    }

    #[test]
    fn an_overload_has_a_row_for_each_number_of_callers() {
        let figures = json!([{ "callers": "6 callers", "figures": {
            "answered_a_second": 812, "refused_a_second": 0, "held_back_a_second": 0,
            "median_us": 7211, "p99_us": 19_040, "servers_percent": 78, "consent_percent": 31,
            "callers_percent": 9, "decision_us": 960, "refusal_us": 0,
        }}]);
        let table = table_of_overload(&figures).unwrap();
        let row =
            "| 6 callers | 812 | 0 | 0 | 7.3 ms | 19.1 ms | 78 % | 31 % | 9 % | 960 µs | – |\n";
        assert!(table.ends_with(row), "{table}");
        assert!(table_of_overload(&json!([{ "callers": "6 callers" }])).is_err());
    }
}
