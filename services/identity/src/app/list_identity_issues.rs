//! Lists what a person of the identity unit has to look at.

use aval_domain::id::PatientId;
use aval_domain::page::PageSize;
use aval_runtime::context::RequestContext;

use super::{App, keep_patients};
use crate::error::Error;
use crate::identity_issue::{IdentityIssue, IssueKind, IssuePosition};
use crate::patient::differing_traits;
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
        for issue in &mut issues {
            if issue.kind == IssueKind::Alike {
                issue.evidence = self.what_differs(&issue.patients).await?;
            }
        }
        Ok(IssuesPage {
            next_page_token: next_page_token.unwrap_or_default(),
            issues,
        })
    }

    /// The names of the traits in which two who are alike differ; none if they cannot be
    /// read any more.
    async fn what_differs(&self, pair: &[PatientId]) -> Result<Vec<String>, Error> {
        let mut traits = Vec::new();
        for patient_id in pair {
            let row = self.store.patient(*patient_id).await?;
            let opened = row.map(|row| self.patient_keys.open(row.patient_id, &row.sealed));
            traits.extend(opened.and_then(Result::ok).map(|opened| opened.traits));
        }
        let [one, other] = traits.as_slice() else {
            return Ok(Vec::new());
        };
        let differing = differing_traits(one, other).into_iter();
        Ok(differing.map(str::to_owned).collect())
    }
}
