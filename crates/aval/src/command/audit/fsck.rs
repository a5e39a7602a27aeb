//! The whole log, examined in its database.

use std::path::Path;

use anyhow::Context;
use aval_audit::config::Config;
use aval_audit::server::Server;
use serde_json::json;

use crate::language::say;
use crate::output::{Output, Rows};

/// Something in the log is not as it was signed.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct LogDamaged(pub(crate) String);

/// Reads the whole log where this configuration of the audit service keeps it.
pub async fn fsck(config: &Path, output: Output) -> anyhow::Result<()> {
    let config = Config::load(Some(config)).context("the configuration is refused")?;
    let found = Server::examine(&config).await.context("not examined")?;
    if !found.faults.is_empty() {
        let mut faults = Rows::new(vec![("fault", say("défaut", "fault"))]);
        for fault in &found.faults {
            faults.push(vec![json!(fault.to_string())]);
        }
        output.rows(&faults)?;
        return Err(LogDamaged(found.to_string()).into());
    }
    let mut whole = Rows::new(vec![
        ("entries", say("traces", "entries")),
        ("patients", say("patients", "patients")),
        ("erased", say("effacées", "erased")),
        ("signed", say("signées", "signed")),
    ]);
    whole.push(vec![
        json!(found.entries),
        json!(found.patients),
        json!(found.erased),
        json!(found.signed),
    ]);
    Ok(output.one(&whole)?)
}
