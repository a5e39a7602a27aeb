//! What changed in the directory.

use aval_proto::practitioner_directory::v1 as proto;
use aval_proto::practitioner_directory::v1::watch_changes_response::Item;
use clap::Args;
use serde_json::json;

use super::named;
use crate::command::Session;
use crate::language::say;

/// Arguments of `aval directory changes`.
#[derive(Debug, Args)]
pub struct ChangesArguments {
    /// After this cursor; `start`: from the very first change. When not named: from the
    /// very first, or with --follow from now on.
    #[arg(long, value_name = "CURSOR")]
    from: Option<String>,
    /// Goes on with the changes to come, until Ctrl-C.
    #[arg(long)]
    follow: bool,
    /// Ends after so many.
    #[arg(long)]
    most: Option<usize>,
}

/// The word that stands for the very first change.
const START: &str = "start";

/// One change, as it is printed.
struct Told<'a> {
    kind: &'static str,
    /// Whom or what it is about.
    id: &'a str,
    /// To which other entry it leads, or led; empty: to none.
    other: &'a str,
    /// What it is called; empty: a merge has no name.
    name: String,
    /// Whether it is a person who practises; `None`: it is no person.
    active: Option<bool>,
}

impl Session {
    /// Prints changes, one a line.
    pub(super) async fn changes(&self, arguments: &ChangesArguments) -> anyhow::Result<()> {
        let from = match &arguments.from {
            Some(cursor) => cursor.as_str(),
            None if arguments.follow => "",
            None => START,
        };
        let request = proto::WatchChangesRequest {
            cursor: from.to_owned(),
            until_caught_up: !arguments.follow,
            ..proto::WatchChangesRequest::default()
        };
        let mut client = self.software("operator")?.directory();
        let mut changes = client.watch_changes(request).await?.into_inner();
        let mut left = arguments.most.unwrap_or(usize::MAX);
        let mut cursor = String::new();
        while left > 0 {
            let Some(change) = changes.message().await? else {
                break;
            };
            cursor.clone_from(&change.cursor);
            if self.print_change(&change)? {
                left -= 1;
            }
        }
        if cursor.is_empty() {
            return Ok(());
        }
        Ok(self.output.sentence(&say(
            format!("La suite : `aval directory changes --from {cursor}`."),
            format!("To go on: `aval directory changes --from {cursor}`."),
        ))?)
    }

    /// One line, and whether it tells a change. Programs read signs of life too: theirs
    /// is the cursor to come back with.
    fn print_change(&self, change: &proto::WatchChangesResponse) -> anyhow::Result<bool> {
        let told = change.item.as_ref().and_then(told);
        let line = match &told {
            Some(told) if self.output.json => json!({
                "kind": told.kind,
                "id": told.id,
                "other_id": told.other,
                "name": told.name,
                "active": told.active,
                "cursor": change.cursor,
            })
            .to_string(),
            Some(told) => told.in_words(),
            None if self.output.json => {
                json!({"kind": "HEARTBEAT", "cursor": change.cursor}).to_string()
            }
            None => return Ok(false),
        };
        self.output.bare(&line)?;
        Ok(told.is_some())
    }
}

impl Told<'_> {
    fn in_words(&self) -> String {
        let active = match self.active {
            Some(false) => "INACTIVE",
            Some(true) | None => "",
        };
        let words = [self.kind, self.id, self.other, &self.name, active];
        let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
        words.join("  ")
    }
}

/// `None` for a sign of life.
fn told(item: &Item) -> Option<Told<'_>> {
    let merge = |kind, id, other| Told {
        kind,
        id,
        other,
        name: String::new(),
        active: None,
    };
    match item {
        Item::HeartbeatAt(_) => None,
        Item::PractitionerChanged(person) => Some(Told {
            kind: "PRACTITIONER_CHANGED",
            id: &person.practitioner_id,
            other: &person.merged_into_practitioner_id,
            name: named(person),
            active: Some(person.active),
        }),
        Item::OrganizationChanged(structure) => Some(Told {
            kind: "ORGANIZATION_CHANGED",
            id: &structure.organization_id,
            other: "",
            name: structure.name.clone(),
            active: None,
        }),
        Item::PractitionersMerged(told) => Some(merge(
            "PRACTITIONERS_MERGED",
            &told.source_practitioner_id,
            &told.target_practitioner_id,
        )),
        Item::PractitionersUnmerged(told) => Some(merge(
            "PRACTITIONERS_UNMERGED",
            &told.source_practitioner_id,
            &told.target_practitioner_id,
        )),
    }
}
