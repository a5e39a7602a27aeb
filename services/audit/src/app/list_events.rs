//! A patient's history, or what a professional did.

use std::collections::HashMap;

use aval_database::requests::fingerprint;
use aval_domain::time::Timestamp;
use aval_merkle_log::leaf::leaf_hash;
use aval_runtime::context::RequestContext;
use aval_runtime::page::PageTokenInvalid;

use super::App;
use super::erased::{Listed, joined};
use super::reading::Reading;
use super::trace_reading::reader;
use super::withheld::Kept;
use crate::entry::{Altered, Entry, StoredEntry};
use crate::error::Error;
use crate::query::{Filter, ListEvents, Query, Scope};
use crate::sentence::Reader;
use crate::store::Sequence;

/// A page of events, the newest first.
#[derive(Debug, Clone)]
pub struct HistoryPage {
    /// The events.
    pub entries: Vec<Listed>,
    /// For whom they are put into words.
    pub reader: Reader,
    /// For the next page; none: this was the last.
    pub next_page_token: Option<String>,
}

/// The events of a page, whoever reads it.
pub(super) struct Opened {
    pub(super) events: Vec<Listed>,
    /// Whether nothing of them is to be withheld from anybody.
    pub(super) nothing_hidden: bool,
}

impl App {
    /// Lists the events of a person, the newest first. Over all pages every event that
    /// was there at the first is seen exactly once; of a narrowed list, every one of which all is
    /// told by then. When somebody else than the patient
    /// reads, that is traced before anything is answered.
    pub async fn list_events(
        &self,
        cx: &RequestContext,
        command: ListEvents,
    ) -> Result<HistoryPage, Error> {
        let reading = self.reading(cx, command.patient_id).await?;
        let scope = reading.scope;
        let digest = digest(scope, &command.filter);
        let before = command.page_token.as_deref();
        let before = before
            .map(|token| self.position_in(token, &digest, cx))
            .transpose()?;
        let query = Query {
            scope,
            filter: command.filter,
            before,
            limit: command.page_size.with_one_more(),
        };
        let size = command.page_size.get();
        let mut entries = self.told_page(&reading, query, cx.now).await?;
        let more = entries.len() > size;
        entries.truncate(size);

        self.trace_reading(cx, reading.patient_id(), None, reading.ground())
            .await?;
        let next_page_token = entries.last().filter(|_| more).map(|last| {
            let position = last.log_index().to_be_bytes();
            self.page_tokens.seal(&digest, &position, cx.now)
        });
        Ok(HistoryPage {
            entries,
            reader: reader(cx),
            next_page_token,
        })
    }

    /// As many events of this list as are asked for, as their reader is told of them; fewer are
    /// the last. What is withheld from a narrowed list leaves its place to the next one: a page
    /// that came short would tell that it is there.
    ///
    /// Nearly no patient ever had anything hidden, and their page says so itself: to ask after it
    /// was read could only tell of what was recorded since.
    async fn told_page(
        &self,
        reading: &Reading,
        mut query: Query,
        now: Timestamp,
    ) -> Result<Vec<Listed>, Error> {
        let mut hiding = Kept::default();
        let mut told = Vec::new();
        loop {
            let page = self.page_of(&query).await?;
            let last = page.events.last().map(Listed::log_index);
            let is_last = (page.events.len() as u64) < query.limit;
            if page.nothing_hidden {
                told.extend(page.events);
            } else {
                let (store, filter) = (self.store.as_ref(), &query.filter);
                let more = hiding.told_to(reading, filter, page.events, store, now);
                told.extend(more.await?);
            }
            if is_last || told.len() as u64 >= query.limit {
                return Ok(told);
            }
            query.before = last;
        }
    }

    /// The events of a page, whoever reads it.
    pub(super) async fn page_of(&self, query: &Query) -> Result<Opened, Error> {
        let page = self.store.page(query).await?;
        let entries = open_all(page.entries)?;
        // Of what a professional did nothing is left by which it could be found.
        let erased = self.explained(page.erased).await?;
        let events = joined(entries, erased, Sequence::NewestFirst, query.limit);
        if matches!(query.scope, Scope::Patient(_)) && query.filter.leaves_erased() {
            require_chain(&events)?;
        }
        Ok(Opened {
            events,
            nothing_hidden: page.nothing_hidden,
        })
    }

    fn position_in(
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

/// What a page token is sealed for: this method, these events, nobody else's.
fn digest(scope: Scope, filter: &Filter) -> [u8; 32] {
    let method = ["audit.list_events".to_owned(), scope.text()];
    fingerprint(method.into_iter().chain(filter.texts()))
}

fn open_all(stored: Vec<StoredEntry>) -> Result<Vec<Entry>, Altered> {
    stored.into_iter().map(StoredEntry::open).collect()
}

/// A whole history has no hole: each event names the one before it under the same
/// identifier.
fn require_chain(entries: &[Listed]) -> Result<(), Altered> {
    let mut later: HashMap<Option<[u8; 16]>, &Listed> = HashMap::new();
    for earlier in entries {
        let Some(later) = later.insert(earlier.leaf().patient_id(), earlier) else {
            continue;
        };
        if later.leaf().previous_patient_leaf() != Some(leaf_hash(earlier.leaf())) {
            return Err(Altered {
                log_index: later.log_index(),
                what: "place in the patient's history",
            });
        }
    }
    Ok(())
}
