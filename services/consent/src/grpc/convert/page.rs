//! Page tokens: where the next page of one query begins.

use aval_database::requests::fingerprint;
use aval_domain::time::Timestamp;
use aval_runtime::page::{PageTokens, parse_size};
use aval_runtime::status::Refusal;
use serde::Serialize;
use uuid::Uuid;

use crate::app::{Page, PageRequest};
use crate::notification::InboxPosition;

/// Seals and opens the page tokens of this service's lists.
#[derive(Debug)]
pub struct Pages {
    tokens: PageTokens,
}

/// One query, to which its tokens belong.
pub(in crate::grpc) struct Query([u8; 32]);

impl Pages {
    /// Pages sealed by these tokens.
    #[must_use]
    pub const fn new(tokens: PageTokens) -> Self {
        Self { tokens }
    }

    /// The page that a request asks for.
    pub(in crate::grpc) fn open<Id>(
        &self,
        query: &Query,
        page_size: i32,
        page_token: &str,
        now: Timestamp,
        id: fn(Uuid) -> Id,
    ) -> Result<PageRequest<Id>, Refusal> {
        let size = parse_size(page_size)?;
        if page_token.is_empty() {
            return Ok(PageRequest { after: None, size });
        }
        let position = self.tokens.open(page_token, &query.0, now)?;
        // Whatever is sealed here is an identifier.
        let after = Uuid::from_slice(&position)
            .map_err(|_| Refusal::from(aval_runtime::page::PageTokenInvalid))?;
        Ok(PageRequest {
            after: Some(id(after)),
            size,
        })
    }

    /// The token of the page after this one; empty when this was the last.
    pub(in crate::grpc) fn next<T>(
        &self,
        query: &Query,
        page: &Page<T>,
        now: Timestamp,
        id: impl Fn(&T) -> Uuid,
    ) -> String {
        match page.items.last() {
            Some(last) if page.more => self.tokens.seal(&query.0, id(last).as_bytes(), now),
            _ => String::new(),
        }
    }
}

impl Pages {
    /// The cursor after a position of one inbox. It does not expire.
    pub(in crate::grpc) fn cursor(&self, query: &Query, position: InboxPosition) -> String {
        let position = position.0.to_be_bytes();
        self.tokens.seal(&query.0, &position, Timestamp::MAX)
    }

    /// The position of a cursor of the same inbox.
    pub(in crate::grpc) fn open_cursor(
        &self,
        query: &Query,
        cursor: &str,
        now: Timestamp,
    ) -> Result<InboxPosition, Refusal> {
        let position = self.tokens.open(cursor, &query.0, now)?;
        let position = position.try_into().map(u64::from_be_bytes);
        // Whatever is sealed here is a position.
        let invalid = |_| Refusal::from(aval_runtime::page::PageTokenInvalid);
        position.map(InboxPosition).map_err(invalid)
    }
}

impl Query {
    /// The query of this method and filter, whose list it is included.
    ///
    /// # Panics
    ///
    /// Never: filters are plain data.
    pub(in crate::grpc) fn new(method: &'static str, filter: &impl Serialize) -> Self {
        let filter = serde_json::to_string(filter).expect("a filter is plain data");
        Self(fingerprint([method, &filter]))
    }
}

#[cfg(test)]
mod tests {
    use aval_domain::page::PageSize;
    use aval_proto::common::v1::ErrorReason;

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

    fn page(items: Vec<Uuid>, more: bool) -> Page<Uuid> {
        Page { items, more }
    }

    #[test]
    fn a_token_leads_to_the_next_page_of_its_own_query_only() {
        let pages = Pages::new(PageTokens::new(&[7; 32]));
        let query = Query::new("ListGrants", &("patient", 1));
        let last = Uuid::from_u128(9);
        let token = pages.next(&query, &page(vec![last], true), NOW, |id| *id);
        let opened = pages.open(&query, 0, &token, NOW, |id| id).unwrap();
        assert_eq!(
            opened,
            PageRequest {
                after: Some(last),
                size: PageSize::DEFAULT
            }
        );
        for other in [
            Query::new("ListGrants", &("patient", 2)),
            Query::new("ListBlocks", &("patient", 1)),
        ] {
            let refused = pages.open(&other, 0, &token, NOW, |id| id).unwrap_err();
            assert_eq!(refused.reason(), ErrorReason::PageTokenInvalid);
        }
    }

    #[test]
    fn a_cursor_is_good_for_ever_and_for_its_own_inbox_only() {
        let pages = Pages::new(PageTokens::new(&[7; 32]));
        let query = Query::new("WatchNotifications", &"patient:1");
        let cursor = pages.cursor(&query, InboxPosition(9));
        let in_ten_years = Timestamp::from_unix_seconds(2_100_000_000);
        let opened = pages.open_cursor(&query, &cursor, in_ten_years);
        assert_eq!(opened.unwrap(), InboxPosition(9));
        let other = Query::new("WatchNotifications", &"patient:2");
        let page = pages.next(&query, &page(vec![Uuid::nil()], true), NOW, |id| *id);
        for refused in [
            pages.open_cursor(&other, &cursor, NOW),
            pages.open_cursor(&query, &page, NOW),
        ] {
            let refused = refused.unwrap_err();
            assert_eq!(refused.reason(), ErrorReason::PageTokenInvalid);
        }
    }

    #[test]
    fn the_last_page_has_no_token_and_a_negative_size_is_refused() {
        let pages = Pages::new(PageTokens::new(&[7; 32]));
        let query = Query::new("ListGrants", &());
        assert_eq!(
            pages.next(&query, &page(vec![Uuid::nil()], false), NOW, |id| *id),
            ""
        );
        assert_eq!(pages.next(&query, &page(vec![], true), NOW, |id| *id), "");
        let refused = pages.open(&query, -1, "", NOW, |id| id).unwrap_err();
        assert_eq!(refused.reason(), ErrorReason::FieldInvalid);
    }
}
