//! What is believed of logs, from a file: pinned, never asked of a service.

use std::path::{Path, PathBuf};

use anyhow::Context;
use aval_merkle_log::checkpoint::Policy;
use aval_merkle_log::note::{Signer, Verifier};
use clap::Args;

/// What a verification believes.
#[derive(Debug, Clone, Args)]
pub struct TrustArguments {
    /// The log's public key; by default the one that `aval up` wrote.
    #[arg(long)]
    key: Option<PathBuf>,
    /// A policy (C2SP tlog-policy) instead: which logs, with which keys, and which witnesses
    /// must have cosigned. 23: too few have.
    #[arg(long, conflicts_with = "key")]
    policy: Option<PathBuf>,
}

impl TrustArguments {
    /// Reads it; what is named nowhere is the key in `usual`.
    pub(crate) fn read(&self, usual: &Path) -> anyhow::Result<Policy> {
        match &self.policy {
            Some(file) => read_policy(file),
            None => read(self.key.as_deref().unwrap_or(usual)),
        }
    }
}

/// A policy, from a file.
pub(crate) fn read_policy(path: &Path) -> anyhow::Result<Policy> {
    let text = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    Policy::parse(&text).with_context(|| format!("{} is no policy", path.display()))
}

/// What a verifier believes: checkpoints of the log of this name, signed by this key.
pub(crate) fn read(path: &Path) -> anyhow::Result<Policy> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let verifier = Verifier::parse(text.trim())
        .with_context(|| format!("{} holds no C2SP verifier key", path.display()))?;
    let origin = verifier.name().to_string();
    Ok(Policy::of_log(origin, vec![verifier]))
}

/// Writes the public half of a signing key to a file, for verifiers to pin.
pub(crate) fn publish(signer: &Path, verifier: &Path) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(signer)
        .with_context(|| format!("cannot read {}", signer.display()))?;
    let key = Signer::parse(text.trim())
        .with_context(|| format!("{} holds no C2SP signing key", signer.display()))?;
    std::fs::write(verifier, format!("{}\n", key.verifier()))
        .with_context(|| format!("cannot write {}", verifier.display()))
}
