//! `aval check`, `authorize`, `explain`: asking for a decision.

use std::str::FromStr;

use aval_proto::common::v1 as common;
use aval_proto::consent::v1 as proto;
use clap::Args;
use serde_json::json;

use crate::demo::request_id;
use crate::language::{Language, Text, say};
use crate::output::Rows;

use super::Session;
use super::classes::ClassArgument;
use super::person::ProfessionalArguments;

/// Arguments of the three commands.
#[derive(Debug, Args)]
pub struct QuestionArguments {
    /// Whose record.
    patient_id: String,
    /// Which documents: `identifier:class` or `identifier:class:type`, for example
    /// `irm-4:31:18748-4`.
    documents: Vec<DocumentArgument>,
    /// Breaks the glass, for this reason.
    #[arg(long, value_name = "REASON")]
    break_glass: Option<String>,
    /// Who asks.
    #[command(flatten)]
    who: ProfessionalArguments,
}

/// A document typed as `identifier:class` or `identifier:class:type`.
#[derive(Debug, Clone)]
pub struct DocumentArgument(common::DocumentRef);

impl DocumentArgument {
    /// As the contract has it.
    #[must_use]
    pub fn to_proto(&self) -> common::DocumentRef {
        self.0.clone()
    }
}

impl FromStr for DocumentArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.splitn(3, ':');
        let (Some(id), Some(class)) = (parts.next(), parts.next()) else {
            return Err("an identifier, a colon, and a class".to_owned());
        };
        Ok(Self(common::DocumentRef {
            document_id: id.to_owned(),
            document_class: ClassArgument::from_str(class)?.to_proto(),
            document_type: parts.next().unwrap_or_default().to_owned(),
            author_practitioner_id: String::new(),
            contributed_at: None,
        }))
    }
}

impl QuestionArguments {
    fn question(&self) -> proto::AccessQuestion {
        let mode = match self.break_glass {
            Some(_) => common::AccessMode::BreakGlass,
            None => common::AccessMode::Normal,
        };
        proto::AccessQuestion {
            patient_id: self.patient_id.clone(),
            action: common::AccessAction::Consult.into(),
            mode: mode.into(),
            documents: self
                .documents
                .iter()
                .map(DocumentArgument::to_proto)
                .collect(),
            emergency_reason: self.break_glass.clone().unwrap_or_default(),
            purpose: String::new(),
        }
    }
}

impl Session {
    /// Decides, and changes nothing.
    pub async fn check(&self, arguments: &QuestionArguments) -> anyhow::Result<()> {
        let who = self.professional(&arguments.who).await?;
        let request = who.bearer.asks(proto::CheckRequest {
            question: Some(arguments.question()),
        });
        let answer = who.software.decisions().check(request).await?.into_inner();
        self.show_decision(&answer.decision.unwrap_or_default(), trace(), "")
    }

    /// Decides and traces.
    pub async fn authorize(&self, arguments: &QuestionArguments) -> anyhow::Result<()> {
        let who = self.professional(&arguments.who).await?;
        let request = who.bearer.asks(proto::AuthorizeRequest {
            question: Some(arguments.question()),
            request_id: request_id(),
        });
        let answer = who
            .software
            .decisions()
            .authorize(request)
            .await?
            .into_inner();
        let decision = answer.decision.unwrap_or_default();
        self.show_decision(&decision, trace(), &answer.event_id)
    }

    /// Says which rules were tried.
    pub async fn explain(&self, arguments: &QuestionArguments) -> anyhow::Result<()> {
        let who = self.professional(&arguments.who).await?;
        let request = who.bearer.asks(proto::ExplainRequest {
            question: Some(arguments.question()),
            ..proto::ExplainRequest::default()
        });
        let answer = who
            .software
            .decisions()
            .explain(request)
            .await?
            .into_inner();
        let mut rows = Rows::new(vec![
            ("rule", say("règle", "rule")),
            ("outcome", say("verdict", "outcome")),
            ("legal_ground", say("fondement", "legal ground")),
            ("sentence", say("en clair", "in words")),
            ("policy_revision", say("règles", "policy")),
        ]);
        let policy = answer.decision.unwrap_or_default().policy_revision;
        for rule in &answer.rules {
            let sentence = match self.output.language {
                Language::French => &rule.sentence_fr,
                Language::English => &rule.sentence_en,
            };
            rows.push(vec![
                json!(rule.rule),
                json!(
                    rule.outcome()
                        .as_str_name()
                        .trim_start_matches("RULE_OUTCOME_")
                ),
                json!(rule.legal_ground),
                json!(sentence),
                json!(policy),
            ]);
        }
        Ok(self.output.rows(&rows)?)
    }

    /// Shows it, with what else the call said as the last column.
    pub(super) fn show_decision(
        &self,
        decision: &proto::Decision,
        last: (&'static str, Text),
        value: &str,
    ) -> anyhow::Result<()> {
        let ground = decision.ground.clone().unwrap_or_default().kind();
        let mut rows = Rows::new(vec![
            ("effect", say("effet", "effect")),
            ("reason", say("motif", "reason")),
            ("ground", say("fondement", "ground")),
            ("documents", say("documents", "documents")),
            ("policy_revision", say("règles", "policy")),
            last,
        ]);
        rows.push(vec![
            json!(
                decision
                    .effect()
                    .as_str_name()
                    .trim_start_matches("EFFECT_")
            ),
            json!(
                decision
                    .reason()
                    .as_str_name()
                    .trim_start_matches("DECISION_REASON_")
            ),
            json!(ground.as_str_name().trim_start_matches("GROUND_KIND_")),
            json!(decision.permitted_document_ids),
            json!(decision.policy_revision),
            json!(value),
        ]);
        Ok(self.output.one(&rows)?)
    }
}

/// The column of the event by which the patient finds the access.
fn trace() -> (&'static str, Text) {
    ("event_id", say("trace", "trace"))
}
