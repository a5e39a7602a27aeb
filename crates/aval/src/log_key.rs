//! The log's public key, from a file: pinned, never asked of a service.

use std::path::Path;

use anyhow::Context;
use aval_merkle_log::checkpoint::Policy;
use aval_merkle_log::note::{Signer, Verifier};

/// What a verifier believes: checkpoints of the log of this name, signed by this key.
pub(crate) fn read(path: &Path) -> anyhow::Result<Policy> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let verifier = Verifier::parse(text.trim())
        .with_context(|| format!("{} holds no C2SP verifier key", path.display()))?;
    Ok(Policy {
        origin: verifier.name().to_string(),
        verifiers: vec![verifier],
    })
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
