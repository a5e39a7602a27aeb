//! `aval block …`: shutting somebody out.

use aval_proto::common::v1 as common;
use aval_proto::consent::v1 as proto;
use clap::Subcommand;
use serde_json::json;

use crate::demo::request_id;
use crate::language::say;
use crate::output::Rows;

use super::Session;
use super::directory::instant;
use super::grant::named;
use super::person::PatientArguments;

/// What to do with blocks.
#[derive(Debug, Subcommand)]
pub enum BlockCommand {
    /// Shuts a professional out.
    Add {
        /// Whom.
        practitioner_id: String,
        /// For whom.
        #[command(flatten)]
        who: PatientArguments,
    },
    /// Lifts a block.
    Remove {
        /// Which.
        block_id: String,
        /// For whom.
        #[command(flatten)]
        who: PatientArguments,
    },
    /// Lists who is shut out.
    List {
        /// For whom.
        #[command(flatten)]
        who: PatientArguments,
    },
}

impl Session {
    /// Obeys a block command.
    pub async fn block(&self, command: &BlockCommand) -> anyhow::Result<()> {
        let blocks = match command {
            BlockCommand::Add {
                practitioner_id,
                who,
            } => {
                vec![self.block_add(practitioner_id, who).await?]
            }
            BlockCommand::Remove { block_id, who } => {
                vec![self.block_remove(block_id, who).await?]
            }
            BlockCommand::List { who } => self.block_list(who).await?,
        };
        let mut rows = Rows::new(vec![
            ("block_id", say("blocage", "block")),
            ("grantee", say("qui", "whom")),
            ("created_at", say("depuis", "since")),
            ("removed_at", say("levé le", "lifted at")),
        ]);
        for block in &blocks {
            rows.push(vec![
                json!(block.block_id),
                json!(block.grantee.clone().map(|grantee| named(&grantee))),
                instant(block.created_at.as_ref()),
                instant(block.removed_at.as_ref()),
            ]);
        }
        Ok(self.output.rows(&rows)?)
    }

    async fn block_add(
        &self,
        practitioner_id: &str,
        who: &PatientArguments,
    ) -> anyhow::Result<proto::Block> {
        let patient = self.patient(who).await?;
        let grantee = common::grantee::Grantee::PractitionerId(practitioner_id.to_owned());
        let request = patient.bearer.asks(proto::BlockGranteeRequest {
            patient_id: patient.patient_id.clone(),
            grantee: Some(common::Grantee {
                grantee: Some(grantee),
            }),
            period: None,
            request_id: request_id(),
        });
        let answer = patient
            .software
            .grants()
            .block_grantee(request)
            .await?
            .into_inner();
        Ok(answer.block.unwrap_or_default())
    }

    async fn block_remove(
        &self,
        block_id: &str,
        who: &PatientArguments,
    ) -> anyhow::Result<proto::Block> {
        let patient = self.patient(who).await?;
        let request = patient.bearer.asks(proto::UnblockGranteeRequest {
            block_id: block_id.to_owned(),
            request_id: request_id(),
        });
        let answer = patient
            .software
            .grants()
            .unblock_grantee(request)
            .await?
            .into_inner();
        Ok(answer.block.unwrap_or_default())
    }

    async fn block_list(&self, who: &PatientArguments) -> anyhow::Result<Vec<proto::Block>> {
        let patient = self.patient(who).await?;
        let request = patient.bearer.asks(proto::ListBlocksRequest {
            patient_id: patient.patient_id.clone(),
            include_ended: false,
            page_size: 200,
            page_token: String::new(),
        });
        Ok(patient
            .software
            .grants()
            .list_blocks(request)
            .await?
            .into_inner()
            .blocks)
    }
}
