//! `aval directory …`: keeping the directory, and looking people up.

mod attachment;
mod changes;
mod duplicate;
mod import;
mod lookup;
mod toggles;

use std::path::PathBuf;

use aval_proto::practitioner_directory::v1 as proto;
use clap::Subcommand;
use serde_json::{Value, json};

use crate::import::FileToImport;
use crate::language::say;
use crate::output::Rows;

use super::Session;
use super::synthesize::SynthesizeArguments;
use attachment::OverrideArguments;
use changes::ChangesArguments;
use duplicate::MergeArguments;
use import::DecisionArguments;
use lookup::SearchArguments;
use toggles::TogglesArguments;

/// What to do with the directory.
#[derive(Debug, Subcommand)]
pub enum DirectoryCommand {
    /// Imports a file as published.
    Import {
        /// The file, under its published name.
        file: PathBuf,
    },
    /// Lists imports, the newest first.
    Imports {
        /// How many at most.
        #[arg(long, default_value_t = 50)]
        most: usize,
    },
    /// Shows what an import found and did or, while it waits, would do and why it waits.
    ImportReport {
        /// Which.
        import_id: String,
        /// How many at most of the rows that it put aside, by line.
        #[arg(long, default_value_t = 50)]
        rows: usize,
    },
    /// Applies an import that waits for a decision.
    Approve(DecisionArguments),
    /// Discards an import that waits for a decision.
    Reject(DecisionArguments),
    /// Lists entries that are probably one human, with the evidence.
    Duplicates {
        /// How many pairs at most, the most likely first.
        #[arg(long, default_value_t = 50)]
        most: usize,
    },
    /// Declares two entries one human, or takes that back.
    Merge(MergeArguments),
    /// Merges the entries of ADELI numbers into those of the RPPS numbers that take their
    /// place, by a file of both.
    Toggles(TogglesArguments),
    /// Corrects where somebody practises, against the source, or takes that back.
    Override(OverrideArguments),
    /// Prints what changed in the directory, one change a line, and where to go on from.
    Changes(ChangesArguments),
    /// Looks people up by name and place.
    Search(SearchArguments),
    /// Shows one person, by number.
    Show {
        /// RPPS, ADELI, or the national identifier with its prefix.
        number: String,
    },
    /// Says how old the directory is.
    Freshness,
    /// Writes a file in the published format, of people who do not exist.
    Synthesize(SynthesizeArguments),
}

impl Session {
    /// Obeys a directory command.
    pub async fn directory(&self, command: &DirectoryCommand) -> anyhow::Result<()> {
        match command {
            DirectoryCommand::Import { file } => self.import(FileToImport::at(file)?).await,
            DirectoryCommand::Imports { most } => self.imports(*most).await,
            DirectoryCommand::ImportReport { import_id, rows } => {
                self.import_report(import_id, *rows).await
            }
            DirectoryCommand::Approve(decision) => self.approve(decision).await,
            DirectoryCommand::Reject(decision) => self.reject(decision).await,
            DirectoryCommand::Duplicates { most } => self.duplicates(*most).await,
            DirectoryCommand::Merge(arguments) => self.merge(arguments).await,
            DirectoryCommand::Toggles(arguments) => self.toggles(arguments).await,
            DirectoryCommand::Override(arguments) => self.override_attachment(arguments).await,
            DirectoryCommand::Changes(arguments) => self.changes(arguments).await,
            DirectoryCommand::Search(arguments) => self.search(arguments).await,
            DirectoryCommand::Show { number } => self.show(number).await,
            DirectoryCommand::Freshness => self.freshness().await,
            DirectoryCommand::Synthesize(arguments) => {
                super::synthesize::run(arguments, self.output)
            }
        }
    }

    async fn freshness(&self) -> anyhow::Result<()> {
        let portal = self.software("gateway")?;
        let request = proto::GetFreshnessRequest {};
        let answer = portal
            .directory()
            .get_freshness(request)
            .await?
            .into_inner();
        let mut rows = Rows::new(vec![
            ("source", say("source", "source")),
            ("generated_at", say("produite le", "generated at")),
            ("imported_at", say("importée le", "imported at")),
            ("stale", say("périmée", "stale")),
        ]);
        for source in &answer.sources {
            rows.push(vec![
                json!(source.source),
                instant(source.generated_at.as_ref()),
                instant(source.imported_at.as_ref()),
                json!(source.stale),
            ]);
        }
        Ok(self.output.rows(&rows)?)
    }
}

/// An instant as RFC 3339; nothing where there is none.
pub(super) fn instant(at: Option<&prost_types::Timestamp>) -> Value {
    at.map_or(Value::Null, |at| {
        let instant = aval_domain::time::Timestamp::from_unix_seconds(at.seconds);
        json!(instant.to_string())
    })
}

/// A name as people say it.
fn named(person: &proto::Practitioner) -> String {
    format!("{} {}", person.given_name, person.family_name)
}

/// The first RPPS number, or whatever comes first where there is none.
fn numbered(person: &proto::Practitioner) -> &str {
    let number = person.identifiers.first();
    number.map_or("", |identifier| identifier.value.as_str())
}
