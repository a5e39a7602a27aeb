//! `aval bench-directory`: what the directory costs at a size, beside the raw copy of the
//! same file into the same database.
//!
//! In one run: the first import of a synthetic file, the same file again, and the file of
//! the next day, each timed from the first byte sent to the answer, and how much of that
//! went by until the last one was; `\copy` of the first
//! file into a table of texts, where there is a PostgreSQL; then searches, for how long
//! they take and for whom they find: searches also say a profession and a town, and where
//! several bear the same name there, each of them is the right one. Before that everything
//! is left to come to rest. Last, how fast people
//! are read one by one, beside calls of a bare server, and while the file of the day after
//! is imported. Nothing here passes or fails by a figure.

mod copy;
mod memory;
mod questions;
mod reading;
mod rest;
mod searching;
mod typing;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use aval_domain::time::{Clock, SystemClock, Timestamp};
use aval_proto::practitioner_directory::v1::{Import, ImportState};
use aval_testing::synthesize::{SynthesisPlan, file_name};
use clap::Args;
use serde_json::{Value, json};

use crate::client::Software;
use crate::import::{FileToImport, send};
use crate::language::say;
use crate::output::{Output, Rows};
use crate::stack::{Engines, Stack, StackConfig};
use reading::Readers;

/// Measures imports of the directory and searches in it, at a size.
#[derive(Debug, Clone, Args)]
pub struct DirectoryBenchArguments {
    /// How many people; the nation has 1,950,000.
    #[arg(long, default_value_t = 100_000)]
    people: u32,
    /// How many callers search at once.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1024))]
    callers: u32,
    /// How many searches.
    #[arg(long, default_value_t = 2_000)]
    searches: u32,
    /// Import nothing: search and read what an earlier run of the same size left in the
    /// database, whose other services are new.
    #[arg(long)]
    filled: bool,
    /// Where files and databases are made, and removed afterwards. By default the
    /// temporary folder.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Where rows are kept.
    #[command(flatten)]
    engines: Engines,
}

/// One seed for all runs: the same people.
const SEED: u64 = 1;
/// How long one import may take.
const LONGEST_IMPORT: Duration = Duration::from_hours(3);
const DAY: Duration = Duration::from_hours(24);

/// Measures, and says what came of it.
pub async fn run(arguments: &DirectoryBenchArguments, output: Output) -> anyhow::Result<()> {
    let folder = match &arguments.folder {
        Some(folder) => tempfile::tempdir_in(folder),
        None => tempfile::tempdir(),
    };
    let folder = folder.context("cannot make a folder for the files and databases")?;
    let plan = SynthesisPlan::new(SEED, arguments.people);
    let files = (!arguments.filled).then(|| Files::write(folder.path(), plan));
    let files = files.transpose()?;
    let copied = match (&arguments.engines.postgres, &files) {
        (Some(url), Some(files)) => Some(copy::seconds(url, &files.first)?),
        _ => None,
    };
    let config = StackConfig::on_free_ports(&folder.path().join("stack"))?;
    let stack = Stack::start(config.with_engines(arguments.engines.clone())).await?;
    let operator = stack.software("operator")?;
    if let Some(files) = &files {
        output.rows(&imported(&operator, files, copied).await?)?;
    }
    let portal = stack.software("gateway")?;
    let questions = questions::asked(&plan, arguments.searches);
    // Identity follows the directory, and hears of everybody in it after the first import.
    rest::until_at_rest().await;
    let found = searching::ask(&portal, questions.clone(), arguments.callers).await?;
    output.rows(&found)?;
    let readers = Readers::of(&portal, &questions, arguments.callers).await?;
    let bare = Readers::of_nothing(stack.layout(), arguments.callers).await?;
    let mut read = reading::table();
    read.push(bare.call().await?.row("bare call"));
    read.push(readers.call().await?.row("GetPractitioner"));
    if let Some(files) = &files {
        let importing = import(&operator, &files.after_next);
        let (imported, calls) = readers.call_during(importing).await?;
        read.push(calls.row("GetPractitioner, importing"));
        output.rows(&read)?;
        let mut after = imports_table();
        after.push(imported.row("the day after, read meanwhile", copied));
        output.rows(&after)?;
    } else {
        output.rows(&read)?;
    }
    stack.stop().await;
    Ok(())
}

/// The first import, the same file again, and the next day's.
async fn imported(operator: &Software, files: &Files, copied: Option<f64>) -> anyhow::Result<Rows> {
    let mut imports = imports_table();
    for (what, file) in [
        ("first import", &files.first),
        ("the same again", &files.same),
        ("the next day", &files.next),
    ] {
        let timed = import(operator, file).await?;
        imports.push(timed.row(what, copied));
    }
    Ok(imports)
}

/// The files of three days, the first under two names.
struct Files {
    first: PathBuf,
    same: PathBuf,
    next: PathBuf,
    after_next: PathBuf,
}

impl Files {
    fn write(folder: &Path, plan: SynthesisPlan) -> anyhow::Result<Self> {
        let now = SystemClock.now();
        let at = |age: Duration| folder.join(file_name(Timestamp::saturating_sub(now, age)));
        let files = Self {
            first: at(3 * DAY),
            same: at(2 * DAY),
            next: at(DAY),
            after_next: at(Duration::ZERO),
        };
        for (day, path) in [(0, &files.first), (1, &files.next), (2, &files.after_next)] {
            let plan = SynthesisPlan { day, ..plan };
            let mut writer = BufWriter::new(File::create(path)?);
            plan.write(&mut writer)?;
            writer.flush()?;
        }
        std::fs::hard_link(&files.first, &files.same)?;
        Ok(files)
    }
}

/// An import that was applied, and what it cost.
struct Timed {
    import: Import,
    bytes: u64,
    elapsed: Duration,
    /// When the last byte was sent: what follows is its end in the database.
    sent_after: Duration,
    peak_mib: Option<u64>,
}

async fn import(operator: &Software, file: &Path) -> anyhow::Result<Timed> {
    let file = FileToImport::at(file)?;
    let bytes = file.size()?;
    memory::forget_peak();
    let begun = Instant::now();
    let sent_after = Arc::new(Mutex::new(Duration::ZERO));
    let last_sent = Arc::clone(&sent_after);
    let note = move |_| {
        let mut last = last_sent.lock().unwrap_or_else(PoisonError::into_inner);
        *last = begun.elapsed();
    };
    let mut request = tonic::Request::new(send(&file, note)?);
    request.set_timeout(LONGEST_IMPORT);
    let answer = operator
        .directory_admin()
        .import_extraction(request)
        .await?;
    let elapsed = begun.elapsed();
    let sent_after = *sent_after.lock().unwrap_or_else(PoisonError::into_inner);
    let import = answer.into_inner().import.unwrap_or_default();
    ensure!(
        import.state() == ImportState::Applied,
        "the import was not applied: {}",
        import.state_reason
    );
    Ok(Timed {
        import,
        bytes,
        elapsed,
        sent_after,
        peak_mib: memory::peak_mib(),
    })
}

fn imports_table() -> Rows {
    Rows::new(vec![
        ("what", say("quoi", "what")),
        ("rows", say("lignes", "rows")),
        ("mib", say("Mio", "MiB")),
        ("changed", say("personnes touchées", "people touched")),
        ("seconds", say("secondes", "seconds")),
        ("sending_seconds", say("dont l'envoi", "of them sending")),
        (
            "copy_seconds",
            say("secondes de \\copy", "seconds of \\copy"),
        ),
        ("peak_mib", say("Mio au plus", "peak MiB")),
    ])
}

impl Timed {
    fn row(&self, what: &str, copied: Option<f64>) -> Vec<Value> {
        let report = self.import.report.clone().unwrap_or_default();
        let touched = report.practitioners_added_count
            + report.practitioners_changed_count
            + report.practitioners_deactivated_count;
        vec![
            json!(what),
            json!(report.row_count),
            json!(self.bytes / 1024 / 1024),
            json!(touched),
            json!(rounded(self.elapsed.as_secs_f64())),
            json!(rounded(self.sent_after.as_secs_f64())),
            json!(copied.map(rounded)),
            json!(self.peak_mib),
        ]
    }
}

/// To a hundredth.
fn rounded(seconds: f64) -> f64 {
    (seconds * 100.0).round() / 100.0
}
