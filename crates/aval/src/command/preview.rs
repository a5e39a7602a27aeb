//! `aval preview`: what a professional would see, asked by the patient.

use aval_proto::consent::v1 as proto;
use aval_proto::practitioner_directory::v1 as directory;
use clap::Args;

use crate::language::say;

use super::Session;
use super::decision::DocumentArgument;
use super::grant::status_word;
use super::person::PatientArguments;

/// Arguments of `aval preview`.
#[derive(Debug, Args)]
pub struct PreviewArguments {
    /// Which professional.
    practitioner_id: String,
    /// Which documents: `identifier:class` or `identifier:class:type`, for example
    /// `irm-4:31:18748-4`.
    documents: Vec<DocumentArgument>,
    /// In which practice situation; not needed when they have one only.
    #[arg(long)]
    activity: Option<String>,
    /// Whose record.
    #[command(flatten)]
    who: PatientArguments,
}

impl Session {
    /// Tells a patient what a professional would see; nothing is opened or traced.
    pub async fn preview(&self, arguments: &PreviewArguments) -> anyhow::Result<()> {
        let activity_id = match &arguments.activity {
            Some(activity_id) => activity_id.clone(),
            None => self.only_activity(&arguments.practitioner_id).await?,
        };
        let patient = self.patient(&arguments.who).await?;
        let documents = arguments.documents.iter().map(DocumentArgument::to_proto);
        let request = patient.bearer.asks(proto::PreviewAccessRequest {
            patient_id: patient.patient_id.clone(),
            practitioner_id: arguments.practitioner_id.clone(),
            activity_id,
            documents: documents.collect(),
        });
        let answer = patient.software.decisions().preview_access(request).await?;
        let answer = answer.into_inner();
        let status = ("authorization_status", say("statut", "status"));
        let word = status_word(answer.authorization_status());
        self.show_decision(&answer.decision.unwrap_or_default(), status, word)
    }

    async fn only_activity(&self, practitioner_id: &str) -> anyhow::Result<String> {
        let request = directory::GetPractitionerRequest {
            practitioner_id: practitioner_id.to_owned(),
        };
        let portal = self.software("gateway")?;
        let answer = portal.directory().get_practitioner(request).await?;
        let person = answer.into_inner().practitioner.unwrap_or_default();
        let mut active = person
            .activities
            .into_iter()
            .filter(|activity| activity.active)
            .map(|activity| activity.activity_id);
        match (active.next(), active.next()) {
            (Some(only), None) => Ok(only),
            (Some(first), Some(second)) => {
                let all: Vec<_> = [first, second].into_iter().chain(active).collect();
                anyhow::bail!("name one with --activity: {}", all.join(", "))
            }
            (None, _) => anyhow::bail!("they practise nowhere at present"),
        }
    }
}
