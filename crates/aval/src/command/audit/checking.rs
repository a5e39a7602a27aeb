//! Receipts and checkpoints, checked offline: no service is asked.

use std::path::{Path, PathBuf};

use anyhow::Context;
use aval_merkle_log::checkpoint::Policy;
use aval_merkle_log::receipt::{Evidence, Receipt};
use clap::Args;

use super::states::{SeenArguments, States, saved};
use super::{exported, read};
use crate::language::say;
use crate::log_key::TrustArguments;
use crate::output::Output;

/// An event that is to be checked, or all of an export.
#[derive(Debug, Args)]
pub struct VerifyArguments {
    /// The event, as saved.
    #[arg(required_unless_present = "export", requires = "receipt")]
    event: Option<PathBuf>,
    /// Its receipt, as saved.
    receipt: Option<PathBuf>,
    /// An export instead, in any form: each event's receipt is checked, and that the file
    /// shows of each what the log recorded.
    #[arg(long, conflicts_with_all = ["event", "receipt"])]
    export: Option<PathBuf>,
    /// What was seen before.
    #[command(flatten)]
    seen: SeenArguments,
    /// What is believed.
    #[command(flatten)]
    trust: TrustArguments,
}

/// A checkpoint that is to be checked.
#[derive(Debug, Args)]
pub struct VerifyCheckpointArguments {
    /// The checkpoint, as saved; or a receipt, proof or export with one.
    file: PathBuf,
    /// What was seen before.
    #[command(flatten)]
    seen: SeenArguments,
    /// What is believed.
    #[command(flatten)]
    trust: TrustArguments,
}

impl VerifyArguments {
    /// Checks them; what is believed by default is the key in `usual`.
    pub(crate) fn verify(&self, usual: &Path, output: Output) -> anyhow::Result<()> {
        let policy = self.trust.read(usual)?;
        let states = self.seen.read(&policy)?;
        match (&self.event, &self.receipt, &self.export) {
            (Some(event), Some(of_event), None) => {
                receipt(event, of_event, states, &policy, output)
            }
            (_, _, Some(export)) => exported::verify(export, states, &policy, output),
            _ => anyhow::bail!("neither an event with its receipt nor an export"),
        }
    }
}

fn receipt(
    event: &Path,
    receipt: &Path,
    mut states: States,
    policy: &Policy,
    output: Output,
) -> anyhow::Result<()> {
    let parsed = Receipt::parse(&read(receipt)?).context("the receipt is malformed")?;
    let checkpoint = states.open(&parsed.checkpoint, policy)?;
    let verified = parsed.verify_in(Evidence::Event(&read(event)?), &checkpoint)?;
    states.take(&verified.checkpoint)?;
    output.sentence(&say(
        format!(
            "Vrai : cette trace est la n° {} du journal, telle quelle.",
            verified.index
        ),
        format!(
            "True: this event is number {} of the log, as it stands.",
            verified.index
        ),
    ))?;
    states.conclude(output)
}

impl VerifyCheckpointArguments {
    /// Checks who signed a checkpoint, and that it continues the one that was saved before.
    pub(crate) fn verify(&self, usual: &Path, output: Output) -> anyhow::Result<()> {
        let policy = self.trust.read(usual)?;
        let mut states = self.seen.read(&policy)?;
        let found = saved(&self.file, &policy)?;
        states.take(&found)?;
        let size = found.size;
        output.sentence(&say(
            format!("Vrai : le journal a signé cet état, de {size} traces."),
            format!("True: the log signed this state, of {size} entries."),
        ))?;
        states.conclude(output)
    }
}
