//! `aval audit …`: receipts, and checking them without any service.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use aval_merkle_log::checkpoint::Policy;
use aval_merkle_log::note::SignedNote;
use aval_merkle_log::receipt::Receipt;
use aval_proto::audit::v1 as proto;
use clap::Subcommand;

use crate::language::say;
use crate::log_key::TrustArguments;

mod checking;
mod cosigning;
mod exported;
mod fsck;
mod history;
mod kept;
mod oversight;
mod shown;
mod since;
mod states;

pub use checking::{VerifyArguments, VerifyCheckpointArguments};
pub use cosigning::WitnessArguments;
pub(crate) use fsck::LogDamaged;
pub use fsck::fsck;
pub use history::{ExportForm, HistoryFiles, verify_history};
pub use oversight::{OpenArguments, SearchArguments, UnusualArguments};
pub(crate) use shown::{NotProved, Withheld};
pub use since::SinceArguments;
pub use states::SeenArguments;

use super::Session;
use super::person::PatientArguments;

/// What to do with the log.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Saves the newest signed checkpoint.
    Checkpoint {
        /// Into this file.
        file: PathBuf,
        /// Grown since when.
        #[command(flatten)]
        since: SinceArguments,
        /// Seen by whom.
        #[command(flatten)]
        witnesses: WitnessArguments,
    },
    /// Saves an event and its receipt.
    Receipt {
        /// Which event.
        event_id: String,
        /// Into this folder, as `<event>.json` and `<event>.receipt`.
        #[arg(long, default_value = ".")]
        folder: PathBuf,
        /// Grown since when.
        #[command(flatten)]
        since: SinceArguments,
        /// Seen by whom.
        #[command(flatten)]
        witnesses: WitnessArguments,
        /// For whom.
        #[command(flatten)]
        who: PatientArguments,
    },
    /// Saves a history as a file, each event with its receipt.
    Export {
        /// Into this file.
        file: PathBuf,
        /// In this form.
        #[arg(long, value_enum, default_value_t = ExportForm::Receipts)]
        form: ExportForm,
        /// Grown since when.
        #[command(flatten)]
        since: SinceArguments,
        /// For whom.
        #[command(flatten)]
        who: PatientArguments,
    },
    /// Saves what proves that a history is whole; beside it, as `<file>.<patient id>`, what
    /// proves it of each patient who was merged into this one.
    Proof {
        /// Into this file.
        file: PathBuf,
        /// Grown since when.
        #[command(flatten)]
        since: SinceArguments,
        /// Seen by whom.
        #[command(flatten)]
        witnesses: WitnessArguments,
        /// For whom.
        #[command(flatten)]
        who: PatientArguments,
    },
    /// Checks offline that a history is whole. Exit codes as of `verify`; 16: events are
    /// missing, or the proof of a merged patient; 17: they were changed or moved; 18: events
    /// kept before are gone; 24: one is said to be erased, and nothing in the log says so; 26:
    /// none is missing, and what some of them tell is withheld from whoever exported.
    VerifyHistory {
        /// The proof, as saved.
        proof: PathBuf,
        /// One that was saved before: the history must continue it.
        #[arg(long)]
        before: Option<PathBuf>,
        /// An export, in any form, that was saved after the proof: it must show every event
        /// that is proved, also of the patients who were merged into this one. What was
        /// erased or withheld is accounted for in the form `receipts` alone.
        #[arg(long)]
        export: Option<PathBuf>,
        /// What was seen before.
        #[command(flatten)]
        seen: SeenArguments,
        /// What is believed.
        #[command(flatten)]
        trust: TrustArguments,
    },
    /// Checks a receipt offline, or with `--export` a whole export in any form. 0: the event
    /// stands in the log as it is; 10: a file is not in its format; 11: the log did not sign;
    /// 12: another log; 13: not in the log; 14: the event was changed; 15: the receipt cannot
    /// speak of the event; 23: too few witnesses cosigned; 25: the export shows something
    /// else than its receipts prove. With `--checkpoint` 19, 20 and 21 besides. Of an export
    /// the code is that of the first event that is refuted.
    Verify(VerifyArguments),
    /// Checks a checkpoint offline: that the log signed it, and that it continues the one
    /// that was saved before. Exit codes as of `verify`.
    VerifyCheckpoint(VerifyCheckpointArguments),
    /// Looks for events across patients, as an auditor; traced. What is found names no
    /// patient: `open` does.
    Search(SearchArguments),
    /// Opens the history in which an event stands, as an auditor. The patient reads that it
    /// was opened, and why.
    Open(OpenArguments),
    /// Lists what is unusual among the accesses of a period, as an auditor; traced. The
    /// same period of the same log has the same list.
    Unusual(UnusualArguments),
    /// Erases what the trail tells of a patient under one identifier, and the key under which
    /// it was kept: for operators. What was erased, and why, stays in the patient's history.
    Erase {
        /// The patient's identifier.
        #[arg(long)]
        patient: String,
        /// Why, in words that the patient reads.
        #[arg(long)]
        ground: String,
    },
    /// Reads the whole log in its database and says what is not as it was signed: for
    /// operators, with the service running or not. 22: something is not.
    Fsck {
        /// The configuration of the audit service; by default the one that `aval up` wrote.
        #[arg(long)]
        config: Option<PathBuf>,
    },
}

impl Session {
    /// Saves a checkpoint.
    pub async fn audit_checkpoint(
        &self,
        file: &Path,
        since: &SinceArguments,
        witnesses: &WitnessArguments,
    ) -> anyhow::Result<()> {
        let since = since.read(|| self.trusted(witnesses))?;
        let portal = self.software("gateway")?;
        let request = proto::GetCheckpointRequest {};
        let answer = portal
            .transparency()
            .get_checkpoint(request)
            .await?
            .into_inner();
        let checkpoint = SignedNote::parse(answer.checkpoint.as_bytes())?;
        let checkpoint = witnesses.cosigned(checkpoint, &portal, self.output).await?;
        write(file, checkpoint.format().as_bytes())?;
        self.output.sentence(&say("enregistré", "saved"))?;
        if let Some(since) = since {
            since.save(&checkpoint, file, &portal, self.output).await?;
        }
        Ok(())
    }

    /// What is believed of checkpoints that were saved before: the policy whose witnesses are
    /// asked, or the key that `aval up` wrote.
    fn trusted(&self, witnesses: &WitnessArguments) -> anyhow::Result<Policy> {
        witnesses.trust(&self.stack.layout.log_verifier())
    }

    /// Erases what is told of a patient.
    pub async fn audit_erase(&self, patient: &str, ground: &str) -> anyhow::Result<()> {
        let mut retention = self.software("operator")?.retention();
        let request = proto::EraseEventsRequest {
            patient_id: patient.to_owned(),
            ground: ground.to_owned(),
        };
        let answer = retention.erase_events(request).await?.into_inner();
        let count = answer.erased_count;
        Ok(self.output.sentence(&say(
            format!("{count} traces effacées ; l'historique dit pourquoi."),
            format!("{count} events erased; the history says why."),
        ))?)
    }

    /// Saves an event and its receipt.
    pub async fn audit_receipt(
        &self,
        event_id: &str,
        folder: &Path,
        since: &SinceArguments,
        witnesses: &WitnessArguments,
        who: &PatientArguments,
    ) -> anyhow::Result<()> {
        let since = since.read(|| self.trusted(witnesses))?;
        let patient = self.patient(who).await?;
        let request = patient.bearer.asks(proto::GetEventRequest {
            event_id: event_id.to_owned(),
            include_receipt: true,
            patient_id: String::new(),
            witnessed: false,
        });
        let answer = patient
            .software
            .trail()
            .get_event(request)
            .await?
            .into_inner();
        let mut receipt = Receipt::parse(answer.receipt.as_bytes())?;
        let checkpoint = receipt.checkpoint;
        receipt.checkpoint = witnesses
            .cosigned(checkpoint, &patient.software, self.output)
            .await?;
        write(
            &folder.join(format!("{event_id}.json")),
            &answer.canonical_event,
        )?;
        let file = folder.join(format!("{event_id}.receipt"));
        write(&file, receipt.format().as_bytes())?;
        self.output.sentence(&say("enregistrés", "saved"))?;
        if let Some(since) = since {
            let note = &receipt.checkpoint;
            since
                .save(note, &file, &patient.software, self.output)
                .await?;
        }
        Ok(())
    }
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

fn write(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))
}
