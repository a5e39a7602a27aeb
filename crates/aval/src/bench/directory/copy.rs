//! The least that the file costs a PostgreSQL: its own copy into a table of texts.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, ensure};
use aval_testing::synthesize::HEADINGS;

/// How many seconds `\copy` takes, with `psql`, which must be installed. The table is
/// logged like any other, has no index, and is dropped afterwards.
pub(super) fn seconds(url: &str, file: &Path) -> anyhow::Result<f64> {
    // The separator behind the last value makes an empty one.
    let columns: Vec<String> = (0..=HEADINGS.len())
        .map(|place| format!("c{place} text"))
        .collect();
    psql(
        url,
        &format!("CREATE TABLE raw_extraction ({})", columns.join(", ")),
    )?;
    let begun = Instant::now();
    let copy = format!(
        "\\copy raw_extraction FROM '{}' WITH (FORMAT csv, DELIMITER '|', QUOTE E'\\x01', HEADER)",
        file.display()
    );
    let copied = psql(url, &copy);
    let elapsed = begun.elapsed();
    psql(url, "DROP TABLE raw_extraction")?;
    copied?;
    Ok(elapsed.as_secs_f64())
}

fn psql(url: &str, statement: &str) -> anyhow::Result<()> {
    let ran = Command::new("psql")
        .args([
            "--no-psqlrc",
            "--quiet",
            "--set",
            "ON_ERROR_STOP=1",
            "--command",
            statement,
            url,
        ])
        .output()
        .context("cannot run psql")?;
    let said = String::from_utf8_lossy(&ran.stderr);
    ensure!(ran.status.success(), "psql failed: {said}");
    Ok(())
}
