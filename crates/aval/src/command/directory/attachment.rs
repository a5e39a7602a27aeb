//! Correcting where somebody practises.

use aval_proto::practitioner_directory::v1 as proto;
use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use serde_json::json;

use crate::command::Session;
use crate::demo::request_id;
use crate::language::say;
use crate::output::Rows;

/// Arguments of `aval directory override`.
#[derive(Debug, Args)]
pub struct OverrideArguments {
    /// The practice situation, by its identifier as `aval directory show` says it.
    #[arg(long, value_name = "ACTIVITY_ID")]
    activity: String,
    /// Where it really is, by the structure's identifier as `aval directory show` says it.
    // Empty would mean to the service that a correction is taken back.
    #[arg(
        long,
        value_name = "ORGANIZATION_ID",
        required_unless_present = "undo",
        conflicts_with = "undo",
        value_parser = NonEmptyStringValueParser::new()
    )]
    organization: Option<String>,
    /// Takes an earlier correction back instead.
    #[arg(long)]
    undo: bool,
    /// Why, for the history, at most 500 characters.
    #[arg(long)]
    reason: String,
}

impl Session {
    /// Corrects where somebody practises, or takes that back, and shows the practice
    /// situation.
    pub(super) async fn override_attachment(
        &self,
        arguments: &OverrideArguments,
    ) -> anyhow::Result<()> {
        let request = proto::OverrideAttachmentRequest {
            activity_id: arguments.activity.clone(),
            organization_id: arguments.organization.clone().unwrap_or_default(),
            reason: arguments.reason.clone(),
            request_id: request_id(),
        };
        let mut client = self.software("operator")?.directory_admin();
        let answer = client.override_attachment(request).await?.into_inner();
        let activity = answer.activity.unwrap_or_default();
        let place = activity.organization.clone().unwrap_or_default();
        let correction = activity.attachment_override.as_ref();
        let mut rows = Rows::new(vec![
            ("activity_id", say("activité", "activity")),
            ("profession", say("profession", "profession")),
            ("organization_id", say("structure", "organization")),
            ("organization", say("nom", "name")),
            ("town", say("ville", "town")),
            (
                "source_organization_id",
                say("selon la source", "by the source"),
            ),
            ("corrected_by", say("corrigée par", "corrected by")),
            ("reason", say("motif", "reason")),
        ]);
        rows.push(vec![
            json!(activity.activity_id),
            json!(activity.profession_label),
            json!(place.organization_id),
            json!(place.name),
            json!(place.town),
            json!(correction.map(|made| &made.source_organization_id)),
            json!(correction.map(|made| &made.author)),
            json!(correction.map(|made| &made.reason)),
        ]);
        self.output.one(&rows)?;
        let told = if arguments.undo {
            say(
                "La correction est retirée : la situation est de nouveau là où la source la place.",
                "The correction is taken back: the practice situation is where the source puts \
                 it again.",
            )
        } else {
            say(
                "Corrigée jusqu'à ce que la source soit d'accord ; les imports ne la défont pas. \
                 Pour revenir : `aval directory override --activity … --undo --reason …`.",
                "Corrected until the source agrees; imports do not undo it. To take it back: \
                 `aval directory override --activity … --undo --reason …`.",
            )
        };
        Ok(self.output.sentence(&told)?)
    }
}
