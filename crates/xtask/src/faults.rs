//! `cargo xtask faults`: the scenarios of `tests/faults`, one after the other on an
//! otherwise idle machine, and what callers saw in each as the table of
//! `docs/reliability.md`.

use crate::test;
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// Where each scenario leaves its row.
const FOLDER: &str = "AVAL_FAULTS_FOLDER";

/// Between these stands the table.
const BEGIN: &str = "<!-- What follows is written by `cargo xtask faults`. -->\n";
const END: &str = "<!-- Until here. -->\n";

const HEAD: &str = "\
| What happened | Answered | Failed | Decisions given | Changes confirmed | Longest wait for an answer | Last failure after all was whole |
| --- | ---: | --- | ---: | ---: | ---: | ---: |
";

pub(crate) fn run() -> Result<()> {
    let workspace = Workspace::load()?;
    let folder = workspace.target.join("faults");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let selected = ["-E", "test(/^faults::/)", "-j", "1"].map(str::to_owned);
    test::run_with(&selected, &[(FOLDER, folder.as_os_str())])?;
    write(
        &workspace.root.join("docs/reliability.md"),
        &table(&folder)?,
    )
}

/// The rows, in the order of their titles.
fn table(folder: &Path) -> Result<String> {
    let mut rows = Vec::new();
    for file in fs::read_dir(folder)? {
        let row = fs::read(file?.path())?;
        rows.push(row_of(&serde_json::from_slice(&row)?)?);
    }
    if rows.is_empty() {
        bail!("no scenario left a row");
    }
    rows.sort();
    Ok(format!("{HEAD}{}", rows.concat()))
}

fn row_of(played: &Value) -> Result<String> {
    let text = |key: &str| played[key].as_str().context("a row has a title");
    let number = |key: &str| {
        played[key]
            .as_u64()
            .with_context(|| format!("a row has {key}"))
    };
    let failed = played["failed"].as_object().context("a row has failures")?;
    let failed: Vec<_> = failed
        .iter()
        .map(|(code, calls)| format!("{calls} {code}"))
        .collect();
    let failed = if failed.is_empty() {
        "none".to_owned()
    } else {
        failed.join(", ")
    };
    let mut row = String::new();
    writeln!(
        row,
        "| {} | {} | {failed} | {} | {} | {} ms | {} |",
        text("title")?,
        number("answered")?,
        number("decided")?,
        number("changed")?,
        number("longest_stall_ms")?,
        match number("recovered_after_ms")? {
            0 => "–".to_owned(),
            after => format!("{after} ms"),
        },
    )?;
    Ok(row)
}

/// Puts the table into the page.
fn write(page: &Path, table: &str) -> Result<()> {
    let text = fs::read_to_string(page)?;
    let (before, rest) = text
        .split_once(BEGIN)
        .context("the page has a place for the table")?;
    let (_, after) = rest
        .split_once(END)
        .context("the place for the table has an end")?;
    fs::write(page, format!("{before}{BEGIN}\n{table}\n{END}{after}"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::row_of;
    use serde_json::json;

    #[test]
    fn a_row_says_what_callers_saw() {
        let played = json!({
            "title": "audit killed", "answered": 120, "decided": 90, "changed": 30,
            "failed": { "Unavailable": 3, "DeadlineExceeded": 1 },
            "longest_stall_ms": 812, "recovered_after_ms": 0,
        });
        let row =
            "| audit killed | 120 | 1 DeadlineExceeded, 3 Unavailable | 90 | 30 | 812 ms | – |\n";
        assert_eq!(row_of(&played).unwrap(), row);
        assert!(row_of(&json!({ "title": "audit killed" })).is_err());
    }
}
