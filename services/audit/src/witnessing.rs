//! Witnesses: others than the log who see its checkpoints, and say by a cosignature that it
//! only grew.
//!
//! Whoever writes the log shows them its newest checkpoint, again and again, beside the
//! writing and never in its way: checkpoints that came and went meanwhile are shown to
//! nobody. Once enough cosigned one, as the policy has it, it is kept and given to whoever
//! asks for it. A witness that saw what the log of today does not continue is the alarm that
//! witnesses are for.

mod asking;
mod publisher;

use std::path::{Path, PathBuf};
use std::time::Duration;

use aval_merkle_log::checkpoint::{Checkpoint, KnownLog, Policy};
use aval_merkle_log::note::SignedNote;
use aval_merkle_log::quorum::Quorum;
use aval_merkle_log::text::Malformed;
use aval_merkle_log::witness::Witness;
use aval_runtime::tls::{self, TlsError};
use reqwest::Url;

use crate::checkpoint_key::CheckpointKey;
use crate::config::WitnessesConfig;

pub use publisher::publish;

/// The witnesses of a log, and which of them must have cosigned.
#[derive(Debug)]
pub struct Witnesses {
    policy: Policy,
    asked: Vec<Asked>,
    http: reqwest::Client,
    every: Duration,
}

/// A witness that has an address.
#[derive(Debug)]
struct Asked {
    witness: Witness,
    url: Url,
}

/// Why witnesses cannot be asked as configured.
#[derive(Debug, thiserror::Error)]
pub enum WitnessesError {
    /// The policy cannot be read.
    #[error("{} cannot be read", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The file is no policy.
    #[error("{} is no policy of witnesses", .path.display())]
    NotAPolicy {
        /// The file.
        path: PathBuf,
        /// Where it is none.
        #[source]
        source: Malformed,
    },
    /// The policy names logs, and this one's key is not among them.
    #[error("the policy of witnesses is of other logs than this one")]
    OtherLogs,
    /// The policy wants no witness, or none of them has an address.
    #[error("the policy of witnesses has no quorum, or nobody who can be asked")]
    NobodyToAsk,
    /// An address is not one that may be asked.
    #[error("the address of the witness {name} must be https, or http on this machine")]
    Address {
        /// The witness.
        name: String,
    },
    /// Nobody says whose certificates are believed.
    #[error("witnesses.ca_file is required to ask a witness by https")]
    AuthorityMissing,
    /// The authority's file cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The HTTP client cannot be built.
    #[error("the HTTP client of the witnesses cannot be built")]
    Http(#[from] reqwest::Error),
}

impl Witnesses {
    /// The witnesses of the log with this key; none where none are configured.
    pub fn load(
        config: &WitnessesConfig,
        key: &CheckpointKey,
    ) -> Result<Option<Self>, WitnessesError> {
        let Some(path) = &config.policy_file else {
            return Ok(None);
        };
        let text = std::fs::read(path).map_err(|source| WitnessesError::Unreadable {
            path: path.clone(),
            source,
        })?;
        let policy = Policy::parse(&text).map_err(|source| WitnessesError::NotAPolicy {
            path: path.clone(),
            source,
        })?;
        let policy = of_this_log(policy, key)?;
        let asked = asked(&policy.witnesses)?;
        if policy.quorum == Quorum::none() || asked.is_empty() {
            return Err(WitnessesError::NobodyToAsk);
        }
        let is_tls = asked.iter().any(|asked| asked.url.scheme() == "https");
        let authority = match (is_tls, &config.ca_file) {
            (true, None) => return Err(WitnessesError::AuthorityMissing),
            (true, Some(authority)) => Some(authority.as_path()),
            (false, _) => None,
        };
        Ok(Some(Self {
            policy,
            asked,
            http: http(authority, config.timeout.get())?,
            every: config.every.get(),
        }))
    }

    /// What the note states, if one of the log's keys signed it and enough witnesses
    /// cosigned.
    #[must_use]
    pub fn open(&self, note: &SignedNote) -> Option<Checkpoint> {
        self.policy.open(note).ok()
    }
}

/// The policy, of this log alone: its keys are the configured ones.
fn of_this_log(policy: Policy, key: &CheckpointKey) -> Result<Policy, WitnessesError> {
    let own = &key.policy().logs;
    let is_own = |log: &KnownLog| {
        let mut own = own.iter().flat_map(|own| &own.verifiers);
        own.any(|verifier| log.verifiers.contains(verifier))
    };
    if !policy.logs.is_empty() && !policy.logs.iter().any(is_own) {
        return Err(WitnessesError::OtherLogs);
    }
    Ok(Policy {
        logs: own.clone(),
        ..policy
    })
}

fn asked(witnesses: &[Witness]) -> Result<Vec<Asked>, WitnessesError> {
    let addressed = witnesses
        .iter()
        .filter_map(|witness| witness.url.as_deref().map(|prefix| (witness, prefix)));
    let asked = addressed.map(|(witness, prefix)| {
        let url = add_checkpoint_below(prefix).ok_or_else(|| WitnessesError::Address {
            name: witness.key.name().to_string(),
        })?;
        let witness = witness.clone();
        Ok(Asked { witness, url })
    });
    asked.collect()
}

fn add_checkpoint_below(prefix: &str) -> Option<Url> {
    let url = Url::parse(&format!("{}/add-checkpoint", prefix.trim_end_matches('/'))).ok()?;
    let host = url.host_str()?;
    let may_be = match url.scheme() {
        "https" => true,
        "http" => aval_database::is_this_machine(host),
        _ => false,
    };
    let is_plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    (may_be && is_plain).then_some(url)
}

fn http(authority: Option<&Path>, timeout: Duration) -> Result<reqwest::Client, WitnessesError> {
    tls::install_crypto_provider();
    let mut http = reqwest::Client::builder()
        .timeout(timeout)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy();
    if let Some(authority) = authority {
        http = http.tls_backend_preconfigured(tls::client_config_without_identity(authority)?);
    }
    Ok(http.build()?)
}

#[cfg(test)]
mod tests;
