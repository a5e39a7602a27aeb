//! `aval token`: somebody's Aval token, for development.

use clap::Subcommand;
use serde_json::json;

use crate::language::say;
use crate::output::Rows;

use super::Session;
use super::directory::instant;
use super::person::{PatientArguments, ProfessionalArguments};

/// Whose token.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// A patient's, as the portal gets it.
    Patient(PatientArguments),
    /// A professional's, as a practice's software gets it.
    Professional(ProfessionalArguments),
}

impl Session {
    /// Signs somebody in through the development provider and prints their token:
    /// alone on standard output, so that a shell can take it.
    pub async fn token(&self, command: &TokenCommand) -> anyhow::Result<()> {
        let exchange = match command {
            TokenCommand::Patient(who) => self.exchange_for_patient(who).await?,
            TokenCommand::Professional(who) => self.exchange_for_professional(who).await?,
        };
        let answer = exchange
            .software
            .sessions()
            .exchange_token(exchange.request)
            .await?
            .into_inner();
        let certificate = self.pki.files(exchange.certificate).certificate;
        let certificate = certificate.display().to_string();
        self.output.warning(&say(
            format!(
                "DÉVELOPPEMENT SEULEMENT : ce jeton ouvre ce que cette personne peut ouvrir, \
                 jusqu'à son terme et avec le certificat {certificate} seulement. Ne le \
                 conservez pas."
            ),
            format!(
                "DEVELOPMENT ONLY: this token opens what this person may open, until it ends \
                 and with the certificate {certificate} alone. Do not keep it."
            ),
        ))?;
        if !self.output.json {
            return Ok(self.output.bare(&answer.access_token)?);
        }
        let mut rows = Rows::new(vec![
            ("access_token", say("jeton", "token")),
            ("token_type", say("sorte", "type")),
            ("expires_at", say("jusqu'au", "until")),
            ("certificate", say("certificat", "certificate")),
        ]);
        rows.push(vec![
            json!(answer.access_token),
            json!(answer.token_type),
            instant(answer.expire_at.as_ref()),
            json!(certificate),
        ]);
        Ok(self.output.one(&rows)?)
    }
}
