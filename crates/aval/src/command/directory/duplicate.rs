//! Entries that are one human.

use aval_proto::practitioner_directory::v1 as proto;
use clap::Args;
use serde_json::json;

use super::import::page_size;
use super::{named, numbered};
use crate::command::Session;
use crate::demo::request_id;
use crate::language::say;
use crate::output::Rows;

/// Arguments of `aval directory merge`.
#[derive(Debug, Args)]
pub struct MergeArguments {
    /// The entry that will lead to the other, by its identifier.
    #[arg(long, value_name = "PRACTITIONER_ID")]
    absorb: String,
    /// The entry that stays, by its identifier.
    #[arg(long, value_name = "PRACTITIONER_ID")]
    into: String,
    /// Takes an earlier merge of the two back instead.
    #[arg(long)]
    undo: bool,
    /// Why, for the history, at most 500 characters.
    #[arg(long)]
    reason: String,
}

impl Session {
    /// Lists likely duplicates, the most likely first.
    pub(super) async fn duplicates(&self, most: usize) -> anyhow::Result<()> {
        let mut client = self.software("operator")?.directory_admin();
        let mut rows = Rows::new(vec![
            ("first_practitioner_id", say("une entrée", "one entry")),
            ("first_number", say("son numéro", "its number")),
            ("second_practitioner_id", say("l'autre", "the other")),
            ("second_number", say("son numéro", "its number")),
            ("name", say("nom", "name")),
            ("evidence", say("indices", "evidence")),
        ]);
        let (mut found, mut page_token) = (0, String::new());
        while found < most {
            let request = proto::ListDuplicatesRequest {
                page_size: page_size(most - found),
                page_token,
            };
            let page = client.list_duplicates(request).await?.into_inner();
            found += page.candidates.len();
            for pair in &page.candidates {
                let first = pair.first.clone().unwrap_or_default();
                let second = pair.second.clone().unwrap_or_default();
                rows.push(vec![
                    json!(first.practitioner_id),
                    json!(numbered(&first)),
                    json!(second.practitioner_id),
                    json!(numbered(&second)),
                    json!(named(&first)),
                    json!(pair.evidence),
                ]);
            }
            if page.next_page_token.is_empty() {
                break;
            }
            page_token = page.next_page_token;
        }
        self.output.rows(&rows)?;
        if found == 0 {
            return Ok(());
        }
        Ok(self.output.sentence(&say(
            "Rien n'est fusionné par supposition. Qui sait que deux entrées sont la même \
             personne le dit : `aval directory merge --absorb … --into … --reason …`.",
            "Nothing is merged by guess. Whoever knows that two entries are one human says so: \
             `aval directory merge --absorb … --into … --reason …`.",
        ))?)
    }

    /// Merges two entries, or takes that back, and shows the one that stays.
    pub(super) async fn merge(&self, arguments: &MergeArguments) -> anyhow::Result<()> {
        let MergeArguments {
            absorb,
            into,
            undo,
            reason,
        } = arguments;
        let request = proto::MergePractitionersRequest {
            source_practitioner_id: absorb.clone(),
            target_practitioner_id: into.clone(),
            undo: *undo,
            reason: reason.clone(),
            request_id: request_id(),
        };
        let mut client = self.software("operator")?.directory_admin();
        let answer = client.merge_practitioners(request).await?.into_inner();
        let person = answer.practitioner.unwrap_or_default();
        let mut rows = Rows::new(vec![
            ("practitioner_id", say("professionnel", "practitioner")),
            ("name", say("nom", "name")),
            ("identifiers", say("numéros", "numbers")),
            (
                "activities",
                say("situations d'exercice", "practice situations"),
            ),
            ("active", say("en activité", "active")),
        ]);
        let numbers: Vec<&str> = person
            .identifiers
            .iter()
            .map(|number| number.value.as_str())
            .collect();
        rows.push(vec![
            json!(person.practitioner_id),
            json!(named(&person)),
            json!(numbers),
            json!(person.activities.len()),
            json!(person.active),
        ]);
        self.output.one(&rows)?;
        let told = if *undo {
            say(
                format!(
                    "{absorb} a retrouvé ses numéros et ses situations. Ces deux entrées ne \
                     seront plus proposées comme doublons."
                ),
                format!(
                    "{absorb} has its numbers and practice situations back. The two entries \
                     will not be proposed as duplicates again."
                ),
            )
        } else {
            say(
                format!(
                    "{absorb} mène désormais à {into}, autorisations et blocages compris. Pour \
                     revenir : la même commande avec --undo."
                ),
                format!(
                    "{absorb} leads to {into} from now on, for grants and blocks too. To take \
                     it back: the same command with --undo."
                ),
            )
        };
        Ok(self.output.sentence(&told)?)
    }
}
