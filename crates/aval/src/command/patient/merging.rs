//! Who turns out to be whom: what has to be looked at, merges, and merges taken back.

use aval_proto::identity::v1 as proto;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::{columns_of_a_patient, row_of};
use crate::command::Session;
use crate::command::directory::instant;
use crate::demo::request_id;
use crate::language::say;
use crate::output::Rows;

/// So many issues at once.
const PAGE: i32 = 200;

/// Arguments of `aval patient merge`.
#[derive(Debug, Args)]
pub struct MergeArguments {
    /// Who will lead to the other.
    source: String,
    /// Who stays.
    target: String,
    #[command(flatten)]
    reason: Reason,
}

/// Arguments of `aval patient unmerge`.
#[derive(Debug, Args)]
pub struct UnmergeArguments {
    /// Who was merged into another.
    source: String,
    #[command(flatten)]
    reason: Reason,
}

/// Why, for the history.
#[derive(Debug, Args)]
struct Reason {
    /// Why, for the histories of both: nothing of an identity, nothing clinical.
    #[arg(long)]
    reason: String,
}

/// Arguments of `aval patient issues`.
#[derive(Debug, Args)]
pub struct IssuesArguments {
    /// Only of this kind.
    #[arg(long, value_enum)]
    kind: Option<Kind>,
}

/// Why somebody has to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// The same traits under two matricules.
    Duplicate,
    /// A matricule was claimed that another patient has.
    Collision,
    /// The identity is not qualified.
    Unqualified,
    /// A search takes them for the same, and they may be.
    Alike,
}

impl Session {
    pub(super) async fn merge_patients(&self, arguments: &MergeArguments) -> anyhow::Result<()> {
        let request = proto::MergePatientsRequest {
            source_patient_id: arguments.source.clone(),
            target_patient_id: arguments.target.clone(),
            reason: arguments.reason.reason.clone(),
            request_id: request_id(),
        };
        let operator = self.software("operator")?;
        let answer = operator.patients().merge_patients(request).await?;
        self.print_patient(answer.into_inner().patient)
    }

    pub(super) async fn unmerge_patients(
        &self,
        arguments: &UnmergeArguments,
    ) -> anyhow::Result<()> {
        let request = proto::UnmergePatientsRequest {
            source_patient_id: arguments.source.clone(),
            reason: arguments.reason.reason.clone(),
            request_id: request_id(),
        };
        let operator = self.software("operator")?;
        let answer = operator.patients().unmerge_patients(request).await?;
        let answer = answer.into_inner();
        let mut rows = Rows::new(columns_of_a_patient());
        for patient in [answer.source, answer.target].into_iter().flatten() {
            rows.push(row_of(&patient));
        }
        Ok(self.output.rows(&rows)?)
    }

    pub(super) async fn identity_issues(&self, arguments: &IssuesArguments) -> anyhow::Result<()> {
        let operator = self.software("operator")?;
        let mut rows = Rows::new(vec![
            ("kind", say("nature", "kind")),
            ("patient_ids", say("patients", "patients")),
            ("evidence", say("indices", "evidence")),
            ("found_at", say("depuis", "since")),
        ]);
        let mut page_token = String::new();
        loop {
            let request = proto::ListIdentityIssuesRequest {
                kind: arguments.kind.map_or(0, |kind| kind.to_proto().into()),
                page_size: PAGE,
                page_token,
            };
            let answer = operator.patients().list_identity_issues(request).await?;
            let answer = answer.into_inner();
            for issue in &answer.issues {
                rows.push(row_of_issue(issue));
            }
            page_token = answer.next_page_token;
            if page_token.is_empty() {
                return Ok(self.output.rows(&rows)?);
            }
        }
    }
}

impl Kind {
    const fn to_proto(self) -> proto::IdentityIssueKind {
        match self {
            Self::Duplicate => proto::IdentityIssueKind::Duplicate,
            Self::Collision => proto::IdentityIssueKind::Collision,
            Self::Unqualified => proto::IdentityIssueKind::Unqualified,
            Self::Alike => proto::IdentityIssueKind::Alike,
        }
    }
}

fn row_of_issue(issue: &proto::IdentityIssue) -> Vec<Value> {
    let kind = issue.kind().as_str_name();
    vec![
        json!(kind.trim_start_matches("IDENTITY_ISSUE_KIND_")),
        json!(issue.patient_ids),
        json!(issue.evidence),
        instant(issue.found_at.as_ref()),
    ]
}
