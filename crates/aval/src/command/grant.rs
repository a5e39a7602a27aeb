//! `aval grant …`: giving and taking access.

mod request;

use std::time::Duration;

use aval_domain::time::{Clock, SystemClock};
use aval_proto::common::v1 as common;
use aval_proto::consent::v1 as proto;
use clap::{Args, Subcommand};
use serde_json::json;

use crate::demo::request_id;
use crate::language::say;
use crate::output::Rows;

use super::Session;
use super::classes::ClassArgument;
use super::directory::instant;
use super::person::PatientArguments;
use request::{
    ApproveArguments, DeclareArguments, DeclineArguments, RequestArguments, UpdateArguments,
};

/// What to do with grants.
#[derive(Debug, Subcommand)]
pub enum GrantCommand {
    /// Authorises a professional.
    Add(AddArguments),
    /// Asks a patient for access, as a professional.
    Request(RequestArguments),
    /// Says yes to a request.
    Approve(ApproveArguments),
    /// Says no to a request.
    Decline(DeclineArguments),
    /// Attests that the patient's consent was collected, as a professional.
    Declare(DeclareArguments),
    /// Changes the classes or the end of a grant.
    Update(UpdateArguments),
    /// Lists who may see the record.
    List {
        /// For whom.
        #[command(flatten)]
        who: PatientArguments,
    },
    /// Ends a grant at once.
    Revoke {
        /// Which.
        grant_id: String,
        /// For whom.
        #[command(flatten)]
        who: PatientArguments,
    },
}

/// Arguments of `aval grant add`.
#[derive(Debug, Args)]
pub struct AddArguments {
    /// To whom.
    practitioner_id: String,
    /// Which classes, by code; all when none is named.
    #[arg(long, value_delimiter = ',')]
    classes: Vec<ClassArgument>,
    /// For how many days; until revoked when not named.
    #[arg(long)]
    days: Option<u32>,
    /// For whom.
    #[command(flatten)]
    who: PatientArguments,
}

impl Session {
    /// Obeys a grant command.
    pub async fn grant(&self, command: &GrantCommand) -> anyhow::Result<()> {
        match command {
            GrantCommand::Add(arguments) => self.grant_add(arguments).await,
            GrantCommand::Request(arguments) => self.grant_request(arguments).await,
            GrantCommand::Approve(arguments) => self.grant_approve(arguments).await,
            GrantCommand::Decline(arguments) => self.grant_decline(arguments).await,
            GrantCommand::Declare(arguments) => self.grant_declare(arguments).await,
            GrantCommand::Update(arguments) => self.grant_update(arguments).await,
            GrantCommand::List { who } => self.grant_list(who).await,
            GrantCommand::Revoke { grant_id, who } => self.grant_revoke(grant_id, who).await,
        }
    }

    async fn grant_add(&self, arguments: &AddArguments) -> anyhow::Result<()> {
        let patient = self.patient(&arguments.who).await?;
        let request = patient.bearer.asks(proto::CreateGrantRequest {
            patient_id: patient.patient_id.clone(),
            grantee: Some(common::Grantee {
                grantee: Some(common::grantee::Grantee::PractitionerId(
                    arguments.practitioner_id.clone(),
                )),
            }),
            document_classes: classes(&arguments.classes),
            period: arguments.days.map(period),
            request_id: request_id(),
        });
        let answer = patient
            .software
            .grants()
            .create_grant(request)
            .await?
            .into_inner();
        self.show_grants(&[answer.grant.unwrap_or_default()])
    }

    async fn grant_list(&self, who: &PatientArguments) -> anyhow::Result<()> {
        let patient = self.patient(who).await?;
        let mut grants = Vec::new();
        let mut page_token = String::new();
        loop {
            let of = proto::list_grants_request::Of::PatientId(patient.patient_id.clone());
            let request = patient.bearer.asks(proto::ListGrantsRequest {
                of: Some(of),
                page_token,
                ..proto::ListGrantsRequest::default()
            });
            let page = patient
                .software
                .grants()
                .list_grants(request)
                .await?
                .into_inner();
            grants.extend(page.grants);
            if page.next_page_token.is_empty() {
                return self.show_grants(&grants);
            }
            page_token = page.next_page_token;
        }
    }

    async fn grant_revoke(&self, grant_id: &str, who: &PatientArguments) -> anyhow::Result<()> {
        let patient = self.patient(who).await?;
        let request = patient.bearer.asks(proto::RevokeGrantRequest {
            grant_id: grant_id.to_owned(),
            etag: String::new(),
            request_id: request_id(),
        });
        let answer = patient
            .software
            .grants()
            .revoke_grant(request)
            .await?
            .into_inner();
        self.show_grants(&[answer.grant.unwrap_or_default()])
    }

    fn show_grants(&self, grants: &[proto::Grant]) -> anyhow::Result<()> {
        let mut columns = vec![
            ("grant_id", say("autorisation", "grant")),
            ("grantee", say("à qui", "to whom")),
            ("classes", say("catégories", "classes")),
            ("until_at", say("jusqu'au", "until")),
            ("state", say("état", "state")),
            ("purpose", say("motif", "purpose")),
        ];
        // Lists tell it, answers to changes do not.
        let is_told = |grant: &proto::Grant| !authorization_word(grant).is_empty();
        let are_told = grants.iter().all(is_told);
        if are_told {
            columns.push(("authorization_status", say("statut", "status")));
        }
        let mut rows = Rows::new(columns);
        for grant in grants {
            let names = grant.document_classes().map(|class| {
                class
                    .as_str_name()
                    .trim_start_matches("DOCUMENT_CLASS_")
                    .to_lowercase()
            });
            let until = grant
                .period
                .as_ref()
                .and_then(|period| period.until_at.as_ref());
            let mut row = vec![
                json!(grant.grant_id),
                json!(grant.grantee.clone().map(|grantee| named(&grantee))),
                json!(names.collect::<Vec<_>>()),
                instant(until),
                json!(
                    grant
                        .state()
                        .as_str_name()
                        .trim_start_matches("GRANT_STATE_")
                ),
                json!(grant.purpose),
            ];
            if are_told {
                row.push(json!(authorization_word(grant)));
            }
            rows.push(row);
        }
        Ok(self.output.rows(&rows)?)
    }
}

/// The word by which users of the shared record know what it comes to; none where it is not
/// told.
fn authorization_word(grant: &proto::Grant) -> &'static str {
    status_word(grant.authorization_status())
}

/// The word by which users of the shared record know the status; none where it is not told.
pub(super) const fn status_word(status: proto::AuthorizationStatus) -> &'static str {
    use proto::AuthorizationStatus as Status;
    match status {
        Status::Unspecified => "",
        Status::Absent => "NON_EXISTE",
        Status::Forbidden => "INTERDIT",
        Status::Expired => "EXPIRE",
        Status::Valid => "VALIDE",
    }
}

/// The id or number by which a grantee is named.
pub(super) fn named(grantee: &common::Grantee) -> String {
    use common::grantee::Grantee;
    match &grantee.grantee {
        Some(Grantee::PractitionerId(id) | Grantee::OrganizationId(id)) => id.clone(),
        Some(Grantee::Rpps(number)) => format!("RPPS {number}"),
        None => String::new(),
    }
}

fn classes(named: &[ClassArgument]) -> Vec<i32> {
    if named.is_empty() {
        return (1..=11).collect();
    }
    named.iter().map(|class| class.to_proto()).collect()
}

fn period(days: u32) -> common::Period {
    let until = SystemClock
        .now()
        .saturating_add(Duration::from_hours(24) * days);
    common::Period {
        from_at: None,
        until_at: Some(prost_types::Timestamp {
            seconds: until.unix_seconds(),
            nanos: 0,
        }),
    }
}
