//! A patient's history, opened by an auditor.

use std::collections::BTreeMap;

use aval_database::requests::fingerprint;
use aval_domain::event::Subject;
use aval_domain::id::PatientId;
use aval_runtime::context::RequestContext;
use aval_runtime::page::PageTokenInvalid;

use super::{App, Listed, may_oversee};
use crate::error::Error;
use crate::oversight::ListHistory;
use crate::query::{Filter, Query, Scope};

/// A page of a history that an auditor opened.
#[derive(Debug, Clone)]
pub struct OpenedHistory {
    /// Whose it is.
    pub patient_id: PatientId,
    /// The events, the newest first, with what is left of those that were erased.
    pub entries: Vec<Listed>,
    /// For the next page; none: this was the last.
    pub next_page_token: Option<String>,
}

impl App {
    /// Opens the history in which an event stands. That is traced in the history itself,
    /// where its patient reads by whom and why, before anything is answered.
    pub async fn list_history(
        &self,
        cx: &RequestContext,
        command: ListHistory,
    ) -> Result<OpenedHistory, Error> {
        may_oversee(cx)?;
        let named = self.store.event(command.event_id).await?;
        let named = named.ok_or(Error::NotFound)?.open()?;
        let patient_id = named.event.patient_id.ok_or(Error::NotFound)?;
        let digest = digest(cx, patient_id);
        let token = command.page_token.as_deref();
        let before = token.map(|token| self.page_tokens.open(token, &digest, cx.now));
        let before = before.transpose()?.map(TryFrom::try_from).transpose();
        let before = before.map_err(|_: Vec<u8>| PageTokenInvalid)?;
        let query = Query {
            scope: Scope::Patient(patient_id),
            filter: Filter::default(),
            before: before.map(u64::from_be_bytes),
            limit: command.page_size.with_one_more(),
        };
        let mut entries = self.page_of(&query).await?.events;
        let more = entries.len() > command.page_size.get();
        entries.truncate(command.page_size.get());
        let subject = Subject::new("event", &command.event_id);
        let (whose, what) = (Some(patient_id), Some(subject));
        self.trace_oversight(cx, &command.purpose, whose, what, BTreeMap::new())
            .await?;
        let next_page_token = entries.last().filter(|_| more).map(|last| {
            let position = last.log_index().to_be_bytes();
            self.page_tokens.seal(&digest, &position, cx.now)
        });
        Ok(OpenedHistory {
            patient_id,
            entries,
            next_page_token,
        })
    }
}

/// What a page token is sealed for: this method, this auditor, this history.
fn digest(cx: &RequestContext, patient_id: PatientId) -> [u8; 32] {
    fingerprint([
        "audit.list_history".to_owned(),
        cx.caller.to_string(),
        patient_id.to_string(),
    ])
}
