//! The client commands, against the services that `aval up` runs.

pub mod audit;
pub mod block;
pub mod care_episode;
pub mod classes;
pub mod decision;
pub mod directory;
pub mod document;
pub mod grant;
pub mod history;
pub mod matrix;
pub mod notification;
pub mod patient;
pub mod person;
pub mod preview;
pub mod synthesize;
pub mod token;

use std::path::Path;

use aval_testing::pki::DevelopmentPki;

use crate::client::{ProviderClient, Software};
use crate::output::Output;
use crate::stack::StackConfig;

/// What every client command needs.
#[derive(Debug)]
pub struct Session {
    stack: StackConfig,
    pki: DevelopmentPki,
    output: Output,
}

impl Session {
    /// Reads the certificates that `aval up` made in this folder.
    pub fn open(data: &Path, output: Output) -> anyhow::Result<Self> {
        let stack = StackConfig::of_folder(data)?;
        let pki = stack.layout.pki();
        anyhow::ensure!(
            pki.join("ca.pem").is_file(),
            "{} has no certificates: start `aval up` first, or name its folder with --data",
            data.display()
        );
        aval_runtime::tls::install_crypto_provider();
        Ok(Self {
            pki: crate::stack::open_pki(&pki)?,
            stack,
            output,
        })
    }

    fn software(&self, name: &str) -> anyhow::Result<Software> {
        crate::stack::software(&self.pki, name, &self.stack.addresses())
    }

    fn provider(&self) -> anyhow::Result<ProviderClient> {
        crate::stack::provider_client(&self.pki)
    }
}
