//! Has witnesses cosign a checkpoint before it is saved (C2SP tlog-witness). They are asked
//! from here, so that it takes no trust in the log that they are.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use aval_merkle_log::checkpoint::{Checkpoint, Policy};
use aval_merkle_log::note::SignedNote;
use aval_merkle_log::witness::{AddCheckpoint, Witness, size_seen};
use clap::Args;
use reqwest::{Client, StatusCode};

use super::since::consistency;
use crate::client::Software;
use crate::language::say;
use crate::log_key;
use crate::output::Output;

/// One witness takes no longer.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// A cosignature has less than two hundred characters.
const LONGEST_ANSWER: usize = 64 * 1024;
/// Somebody else may have the same witness sign meanwhile.
const MOST_ATTEMPTS: usize = 3;

/// Which witnesses are to cosign what is saved.
#[derive(Debug, Clone, Args)]
pub struct WitnessArguments {
    /// Has the witnesses of this policy (C2SP tlog-policy) that have an address there cosign
    /// the checkpoint. 23, and nothing is saved: too few did.
    #[arg(long)]
    policy: Option<PathBuf>,
    /// The authorities of the witnesses' certificates, a PEM file; by default the machine's.
    #[arg(long, requires = "policy")]
    witness_ca: Option<PathBuf>,
}

impl WitnessArguments {
    /// What is believed of checkpoints; without a policy, the key in `usual`.
    pub(super) fn trust(&self, usual: &Path) -> anyhow::Result<Policy> {
        match &self.policy {
            Some(file) => log_key::read_policy(file),
            None => log_key::read(usual),
        }
    }

    /// The checkpoint as it is to be saved: with cosignatures, if they were asked for.
    pub(crate) async fn cosigned(
        &self,
        checkpoint: SignedNote,
        software: &Software,
        output: Output,
    ) -> anyhow::Result<SignedNote> {
        let Some(policy) = &self.policy else {
            return Ok(checkpoint);
        };
        let policy = log_key::read_policy(policy)?;
        let http = http(self.witness_ca.as_deref())?;
        let stated = Checkpoint::parse(checkpoint.unverified_text())?;
        let mut note = checkpoint;
        for witness in &policy.witnesses {
            let Some(url) = &witness.url else {
                continue;
            };
            let asked = Asked {
                http: &http,
                url: format!("{}/add-checkpoint", url.trim_end_matches('/')),
                witness,
                software,
                size: stated.size,
            };
            if let Err(error) = asked.cosign(&mut note).await {
                let name = witness.key.name();
                output.warning(&say(
                    format!("{name} n'a pas cosigné : {error:#}"),
                    format!("{name} did not cosign: {error:#}"),
                ))?;
            }
        }
        policy.open(&note)?;
        Ok(note)
    }
}

fn http(authority: Option<&Path>) -> anyhow::Result<Client> {
    let client = Client::builder()
        .timeout(LONGEST_WAIT)
        .redirect(reqwest::redirect::Policy::none());
    let client = match authority {
        Some(file) => {
            let pem =
                std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
            client.tls_certs_only([reqwest::Certificate::from_pem(&pem)?])
        }
        None => client,
    };
    Ok(client.build()?)
}

/// A witness that is being asked about one checkpoint.
struct Asked<'a> {
    http: &'a Client,
    url: String,
    witness: &'a Witness,
    software: &'a Software,
    size: u64,
}

impl Asked<'_> {
    /// Asks from the beginning of the log first: a witness that saw more says what.
    async fn cosign(&self, note: &mut SignedNote) -> anyhow::Result<()> {
        let mut old_size = 0;
        for _ in 0..MOST_ATTEMPTS {
            let request = AddCheckpoint {
                old_size,
                path: consistency(self.software, old_size, self.size).await?,
                checkpoint: note.clone(),
            };
            let (status, answer) = self.post(request.format()).await?;
            match status {
                StatusCode::OK => {
                    let added = self.witness.add_cosignature(note, &answer);
                    ensure!(added, "its answer has no cosignature of its own");
                    return Ok(());
                }
                StatusCode::CONFLICT => {
                    let seen = size_seen(&answer).filter(|seen| *seen != old_size);
                    old_size = seen.context("it saw another tree of this size")?;
                    ensure!(old_size <= self.size, "it saw a later one: ask again");
                }
                StatusCode::UNPROCESSABLE_ENTITY => bail!("this does not continue what it saw"),
                other => bail!("it answers {other}"),
            }
        }
        bail!("it sees others meanwhile: ask again")
    }

    async fn post(&self, body: String) -> anyhow::Result<(StatusCode, String)> {
        let mut answer = self.http.post(&self.url).body(body).send().await?;
        let status = answer.status();
        let mut text = Vec::new();
        while let Some(piece) = answer.chunk().await? {
            ensure!(
                text.len() + piece.len() <= LONGEST_ANSWER,
                "it answers too much"
            );
            text.extend_from_slice(&piece);
        }
        Ok((status, String::from_utf8(text)?))
    }
}
