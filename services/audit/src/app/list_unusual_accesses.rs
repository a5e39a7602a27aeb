//! What is unusual among the accesses of a period.

use std::collections::BTreeMap;
use std::time::Duration;

use aval_database::requests::fingerprint;
use aval_domain::id::PractitionerId;
use aval_domain::time::Timestamp;
use aval_runtime::context::RequestContext;
use aval_runtime::page::PageTokenInvalid;
use uuid::Uuid;

use super::search_events::conditions;
use super::{App, may_oversee};
use crate::entry::StoredEntry;
use crate::error::Error;
use crate::finding::walk::of_humans;
use crate::oversight::{ListUnusualAccesses, RecordedPeriod, Search};
use crate::query::Filter;
use crate::unusual::{Fact, Rules, Unusual, Window, unusual};

/// How many facts one call looks at.
const MOST_FACTS: usize = 300_000;

/// How many events are read at once.
const EVENTS_PER_READ: u64 = 2_000;

/// The period that is looked at when none is named.
const USUAL_PERIOD: Duration = Duration::from_hours(7 * 24);

/// A page of what is unusual, the newest first.
#[derive(Debug, Clone)]
pub struct UnusualPage {
    /// What is.
    pub unusual: Vec<Unusual>,
    /// The rules by which it is.
    pub rules: Rules,
    /// For the next page; none: this was the last.
    pub next_page_token: Option<String>,
}

impl App {
    /// Computes what is unusual from the log as it is, and keeps nothing: so whichever
    /// instance answers, now or in a year, the same period has the same list, of the humans
    /// whom the log knows by then. The call is traced before anything is answered.
    pub async fn list_unusual_accesses(
        &self,
        cx: &RequestContext,
        command: ListUnusualAccesses,
    ) -> Result<UnusualPage, Error> {
        may_oversee(cx)?;
        let digest = digest(cx, &command);
        let token = command.page_token.as_deref();
        let token = token.map(|token| self.page_tokens.open(token, &digest, cx.now));
        let before = token.transpose()?.map(|position| place_in(&position));
        let before = before.transpose()?;

        let window = self.window(command.recorded).await?;
        let facts = self.facts(window).await?;
        let facts = of_humans(self.store.as_ref(), facts).await?;
        let who = self.human(command.practitioner_id).await?;
        let mut found = unusual(&facts, window, &self.rules);
        found.retain(|found| {
            let of_kind = command.kinds.is_empty() || command.kinds.contains(&found.kind);
            of_kind
                && who.is_none_or(|who| who == found.practitioner_id)
                && before.is_none_or(|before| found.place() < before)
        });
        let more = found.len() > command.page_size.get();
        found.truncate(command.page_size.get());
        self.trace_oversight(cx, &command.purpose, None, None, asked(&command))
            .await?;
        let last = found.last().filter(|_| more);
        let next_page_token = last.map(|last| {
            let (at, id) = last.place();
            let position = [&at.as_micros().to_be_bytes()[..], id.as_bytes()].concat();
            self.page_tokens.seal(&digest, &position, cx.now)
        });
        Ok(UnusualPage {
            unusual: found,
            rules: self.rules,
            next_page_token,
        })
    }

    /// Under which identifier what somebody did is listed.
    async fn human(&self, id: Option<PractitionerId>) -> Result<Option<PractitionerId>, Error> {
        let known_as = self.store.humans(&id.into_iter().collect()).await?;
        Ok(id.map(|id| known_as.get(&id).copied().unwrap_or(id)))
    }

    async fn window(&self, recorded: RecordedPeriod) -> Result<Window, Error> {
        let size = self.store.size().await?;
        let last = self.store.leaves(size.saturating_sub(1)..size).await?;
        let known_until = last.first().map_or(Timestamp::UNIX_EPOCH, |last| {
            Timestamp::from_micros(last.recorded_at_micros)
        });
        let just_after = known_until.saturating_add(Duration::from_micros(1));
        let until = recorded.until_at.unwrap_or(just_after);
        let a_week_before = until.saturating_sub(USUAL_PERIOD);
        Ok(Window {
            from: recorded.from_at.unwrap_or(a_week_before),
            until,
            known_until,
        })
    }

    /// What the log says of the period, of the time before that tells what is usual, and
    /// of the time after in which emergencies are followed up.
    async fn facts(&self, window: Window) -> Result<Vec<Fact>, Error> {
        let begin = window.from.saturating_sub(self.rules.past);
        // A day more: the last emergency of a day is followed up from then on.
        let end = window.until.saturating_add(self.rules.follow_up);
        let end = end.saturating_add(Duration::from_hours(24));
        let mut search = Search {
            filter: Filter {
                kinds: Fact::KINDS.into(),
                ..Filter::default()
            },
            from: self.store.place_at(begin).await?,
            before: self.store.place_at(end).await?,
            limit: EVENTS_PER_READ,
        };
        let mut facts = Vec::new();
        while search.before > search.from {
            let found = self.store.search(&search).await?;
            for entry in found.entries.into_iter().map(StoredEntry::open) {
                let entry = entry?;
                facts.extend(Fact::told_by(&entry.event, entry.recorded_at));
            }
            if facts.len() > MOST_FACTS {
                return Err(Error::TooMuch {
                    field: "recorded_from_at",
                    rule: "must begin a period with fewer accesses, with the time before and after by which they are judged",
                });
            }
            search.before = found.looked_from;
        }
        Ok(facts)
    }
}

fn place_in(position: &[u8]) -> Result<(Timestamp, Uuid), PageTokenInvalid> {
    let (at, id) = position.split_first_chunk().ok_or(PageTokenInvalid)?;
    let at = Timestamp::from_micros(i64::from_be_bytes(*at));
    Ok((at, Uuid::from_slice(id).map_err(|_| PageTokenInvalid)?))
}

/// What a page token is sealed for: this method, this auditor, this list.
fn digest(cx: &RequestContext, command: &ListUnusualAccesses) -> [u8; 32] {
    let method = [
        "audit.list_unusual_accesses".to_owned(),
        cx.caller.to_string(),
    ];
    let parts = asked(command)
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"));
    fingerprint(method.into_iter().chain(parts))
}

/// What was asked for, as its trace says it.
fn asked(command: &ListUnusualAccesses) -> BTreeMap<String, String> {
    let kinds: Vec<&str> = command.kinds.iter().map(|kind| kind.code()).collect();
    let [from, until] = command.recorded.texts();
    let who = command.practitioner_id.map(|id| id.to_string());
    conditions([
        ("recorded_from_at", from),
        ("recorded_until_at", until),
        ("unusual_kinds", kinds.join(" ")),
        ("practitioner_id", who.unwrap_or_default()),
    ])
}
