//! `aval care-episode …`: a team begins and ends its care for a patient.

use std::time::Duration;

use aval_domain::time::{Clock, SystemClock};
use aval_proto::consent::v1 as proto;
use aval_proto::consent::v1::list_care_episodes_request::Of;
use clap::{Args, Subcommand};
use serde_json::json;

use crate::demo::request_id;
use crate::language::say;
use crate::output::Rows;

use super::Session;
use super::directory::instant;
use super::person::{EitherArguments, ProfessionalArguments};

/// What to do with care episodes.
#[derive(Debug, Subcommand)]
pub enum CareEpisodeCommand {
    /// Begins one, as a professional of the team.
    Open(OpenArguments),
    /// Ends one at once.
    Close {
        /// Which.
        care_episode_id: String,
        /// Who ends it.
        #[command(flatten)]
        who: EitherArguments,
    },
    /// Lists those of a patient, or those of which a professional is a member.
    List {
        /// Those that are over too.
        #[arg(long)]
        ended: bool,
        /// Whose.
        #[command(flatten)]
        who: EitherArguments,
    },
}

/// Arguments of `aval care-episode open`.
#[derive(Debug, Args)]
pub struct OpenArguments {
    /// Whose record.
    patient_id: String,
    /// The other members of the team.
    members: Vec<String>,
    /// For how many days.
    #[arg(long)]
    days: u32,
    /// Who opens it, a member too.
    #[command(flatten)]
    who: ProfessionalArguments,
}

impl Session {
    /// Obeys a care episode command.
    pub async fn care_episode(&self, command: &CareEpisodeCommand) -> anyhow::Result<()> {
        let episodes = match command {
            CareEpisodeCommand::Open(arguments) => vec![self.care_episode_open(arguments).await?],
            CareEpisodeCommand::Close {
                care_episode_id,
                who,
            } => {
                let person = self.either(who).await?;
                let request = person.bearer.asks(proto::CloseCareEpisodeRequest {
                    care_episode_id: care_episode_id.clone(),
                    request_id: request_id(),
                });
                let answer = person.software.grants().close_care_episode(request).await?;
                vec![answer.into_inner().care_episode.unwrap_or_default()]
            }
            CareEpisodeCommand::List { ended, who } => self.care_episode_list(*ended, who).await?,
        };
        self.show_care_episodes(&episodes)
    }

    async fn care_episode_open(
        &self,
        arguments: &OpenArguments,
    ) -> anyhow::Result<proto::CareEpisode> {
        let opener = self.professional(&arguments.who).await?;
        let until = SystemClock
            .now()
            .saturating_add(Duration::from_hours(24) * arguments.days);
        let opener_id = std::iter::once(opener.practitioner_id.clone());
        let request = opener.bearer.asks(proto::OpenCareEpisodeRequest {
            patient_id: arguments.patient_id.clone(),
            member_practitioner_ids: opener_id.chain(arguments.members.clone()).collect(),
            until_at: Some(prost_types::Timestamp {
                seconds: until.unix_seconds(),
                nanos: 0,
            }),
            request_id: request_id(),
        });
        let answer = opener.software.grants().open_care_episode(request).await?;
        Ok(answer.into_inner().care_episode.unwrap_or_default())
    }

    async fn care_episode_list(
        &self,
        include_ended: bool,
        who: &EitherArguments,
    ) -> anyhow::Result<Vec<proto::CareEpisode>> {
        let person = self.either(who).await?;
        let of = if who.professional {
            Of::PractitionerId(person.practitioner_id.clone())
        } else {
            Of::PatientId(person.patient_id.clone())
        };
        let mut episodes = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = person.bearer.asks(proto::ListCareEpisodesRequest {
                of: Some(of.clone()),
                include_ended,
                page_size: 0,
                page_token,
            });
            let page = person.software.grants().list_care_episodes(request).await?;
            let page = page.into_inner();
            episodes.extend(page.care_episodes);
            if page.next_page_token.is_empty() {
                return Ok(episodes);
            }
            page_token = page.next_page_token;
        }
    }

    fn show_care_episodes(&self, episodes: &[proto::CareEpisode]) -> anyhow::Result<()> {
        let mut rows = Rows::new(vec![
            ("care_episode_id", say("prise en charge", "care episode")),
            ("members", say("équipe", "team")),
            ("organization_id", say("structure", "organization")),
            ("until_at", say("jusqu'au", "until")),
            ("closed_at", say("terminée le", "closed at")),
        ]);
        for episode in episodes {
            let period = episode.period.as_ref();
            rows.push(vec![
                json!(episode.care_episode_id),
                json!(episode.member_practitioner_ids),
                json!(episode.organization_id),
                instant(period.and_then(|period| period.until_at.as_ref())),
                instant(episode.closed_at.as_ref()),
            ]);
        }
        Ok(self.output.rows(&rows)?)
    }
}
