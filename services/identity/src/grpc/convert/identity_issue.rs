//! What a person has to look at.

use aval_domain::id::PatientId;
use aval_proto::identity::v1 as proto;
use aval_runtime::convert::timestamp_to_proto;
use aval_runtime::page;
use aval_runtime::status::Refusal;

use crate::app::{IssuesPage, ListIdentityIssues};
use crate::identity_issue::{IdentityIssue, IssueKind};

/// Which issues are asked for.
pub(in crate::grpc) fn list_command(
    message: proto::ListIdentityIssuesRequest,
) -> Result<ListIdentityIssues, Refusal> {
    let kind = match proto::IdentityIssueKind::try_from(message.kind) {
        Ok(proto::IdentityIssueKind::Unspecified) => None,
        Ok(proto::IdentityIssueKind::Duplicate) => Some(IssueKind::Duplicate),
        Ok(proto::IdentityIssueKind::Collision) => Some(IssueKind::Collision),
        Ok(proto::IdentityIssueKind::Unqualified) => Some(IssueKind::Unqualified),
        Ok(proto::IdentityIssueKind::Alike) => Some(IssueKind::Alike),
        Err(_) => return Err(Refusal::field("kind", "is not one of the contract's")),
    };
    Ok(ListIdentityIssues {
        kind,
        page_size: page::parse_size(message.page_size)?,
        page_token: message.page_token,
    })
}

/// A page of issues.
pub(in crate::grpc) fn page(page: IssuesPage) -> proto::ListIdentityIssuesResponse {
    proto::ListIdentityIssuesResponse {
        issues: page.issues.into_iter().map(issue).collect(),
        next_page_token: page.next_page_token,
    }
}

fn issue(issue: IdentityIssue) -> proto::IdentityIssue {
    proto::IdentityIssue {
        issue_id: issue.issue_id.to_string(),
        kind: match issue.kind {
            IssueKind::Collision => proto::IdentityIssueKind::Collision,
            IssueKind::Duplicate => proto::IdentityIssueKind::Duplicate,
            IssueKind::Unqualified => proto::IdentityIssueKind::Unqualified,
            IssueKind::Alike => proto::IdentityIssueKind::Alike,
        }
        .into(),
        patient_ids: issue.patients.iter().map(PatientId::to_string).collect(),
        evidence: issue.evidence,
        found_at: Some(timestamp_to_proto(issue.found_at)),
    }
}
