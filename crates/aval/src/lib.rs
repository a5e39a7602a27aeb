//! The `aval` command: the four services in one process for development, the demo
//! that plays the whole procedure, client commands, benches.

pub mod arguments;
pub mod bench;
pub mod client;
pub mod command;
pub mod demo;
pub mod import;
pub mod language;
pub mod output;
pub mod stack;
pub mod telemetry;

mod failure;
mod log_key;
mod manual;
mod refuted;
mod up;

use std::io;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use arguments::{Arguments, Command};
use command::Session;
use command::audit::AuditCommand;
use command::directory::DirectoryCommand;
use language::Language;
use output::Output;

/// Runs the command with this process's arguments. 0: done; 1: it failed; 2: the
/// arguments make no sense; 64 and the number of the gRPC status: a service refused.
#[must_use]
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(obey(&arguments)),
        Err(error) => Err(error.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failure::report(&error, language(&arguments)),
    }
}

fn language(arguments: &Arguments) -> Language {
    arguments.lang.unwrap_or_else(Language::of_environment)
}

async fn obey(arguments: &Arguments) -> anyhow::Result<()> {
    let output = Output {
        language: language(arguments),
        json: arguments.json,
    };
    let session = || Session::open(&arguments.data, output);
    match &arguments.command {
        Command::Demo(demo) => {
            let (language, keep) = (output.language, demo.keep);
            // The demo's own output is the story; only what goes wrong is said besides.
            let _telemetry = demo.telemetry.begin("warn")?;
            demo::run(demo::DemoOptions { language, keep }).await
        }
        Command::Up(up) => {
            let _telemetry = up.telemetry.begin("info")?;
            up::run(&arguments.data, up, output.language).await
        }
        Command::Directory(DirectoryCommand::Synthesize(synthesis)) => {
            command::synthesize::run(synthesis, output)
        }
        Command::Directory(directory) => session()?.directory(directory).await,
        Command::Patient(patient) => session()?.patient_command(patient).await,
        Command::Grant(grant) => session()?.grant(grant).await,
        Command::CareEpisode(episode) => session()?.care_episode(episode).await,
        Command::Block(block) => session()?.block(block).await,
        Command::Document(document) => session()?.document(document).await,
        Command::Check(question) => session()?.check(question).await,
        Command::Authorize(question) => session()?.authorize(question).await,
        Command::Explain(question) => session()?.explain(question).await,
        Command::Preview(preview) => session()?.preview(preview).await,
        Command::Token(token) => session()?.token(token).await,
        Command::History(history) => session()?.history(history).await,
        Command::Matrix(matrix) => session()?.matrix(matrix).await,
        Command::Notification(told) => session()?.notification(told).await,
        Command::Bench(bench) => bench::run(bench, output).await,
        Command::BenchDirectory(bench) => bench::run_directory(bench, output).await,
        Command::BenchIdentity(bench) => bench::run_identity(bench, output).await,
        Command::BenchProcesses(bench) => bench::run_processes(bench, output).await,
        Command::BenchTrail(bench) => bench::run_trail(bench, output).await,
        Command::Audit(audit) => obey_audit(audit, arguments, output).await,
        Command::Man { folder } => manual::write(folder),
        Command::Completions { shell } => {
            let mut command = Arguments::command();
            clap_complete::generate(*shell, &mut command, "aval", &mut io::stdout());
            Ok(())
        }
    }
}

async fn obey_audit(
    audit: &AuditCommand,
    arguments: &Arguments,
    output: Output,
) -> anyhow::Result<()> {
    let session = || Session::open(&arguments.data, output);
    let usual = stack::Layout::in_folder(&arguments.data).log_verifier();
    match audit {
        AuditCommand::Checkpoint {
            file,
            since,
            witnesses,
        } => session()?.audit_checkpoint(file, since, witnesses).await,
        AuditCommand::Receipt {
            event_id,
            folder,
            since,
            witnesses,
            who,
        } => {
            session()?
                .audit_receipt(event_id, folder, since, witnesses, who)
                .await
        }
        AuditCommand::Export {
            file,
            form,
            since,
            who,
        } => session()?.audit_export(file, *form, since, who).await,
        AuditCommand::Proof {
            file,
            since,
            witnesses,
            who,
        } => session()?.audit_proof(file, since, witnesses, who).await,
        AuditCommand::VerifyHistory {
            proof,
            before,
            export,
            seen,
            trust,
        } => {
            let files = command::audit::HistoryFiles {
                proof,
                before: before.as_deref(),
                export: export.as_deref(),
            };
            command::audit::verify_history(files, seen, &trust.read(&usual)?, output)
        }
        AuditCommand::Search(search) => session()?.audit_search(search).await,
        AuditCommand::Open(open) => session()?.audit_open(open).await,
        AuditCommand::Unusual(unusual) => session()?.audit_unusual(unusual).await,
        AuditCommand::Erase { patient, ground } => session()?.audit_erase(patient, ground).await,
        AuditCommand::Fsck { config } => {
            let usual = stack::Layout::in_folder(&arguments.data).config("audit");
            command::audit::fsck(config.as_ref().unwrap_or(&usual), output).await
        }
        AuditCommand::Verify(verify) => verify.verify(&usual, output),
        AuditCommand::VerifyCheckpoint(verify) => verify.verify(&usual, output),
    }
}
