//! What auditors of the platform look at: the trail across patients.

use aval_domain::time::Timestamp;
use aval_proto::audit::v1 as proto;
use aval_proto::audit::v1::oversight_service_client::OversightServiceClient;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::client::Channel;
use crate::command::Session;
use crate::command::directory::instant;
use crate::language::{Language, say};
use crate::output::Rows;

/// Who looks, and why.
#[derive(Debug, Args)]
pub(super) struct AuditorArguments {
    /// The auditor's name, as in their certificate: `auditor/<name>`. It is traced.
    #[arg(long = "auditor", value_name = "NAME")]
    name: String,
    /// Why, in words. It is traced, and a patient whose history is opened reads it.
    #[arg(long, value_name = "WORDS")]
    purpose: String,
}

/// When the log took what is looked for.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct PeriodArguments {
    /// Recorded at or after, in RFC 3339.
    #[arg(long, value_name = "INSTANT", value_parser = parse_instant)]
    from: Option<Timestamp>,
    /// Recorded before, in RFC 3339.
    #[arg(long, value_name = "INSTANT", value_parser = parse_instant)]
    to: Option<Timestamp>,
}

/// What to look for.
#[derive(Debug, Args)]
pub struct SearchArguments {
    /// By this professional.
    #[arg(long, default_value = "")]
    practitioner: String,
    /// By anybody acting for this organization.
    #[arg(long, default_value = "")]
    organization: String,
    /// Of this kind, for example access.decided; a family as `grant.*`.
    #[arg(long)]
    kind: Vec<String>,
    /// With this outcome.
    #[arg(long, value_enum)]
    outcome: Option<OutcomeName>,
    /// Emergency accesses only.
    #[arg(long)]
    emergency: bool,
    /// When.
    #[command(flatten)]
    period: PeriodArguments,
    /// How many at most, the newest first.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    most: u32,
    /// Who looks, and why.
    #[command(flatten)]
    who: AuditorArguments,
}

/// Whose history to open.
#[derive(Debug, Args)]
pub struct OpenArguments {
    /// An event of the history.
    event_id: String,
    /// How many events at most, the newest first.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    most: u32,
    /// Who looks, and why.
    #[command(flatten)]
    who: AuditorArguments,
}

/// Which unusual accesses to list.
#[derive(Debug, Args)]
pub struct UnusualArguments {
    /// Of this kind alone.
    #[arg(long, value_enum)]
    kind: Vec<UnusualName>,
    /// By this professional.
    #[arg(long, default_value = "")]
    practitioner: String,
    /// When; by default the last week that the log knows.
    #[command(flatten)]
    period: PeriodArguments,
    /// Who looks, and why.
    #[command(flatten)]
    who: AuditorArguments,
}

/// How something ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum OutcomeName {
    /// Done, or permitted.
    Success,
    /// Refused by a rule.
    Refused,
    /// Failed for a technical reason.
    Failure,
}

/// In what way accesses are unusual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum UnusualName {
    /// A first approach to a record without a relation to its patient.
    First,
    /// Too many patients in a day.
    Volume,
    /// Outside the usual hours.
    OffHours,
    /// A broken glass that nothing followed.
    Emergency,
}

impl From<OutcomeName> for proto::EventOutcome {
    fn from(name: OutcomeName) -> Self {
        match name {
            OutcomeName::Success => Self::Success,
            OutcomeName::Refused => Self::Refused,
            OutcomeName::Failure => Self::Failure,
        }
    }
}

impl From<UnusualName> for proto::UnusualKind {
    fn from(name: UnusualName) -> Self {
        match name {
            UnusualName::First => Self::FirstAccessWithoutRelation,
            UnusualName::Volume => Self::Volume,
            UnusualName::OffHours => Self::OffHours,
            UnusualName::Emergency => Self::EmergencyWithoutFollowUp,
        }
    }
}

impl Session {
    fn auditor(&self, who: &AuditorArguments) -> anyhow::Result<OversightServiceClient<Channel>> {
        let certificate = format!("auditor/{}", who.name);
        Ok(self.software(&certificate)?.oversight())
    }

    /// Prints what a search across patients finds.
    pub async fn audit_search(&self, arguments: &SearchArguments) -> anyhow::Result<()> {
        let mut oversight = self.auditor(&arguments.who)?;
        let outcome = arguments.outcome.map(proto::EventOutcome::from);
        let mut request = proto::SearchEventsRequest {
            purpose: arguments.who.purpose.clone(),
            recorded_from_at: arguments.period.from.map(sent),
            recorded_until_at: arguments.period.to.map(sent),
            filter: Some(proto::EventFilter {
                practitioner_id: arguments.practitioner.clone(),
                organization_id: arguments.organization.clone(),
                kinds: arguments.kind.clone(),
                outcome: outcome.unwrap_or_default().into(),
                emergency_only: arguments.emergency,
                ..proto::EventFilter::default()
            }),
            page_size: page_size(arguments.most),
            page_token: String::new(),
        };
        let mut rows = history_rows();
        let mut left = arguments.most;
        loop {
            let answer = oversight.search_events(request.clone()).await?.into_inner();
            for found in answer.events.iter().take(left as usize) {
                rows.push(vec![
                    instant(found.occurred_at.as_ref()),
                    json!(found.event_id),
                    self.sentence(&found.sentence_fr, &found.sentence_en),
                ]);
                left -= 1;
            }
            request.page_token = answer.next_page_token;
            if left == 0 || request.page_token.is_empty() {
                return Ok(self.output.rows(&rows)?);
            }
        }
    }

    /// Prints the history in which an event stands.
    pub async fn audit_open(&self, arguments: &OpenArguments) -> anyhow::Result<()> {
        let mut oversight = self.auditor(&arguments.who)?;
        let mut request = proto::ListHistoryRequest {
            purpose: arguments.who.purpose.clone(),
            event_id: arguments.event_id.clone(),
            page_size: page_size(arguments.most),
            page_token: String::new(),
        };
        let mut rows = history_rows();
        let mut left = arguments.most;
        loop {
            let answer = oversight.list_history(request.clone()).await?.into_inner();
            for recorded in answer.events.iter().take(left as usize) {
                let event = recorded.event.clone().unwrap_or_default();
                rows.push(vec![
                    instant(event.occurred_at.as_ref()),
                    json!(event.event_id),
                    self.sentence(&recorded.sentence_fr, &recorded.sentence_en),
                ]);
                left -= 1;
            }
            request.page_token = answer.next_page_token;
            if left == 0 || request.page_token.is_empty() {
                return Ok(self.output.rows(&rows)?);
            }
        }
    }

    /// Prints what is unusual, computed anew from the log.
    pub async fn audit_unusual(&self, arguments: &UnusualArguments) -> anyhow::Result<()> {
        let mut oversight = self.auditor(&arguments.who)?;
        let kinds = arguments.kind.iter().copied().map(proto::UnusualKind::from);
        let mut request = proto::ListUnusualAccessesRequest {
            purpose: arguments.who.purpose.clone(),
            recorded_from_at: arguments.period.from.map(sent),
            recorded_until_at: arguments.period.to.map(sent),
            kinds: kinds.map(Into::into).collect(),
            practitioner_id: arguments.practitioner.clone(),
            page_size: 200,
            page_token: String::new(),
        };
        let mut rows = Rows::new(vec![
            ("first_at", say("quand", "when")),
            ("practitioner_id", say("professionnel", "professional")),
            ("event_count", say("traces", "events")),
            ("event_id", say("première trace", "first event")),
            ("sentence", say("pourquoi", "why")),
        ]);
        loop {
            let asked = oversight.list_unusual_accesses(request.clone());
            let answer = asked.await?.into_inner();
            for found in &answer.accesses {
                rows.push(vec![
                    instant(found.first_at.as_ref()),
                    json!(found.practitioner_id),
                    json!(found.event_count),
                    json!(found.event_ids.first()),
                    self.sentence(&found.sentence_fr, &found.sentence_en),
                ]);
            }
            request.page_token = answer.next_page_token;
            if request.page_token.is_empty() {
                return Ok(self.output.rows(&rows)?);
            }
        }
    }

    fn sentence(&self, french: &str, english: &str) -> Value {
        match self.output.language {
            Language::French => json!(french),
            Language::English => json!(english),
        }
    }
}

fn history_rows() -> Rows {
    Rows::new(vec![
        ("occurred_at", say("quand", "when")),
        ("event_id", say("trace", "event")),
        ("sentence", say("quoi", "what")),
    ])
}

fn page_size(most: u32) -> i32 {
    i32::try_from(most.min(200)).unwrap_or(200)
}

fn parse_instant(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse_rfc3339(text).map_err(|error| error.to_string())
}

fn sent(at: Timestamp) -> prost_types::Timestamp {
    aval_runtime::convert::timestamp_to_proto(at)
}
