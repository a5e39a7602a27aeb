//! `aval history`: what happened to a patient's record, or what a professional did.

use aval_proto::audit::v1 as proto;
use clap::Args;
use serde_json::json;

use crate::language::{Language, say};
use crate::output::Rows;

use super::Session;
use super::directory::instant;
use super::person::EitherArguments;

/// Arguments of `aval history`.
#[derive(Debug, Args)]
pub struct HistoryArguments {
    /// Emergency accesses only.
    #[arg(long)]
    emergency: bool,
    /// Only of this kind, for example access.decided; a family as `grant.*`.
    #[arg(long)]
    kind: Vec<String>,
    /// How many at most, the newest first.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i32).range(1..=200))]
    most: i32,
    /// The patient whose treating doctor the professional is; without it, what they did
    /// themselves.
    #[arg(long, value_name = "PATIENT ID", requires = "professional")]
    of: Option<String>,
    /// Whose.
    #[command(flatten)]
    who: EitherArguments,
}

impl Session {
    /// Prints a history, the newest first.
    pub async fn history(&self, arguments: &HistoryArguments) -> anyhow::Result<()> {
        let reader = self.either(&arguments.who).await?;
        let patient_id = arguments.of.as_ref().unwrap_or(&reader.patient_id);
        let request = reader.bearer.asks(proto::ListEventsRequest {
            patient_id: patient_id.clone(),
            filter: Some(proto::EventFilter {
                kinds: arguments.kind.clone(),
                emergency_only: arguments.emergency,
                ..proto::EventFilter::default()
            }),
            page_size: arguments.most,
            page_token: String::new(),
        });
        let answer = reader
            .software
            .trail()
            .list_events(request)
            .await?
            .into_inner();
        let mut rows = Rows::new(vec![
            ("occurred_at", say("quand", "when")),
            ("event_id", say("trace", "event")),
            ("sentence", say("quoi", "what")),
        ]);
        for recorded in &answer.events {
            let event = recorded.event.clone().unwrap_or_default();
            let sentence = match self.output.language {
                Language::French => &recorded.sentence_fr,
                Language::English => &recorded.sentence_en,
            };
            rows.push(vec![
                instant(event.occurred_at.as_ref()),
                json!(event.event_id),
                json!(sentence),
            ]);
        }
        Ok(self.output.rows(&rows)?)
    }
}
