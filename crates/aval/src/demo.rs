//! `aval demo`: the whole procedure, on real sockets, with data in the real format.
//! Every step shows what was asked, what came back and how long it took; the first
//! thing that is not as it must be ends the demo with a failure.

mod act;
mod question;
mod scene;
mod stage;

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::time::Instant;

use anyhow::Context;
use aval_domain::time::{Clock, SystemClock};
use aval_testing::synthesize::{Directory, Faults, SynthesisPlan, file_name};

use crate::import::FileToImport;
use crate::language::{Language, say};
use crate::stack::{Stack, StackConfig};
use crate::up::introduce;

use act::{
    access, directory, emergency, grant, history, impostors, masking, patient, practitioner,
    receipt, revocation, search,
};
use scene::Scene;
pub(crate) use scene::{request_id, test_patient};
use stage::Stage;

/// How many people the directory file holds.
const PEOPLE: u32 = 2_000;
/// One seed, one directory: every run tells the same story.
const SEED: u64 = 20_261_123;

/// What a demo is asked for.
#[derive(Debug, Clone, Copy)]
pub struct DemoOptions {
    /// In which language.
    pub language: Language,
    /// Whether the services go on running afterwards, until Ctrl-C.
    pub keep: bool,
}

/// Plays the procedure in a temporary folder, on free ports.
pub async fn run(options: DemoOptions) -> anyhow::Result<()> {
    let mut stage = Stage::new(options.language);
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let begun = Instant::now();
    let stack = Stack::start(StackConfig::on_free_ports(folder.path())?).await?;
    let took = begun.elapsed();
    stage.remark(&say(
        format!(
            "Quatre services prêts en {} ms (mTLS, SQLite) dans {}",
            took.as_millis(),
            folder.path().display()
        ),
        format!(
            "Four services ready in {} ms (mTLS, SQLite) in {}",
            took.as_millis(),
            folder.path().display()
        ),
    ))?;
    let directory = plan().directory();
    let file = write(&directory, folder.path())?;
    let scene = Scene::set(stack, directory)?;
    let played = play(&mut stage, &scene, &file).await;
    if played.is_ok() {
        let (steps, checks) = stage.tally();
        stage.remark(&say(
            format!("\n{steps} étapes, {checks} vérifications, toutes justes."),
            format!("\n{steps} steps, {checks} checks, all so."),
        ))?;
    }
    if options.keep && played.is_ok() {
        introduce(&scene.stack, options.language)?;
        tokio::signal::ctrl_c().await?;
    }
    scene.stack.stop().await;
    played
}

async fn play(stage: &mut Stage, scene: &Scene, file: &FileToImport) -> anyhow::Result<()> {
    directory::play(stage, scene, file).await?;
    let patient = patient::play(stage, scene).await?;
    let found = search::play(stage, scene).await?;
    let grant = grant::play(stage, scene, &patient, &found).await?;
    let doctors = practitioner::play(stage, scene, &found).await?;
    access::play(stage, scene, &patient, &found, &doctors).await?;
    history::first_access(stage, scene, &patient).await?;
    masking::play(stage, scene, &patient, &found, &doctors).await?;
    revocation::play(stage, scene, &patient, &found, &doctors, &grant).await?;
    impostors::play(stage, scene, &patient, &found, &doctors).await?;
    emergency::play(stage, scene, &patient, &found, &doctors).await?;
    let event = history::everything(stage, scene, &patient).await?;
    receipt::play(stage, scene, &patient, &event).await
}

/// About 2,000 people, and a few rows in error.
fn plan() -> SynthesisPlan {
    SynthesisPlan {
        faults: Faults {
            wrong_column_count: 2,
            bad_check_digit: 2,
            missing_identifier: 1,
            unknown_profession: 1,
            control_characters: 1,
        },
        ..SynthesisPlan::new(SEED, PEOPLE)
    }
}

fn write(directory: &Directory, folder: &Path) -> anyhow::Result<FileToImport> {
    let path = folder.join(file_name(SystemClock.now()));
    let mut output = BufWriter::new(File::create(&path)?);
    directory.write(&mut output)?;
    std::io::Write::flush(&mut output)?;
    FileToImport::at(&path)
}
