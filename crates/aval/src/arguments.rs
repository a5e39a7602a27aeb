//! What may be typed after `aval`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

use crate::bench::{
    BenchArguments, DirectoryBenchArguments, IdentityBenchArguments, ProcessBenchArguments,
    TrailBenchArguments,
};
use crate::command::audit::AuditCommand;
use crate::command::block::BlockCommand;
use crate::command::care_episode::CareEpisodeCommand;
use crate::command::decision::QuestionArguments;
use crate::command::directory::DirectoryCommand;
use crate::command::document::DocumentCommand;
use crate::command::grant::GrantCommand;
use crate::command::history::HistoryArguments;
use crate::command::matrix::MatrixCommand;
use crate::command::notification::NotificationCommand;
use crate::command::patient::PatientCommand;
use crate::command::preview::PreviewArguments;
use crate::command::token::TokenCommand;
use crate::language::Language;
use crate::stack::Engines;
use crate::telemetry::TelemetryArguments;

/// Decides who may open a patient's shared health record, proves why, and leaves a
/// trace nobody can rewrite.
#[derive(Debug, Parser)]
#[command(name = "aval", version, propagate_version = true)]
pub struct Arguments {
    /// The language to speak; by default that of the locale.
    #[arg(long, global = true, value_enum)]
    pub lang: Option<Language>,
    /// Answers in JSON instead of a table.
    #[arg(long, global = true)]
    pub json: bool,
    /// Where `aval up` keeps certificates, configuration and databases.
    #[arg(long, global = true, env = "AVAL_DATA", default_value = "aval-data")]
    pub data: PathBuf,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Plays the whole procedure against the four services and shows every step.
    Demo(DemoArguments),
    /// Runs the four services in one process, with a development PKI and identity
    /// provider, on this machine only.
    Up(UpArguments),
    /// Keeps the directory, and looks people up.
    #[command(subcommand)]
    Directory(DirectoryCommand),
    /// Keeps patients' identities, as the operator.
    #[command(subcommand)]
    Patient(PatientCommand),
    /// Gives and takes access, as a patient; asks for it, as a professional.
    #[command(subcommand)]
    Grant(GrantCommand),
    /// Begins and ends a care team's care, as a professional or a patient.
    #[command(subcommand)]
    CareEpisode(CareEpisodeCommand),
    /// Shuts somebody out, as a patient.
    #[command(subcommand)]
    Block(BlockCommand),
    /// Masks and reveals documents, as a patient.
    #[command(subcommand)]
    Document(DocumentCommand),
    /// Asks for a decision, as a professional; changes nothing.
    Check(QuestionArguments),
    /// Asks for a decision on which data is disclosed, as a professional; traced.
    Authorize(QuestionArguments),
    /// Says which rules were tried and what each said.
    Explain(QuestionArguments),
    /// Says what a professional would see, as a patient; changes nothing.
    Preview(PreviewArguments),
    /// Reads what happened to a record, as its patient or their treating doctor; what one
    /// did, as a professional.
    History(HistoryArguments),
    /// Reads what one is told, as a patient or a professional.
    #[command(subcommand)]
    Notification(NotificationCommand),
    /// Keeps the matrix of access rights, as the operator.
    #[command(subcommand)]
    Matrix(MatrixCommand),
    /// Saves receipts and checkpoints, and checks them offline.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Prints somebody's Aval token: for development.
    #[command(subcommand)]
    Token(TokenCommand),
    /// Measures the services against empty ones and the raw database, in turns.
    Bench(BenchArguments),
    /// Measures imports of the directory and searches in it, at a size.
    BenchDirectory(DirectoryBenchArguments),
    /// Measures verifying tokens, signing in, and closing sessions.
    BenchIdentity(IdentityBenchArguments),
    /// Measures how soon each service's own program is ready, and how much memory it holds
    /// when nobody calls.
    BenchProcesses(ProcessBenchArguments),
    /// Measures writing and reading the trail, at sizes of the log.
    BenchTrail(TrailBenchArguments),
    /// Writes a shell's completions on standard output.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Writes the manual pages, one for each command.
    Man {
        /// Into this folder.
        folder: PathBuf,
    },
}

/// Arguments of `aval demo`.
#[derive(Debug, Args)]
pub struct DemoArguments {
    /// Leaves the services running afterwards, until Ctrl-C.
    #[arg(long)]
    pub keep: bool,
    /// What the services say meanwhile.
    #[command(flatten)]
    pub telemetry: TelemetryArguments,
}

/// Arguments of `aval up`.
#[derive(Debug, Args)]
pub struct UpArguments {
    /// Leaves the directory empty instead of filling it with people who do not exist.
    #[arg(long)]
    pub empty: bool,
    /// Listens on ports that are free instead of the usual ones. The client commands
    /// find them in the data folder.
    #[arg(long)]
    pub free_ports: bool,
    /// Where rows and shared entries are kept.
    #[command(flatten)]
    pub engines: Engines,
    /// What the services say.
    #[command(flatten)]
    pub telemetry: TelemetryArguments,
}
