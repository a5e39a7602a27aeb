//! Lists what a person of the identity unit has to look at.

use aval_domain::page::PageSize;
use aval_runtime::context::RequestContext;

use super::{App, keep_patients};
use crate::error::Error;
use crate::identity_issue::{IdentityIssue, IssueKind, IssuePosition};
use crate::store::IssueQuery;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct ListIdentityIssues {
    /// Only this kind.
    pub kind: Option<IssueKind>,
    /// How many at most.
    pub page_size: PageSize,
    /// From the previous page; empty: the first.
    pub page_token: String,
}

/// A page of identity issues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuesPage {
    /// The oldest first.
    pub issues: Vec<IdentityIssue>,
    /// For the next page; empty: this was the last.
    pub next_page_token: String,
}

impl App {
    /// A page of identity issues, the oldest first.
    pub async fn list_identity_issues(
        &self,
        cx: &RequestContext,
        command: &ListIdentityIssues,
    ) -> Result<IssuesPage, Error> {
        keep_patients(cx)?;
        let mut filter = b"identity issues".to_vec();
        filter.push(command.kind.map_or(u8::MAX, |kind| kind as u8));
        let after = if command.page_token.is_empty() {
            None
        } else {
            let position = self
                .page_tokens()
                .open(&command.page_token, &filter, cx.now);
            let position = position.map_err(|_| Error::PageTokenInvalid)?;
            Some(IssuePosition::from_bytes(&position).ok_or(Error::PageTokenInvalid)?)
        };
        let query = IssueQuery {
            kind: command.kind,
            after,
            limit: command.page_size.with_one_more(),
        };
        let mut issues = self.store.identity_issues(&query).await?;
        let has_more = issues.len() > command.page_size.get();
        issues.truncate(command.page_size.get());
        let last = issues.last().filter(|_| has_more);
        let next_page_token = last.map(|last| {
            let position = last.position().to_bytes();
            self.page_tokens().seal(&filter, &position, cx.now)
        });
        Ok(IssuesPage {
            next_page_token: next_page_token.unwrap_or_default(),
            issues,
        })
    }
}
