//! `aval grant request`, `approve`, `decline`, `declare`, `update`: a professional asks
//! or attests; the patient answers and changes their mind.

use aval_proto::consent::v1 as proto;
use clap::Args;
use prost_types::FieldMask;

use super::{classes, period};
use crate::command::Session;
use crate::command::classes::ClassArgument;
use crate::command::person::{PatientArguments, ProfessionalArguments, SignedIn};
use crate::demo::request_id;

/// Arguments of `aval grant request`.
#[derive(Debug, Args)]
pub struct RequestArguments {
    /// Whose record.
    patient_id: String,
    /// Why, for the patient to read.
    #[arg(long)]
    purpose: String,
    /// Which classes, by code; all when none is named.
    #[arg(long, value_delimiter = ',')]
    classes: Vec<ClassArgument>,
    /// For how many days; until revoked when not named.
    #[arg(long)]
    days: Option<u32>,
    /// Who asks.
    #[command(flatten)]
    who: ProfessionalArguments,
}

/// Arguments of `aval grant approve`.
#[derive(Debug, Args)]
pub struct ApproveArguments {
    /// Which request.
    grant_id: String,
    /// Only these of the classes asked for, by code.
    #[arg(long, value_delimiter = ',')]
    classes: Vec<ClassArgument>,
    /// For so many days instead of as asked.
    #[arg(long)]
    days: Option<u32>,
    /// For whom.
    #[command(flatten)]
    who: PatientArguments,
}

/// Arguments of `aval grant decline`.
#[derive(Debug, Args)]
pub struct DeclineArguments {
    /// Which request.
    grant_id: String,
    /// For whom.
    #[command(flatten)]
    who: PatientArguments,
}

/// Arguments of `aval grant declare`.
#[derive(Debug, Args)]
pub struct DeclareArguments {
    /// Whose record.
    patient_id: String,
    /// States that the patient consented; nothing is declared without it.
    #[arg(long, required = true)]
    consent_collected: bool,
    /// For how many days.
    #[arg(long)]
    days: u32,
    /// For this colleague instead of who declares.
    #[arg(long, value_name = "PRACTITIONER_ID", default_value = "")]
    on_behalf_of: String,
    /// Which classes, by code; all when none is named.
    #[arg(long, value_delimiter = ',')]
    classes: Vec<ClassArgument>,
    /// Who declares.
    #[command(flatten)]
    who: ProfessionalArguments,
}

/// Arguments of `aval grant update`.
#[derive(Debug, Args)]
#[group(id = "change", required = true, multiple = true, args = ["classes", "days", "endless"])]
pub struct UpdateArguments {
    /// Which grant.
    grant_id: String,
    /// The new classes, by code.
    #[arg(long, value_delimiter = ',')]
    classes: Vec<ClassArgument>,
    /// Ends it so many days from now.
    #[arg(long, conflicts_with = "endless")]
    days: Option<u32>,
    /// Takes its end away.
    #[arg(long)]
    endless: bool,
    /// For whom.
    #[command(flatten)]
    who: PatientArguments,
}

impl Session {
    pub(super) async fn grant_request(&self, arguments: &RequestArguments) -> anyhow::Result<()> {
        let asker = self.professional(&arguments.who).await?;
        let request = asker.bearer.asks(proto::RequestGrantRequest {
            patient_id: arguments.patient_id.clone(),
            document_classes: classes(&arguments.classes),
            period: arguments.days.map(period),
            purpose: arguments.purpose.clone(),
            request_id: request_id(),
        });
        let answer = asker.software.grants().request_grant(request).await?;
        self.show_grants(&[answer.into_inner().grant.unwrap_or_default()])
    }

    pub(super) async fn grant_approve(&self, arguments: &ApproveArguments) -> anyhow::Result<()> {
        let patient = self.patient(&arguments.who).await?;
        let asked = patient.grant(&arguments.grant_id).await?;
        let narrowed = arguments.classes.iter().map(|class| class.to_proto());
        let request = patient.bearer.asks(proto::ApproveGrantRequest {
            grant_id: asked.grant_id,
            etag: asked.etag,
            document_classes: narrowed.collect(),
            period: arguments.days.map(period),
            request_id: request_id(),
        });
        let answer = patient.software.grants().approve_grant(request).await?;
        self.show_grants(&[answer.into_inner().grant.unwrap_or_default()])
    }

    pub(super) async fn grant_decline(&self, arguments: &DeclineArguments) -> anyhow::Result<()> {
        let patient = self.patient(&arguments.who).await?;
        let asked = patient.grant(&arguments.grant_id).await?;
        let request = patient.bearer.asks(proto::DeclineGrantRequest {
            grant_id: asked.grant_id,
            etag: asked.etag,
            request_id: request_id(),
        });
        let answer = patient.software.grants().decline_grant(request).await?;
        self.show_grants(&[answer.into_inner().grant.unwrap_or_default()])
    }

    pub(super) async fn grant_declare(&self, arguments: &DeclareArguments) -> anyhow::Result<()> {
        let declarer = self.professional(&arguments.who).await?;
        let request = declarer.bearer.asks(proto::DeclareGrantRequest {
            patient_id: arguments.patient_id.clone(),
            on_behalf_of_practitioner_id: arguments.on_behalf_of.clone(),
            document_classes: classes(&arguments.classes),
            period: Some(period(arguments.days)),
            consent_collected: arguments.consent_collected,
            request_id: request_id(),
        });
        let answer = declarer.software.grants().declare_grant(request).await?;
        self.show_grants(&[answer.into_inner().grant.unwrap_or_default()])
    }

    pub(super) async fn grant_update(&self, arguments: &UpdateArguments) -> anyhow::Result<()> {
        let patient = self.patient(&arguments.who).await?;
        let mut grant = patient.grant(&arguments.grant_id).await?;
        let mut paths = Vec::new();
        if !arguments.classes.is_empty() {
            grant.document_classes = classes(&arguments.classes);
            paths.push("document_classes".to_owned());
        }
        if arguments.endless || arguments.days.is_some() {
            let until_at = arguments.days.and_then(|days| period(days).until_at);
            grant.period.get_or_insert_default().until_at = until_at;
            paths.push("period.until_at".to_owned());
        }
        let request = patient.bearer.asks(proto::UpdateGrantRequest {
            grant: Some(grant),
            update_mask: Some(FieldMask { paths }),
            request_id: request_id(),
        });
        let answer = patient.software.grants().update_grant(request).await?;
        self.show_grants(&[answer.into_inner().grant.unwrap_or_default()])
    }
}

impl SignedIn {
    /// The grant as it is now.
    async fn grant(&self, grant_id: &str) -> anyhow::Result<proto::Grant> {
        let request = self.bearer.asks(proto::GetGrantRequest {
            grant_id: grant_id.to_owned(),
        });
        let answer = self.software.grants().get_grant(request).await?;
        Ok(answer.into_inner().grant.unwrap_or_default())
    }
}
