//! ADELI numbers that RPPS numbers take the place of.

mod file;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use aval_proto::practitioner_directory::v1 as proto;
use aval_proto::practitioner_directory::v1::resolve_identifier_response::Resolved;
use aval_proto::practitioner_directory::v1::watch_changes_response::Item;
use clap::Args;
use serde_json::json;
use tonic::Code;

use crate::command::Session;
use crate::demo::request_id;
use crate::language::say;
use crate::output::Rows;
use file::Toggle;

/// Arguments of `aval directory toggles`.
#[derive(Debug, Args)]
pub struct TogglesArguments {
    /// The file, `N° ADELI;N° RPPS` with a semicolon between.
    file: PathBuf,
    /// Why, for the history, at most 500 characters.
    #[arg(long, default_value = "bascule ADELI vers RPPS")]
    reason: String,
    /// How many at most of the lines of which nothing came, by line.
    #[arg(long, default_value_t = 50)]
    rows: usize,
}

/// What became of a line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// The two entries are one from now on.
    Merged,
    /// They were one already.
    Settled,
    /// A person took their merge back: nothing is decided over their head.
    Undone,
    /// The directory knows no entry under one of the numbers.
    Unknown(&'static str),
    /// It holds no two numbers, for this reason.
    Invalid(String),
}

/// Merges that are taken back, from one entry to another.
type Undone = BTreeSet<(String, String)>;

impl Session {
    /// Merges the two entries of each line, and says of which lines nothing came.
    pub(super) async fn toggles(&self, arguments: &TogglesArguments) -> anyhow::Result<()> {
        let lines = file::read(&arguments.file)?;
        let undone = self.undone_merges().await?;
        let mut counts: BTreeMap<&'static str, u64> = BTreeMap::new();
        let mut aside = Rows::new(vec![
            ("line", say("ligne", "line")),
            ("reason", say("pourquoi", "why")),
        ]);
        let mut listed = 0;
        for (number, read) in lines {
            let outcome = match read {
                Ok(toggle) => self.follow(&toggle, &undone, &arguments.reason).await?,
                Err(error) => Outcome::Invalid(error.to_string()),
            };
            *counts.entry(outcome.name()).or_default() += 1;
            if let Some(reason) = outcome.reason().filter(|_| listed < arguments.rows) {
                aside.push(vec![json!(number), json!(reason)]);
                listed += 1;
            }
        }
        let mut report = Rows::new(vec![
            ("merged", say("fusionnées", "merged")),
            ("settled", say("déjà faites", "settled before")),
            (
                "undone",
                say("défaites par une personne", "undone by a person"),
            ),
            ("unknown", say("inconnues", "unknown")),
            ("invalid", say("en erreur", "in error")),
        ]);
        let of = |name: &str| json!(counts.get(name).copied().unwrap_or_default());
        report.push(
            ["merged", "settled", "undone", "unknown", "invalid"]
                .map(of)
                .into(),
        );
        Ok(self.output.with_list(&report, "lines", &aside)?)
    }

    async fn follow(
        &self,
        toggle: &Toggle,
        undone: &Undone,
        reason: &str,
    ) -> anyhow::Result<Outcome> {
        let adeli = toggle.adeli.as_str().to_owned();
        let Some(leaving) = self.known_as(proto::IdentifierKind::Adeli, adeli).await? else {
            return Ok(Outcome::Unknown("ADELI"));
        };
        let rpps = toggle.rpps.to_string();
        let Some(staying) = self.known_as(proto::IdentifierKind::Rpps, rpps).await? else {
            return Ok(Outcome::Unknown("RPPS"));
        };
        if leaving == staying {
            return Ok(Outcome::Settled);
        }
        let pair = (leaving, staying);
        if undone.contains(&pair) {
            return Ok(Outcome::Undone);
        }
        let (source_practitioner_id, target_practitioner_id) = pair;
        let request = proto::MergePractitionersRequest {
            source_practitioner_id,
            target_practitioner_id,
            undo: false,
            reason: reason.to_owned(),
            request_id: request_id(),
        };
        let mut client = self.software("operator")?.directory_admin();
        client.merge_practitioners(request).await?;
        Ok(Outcome::Merged)
    }

    /// Who is known under a number, if anybody is.
    async fn known_as(
        &self,
        kind: proto::IdentifierKind,
        value: String,
    ) -> anyhow::Result<Option<String>> {
        let request = proto::ResolveIdentifierRequest {
            identifier: Some(proto::Identifier {
                kind: kind.into(),
                value,
            }),
        };
        let mut client = self.software("operator")?.directory();
        match client.resolve_identifier(request).await {
            Ok(answer) => Ok(match answer.into_inner().resolved {
                Some(Resolved::Practitioner(person)) => Some(person.practitioner_id),
                Some(Resolved::Organization(_)) | None => None,
            }),
            Err(status) if status.code() == Code::NotFound => Ok(None),
            Err(status) => Err(status.into()),
        }
    }

    async fn undone_merges(&self) -> anyhow::Result<Undone> {
        let request = proto::WatchChangesRequest {
            cursor: "start".to_owned(),
            until_caught_up: true,
            merges_only: true,
        };
        let mut client = self.software("operator")?.directory();
        let mut merges = client.watch_changes(request).await?.into_inner();
        let mut undone = Undone::new();
        while let Some(change) = merges.message().await? {
            match change.item {
                Some(Item::PractitionersUnmerged(taken_back)) => undone.insert((
                    taken_back.source_practitioner_id,
                    taken_back.target_practitioner_id,
                )),
                Some(Item::PractitionersMerged(merge)) => {
                    undone.remove(&(merge.source_practitioner_id, merge.target_practitioner_id))
                }
                _ => continue,
            };
        }
        Ok(undone)
    }
}

impl Outcome {
    const fn name(&self) -> &'static str {
        match self {
            Self::Merged => "merged",
            Self::Settled => "settled",
            Self::Undone => "undone",
            Self::Unknown(_) => "unknown",
            Self::Invalid(_) => "invalid",
        }
    }

    /// Why nothing came of it, if nothing did.
    fn reason(&self) -> Option<String> {
        match self {
            Self::Merged | Self::Settled => None,
            Self::Undone => Some("a person took this merge back".to_owned()),
            Self::Unknown(kind) => Some(format!("the directory knows no such {kind} number")),
            Self::Invalid(rule) => Some(rule.clone()),
        }
    }
}
