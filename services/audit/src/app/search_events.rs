//! What an auditor looks for across patients.

use std::collections::BTreeMap;

use aval_database::requests::fingerprint;
use aval_runtime::context::RequestContext;
use aval_runtime::page::PageTokenInvalid;

use super::{App, may_oversee};
use crate::entry::{Entry, StoredEntry};
use crate::error::Error;
use crate::oversight::{RecordedPeriod, Search, SearchEvents};
use crate::query::Filter;

/// A page of what was found, the newest first.
#[derive(Debug, Clone)]
pub struct SearchPage {
    /// The events.
    pub entries: Vec<Entry>,
    /// For the next page; none: everything was looked at.
    pub next_page_token: Option<String>,
}

impl App {
    /// Searches the log. The search is traced, with what was asked for and why, before
    /// anything is answered.
    pub async fn search_events(
        &self,
        cx: &RequestContext,
        command: SearchEvents,
    ) -> Result<SearchPage, Error> {
        may_oversee(cx)?;
        let digest = digest(cx, &command);
        let token = command.page_token.as_deref();
        let before = token.map(|token| self.place_of(token, &digest, cx));
        let before = match before.transpose()? {
            Some(before) => before,
            None => self.end_of(command.recorded).await?,
        };
        let from = self.beginning_of(command.recorded).await?;
        let search = Search {
            filter: command.filter,
            from,
            before,
            limit: command.page_size.get() as u64,
        };
        let found = self.store.search(&search).await?;
        let entries = found.entries.into_iter().map(StoredEntry::open);
        let entries = entries.collect::<Result<Vec<_>, _>>()?;
        let asked = asked(command.recorded, &search.filter);
        self.trace_oversight(cx, &command.purpose, None, None, asked)
            .await?;
        let more = found.looked_from > from;
        let position = found.looked_from.to_be_bytes();
        let next_page_token = more.then(|| self.page_tokens.seal(&digest, &position, cx.now));
        Ok(SearchPage {
            entries,
            next_page_token,
        })
    }

    /// The first place of a period.
    pub(super) async fn beginning_of(&self, recorded: RecordedPeriod) -> Result<u64, Error> {
        match recorded.from_at {
            Some(at) => Ok(self.store.place_at(at).await?),
            None => Ok(0),
        }
    }

    /// The place after the last of a period.
    pub(super) async fn end_of(&self, recorded: RecordedPeriod) -> Result<u64, Error> {
        match recorded.until_at {
            Some(at) => Ok(self.store.place_at(at).await?),
            None => Ok(self.store.size().await?),
        }
    }

    fn place_of(
        &self,
        token: &str,
        digest: &[u8],
        cx: &RequestContext,
    ) -> Result<u64, PageTokenInvalid> {
        let position = self.page_tokens.open(token, digest, cx.now)?;
        let position = position.try_into().map_err(|_| PageTokenInvalid)?;
        Ok(u64::from_be_bytes(position))
    }
}

/// What a page token is sealed for: this method, this auditor, this search.
fn digest(cx: &RequestContext, command: &SearchEvents) -> [u8; 32] {
    let method = ["audit.search_events".to_owned(), cx.caller.to_string()];
    let parts = method.into_iter().chain(command.recorded.texts());
    fingerprint(parts.chain(command.filter.texts()))
}

/// What was asked for, as its trace says it.
fn asked(recorded: RecordedPeriod, filter: &Filter) -> BTreeMap<String, String> {
    let names = [
        "recorded_from_at",
        "recorded_until_at",
        "from_at",
        "until_at",
        "practitioner_id",
        "organization_id",
        "kinds",
        "outcome",
        "emergency_only",
        "first_seen_only",
    ];
    let texts = recorded.texts().into_iter().chain(filter.texts());
    conditions(names.into_iter().zip(texts))
}

/// The conditions that there are, by name.
pub(super) fn conditions<'a>(
    texts: impl IntoIterator<Item = (&'a str, String)>,
) -> BTreeMap<String, String> {
    let there = texts.into_iter();
    let there = there.filter(|(_, text)| !text.is_empty() && text != "false");
    there.map(|(name, text)| (name.to_owned(), text)).collect()
}
