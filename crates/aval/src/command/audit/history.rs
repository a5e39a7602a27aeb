//! Proofs that a history is whole, and files of it.

use std::io::Write as _;
use std::path::Path;

use anyhow::Context;
use aval_merkle_log::Hash;
use aval_merkle_log::history::{HistoryProof, LastPlace, VerifiedHistory};
use aval_merkle_log::leaf::LeafContent;
use aval_merkle_log::map::MapProof;
use aval_merkle_log::note::SignedNote;
use aval_proto::audit::v1 as proto;
use clap::ValueEnum;

use super::{read, write};
use crate::command::Session;
use crate::command::person::{PatientArguments, SignedIn};
use crate::language::say;
use crate::log_key;
use crate::output::Output;

/// In what form to export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportForm {
    /// FHIR R4 after IHE BALP, one resource a line.
    BalpNdjson,
    /// FHIR R4 after IHE BALP, one Bundle.
    BalpBundle,
    /// FHIR R4 after ANS `TdE`, one resource a line.
    TdeNdjson,
    /// FHIR R4 after ANS `TdE`, one Bundle.
    TdeBundle,
    /// Comma-separated values.
    Csv,
    /// The events with their receipts.
    Receipts,
}

impl From<ExportForm> for proto::ExportFormat {
    fn from(form: ExportForm) -> Self {
        match form {
            ExportForm::BalpNdjson => Self::FhirBalpNdjson,
            ExportForm::BalpBundle => Self::FhirBalpBundle,
            ExportForm::TdeNdjson => Self::FhirTdeNdjson,
            ExportForm::TdeBundle => Self::FhirTdeBundle,
            ExportForm::Csv => Self::Csv,
            ExportForm::Receipts => Self::Receipts,
        }
    }
}

impl Session {
    /// Saves a patient's history as a file.
    pub async fn audit_export(
        &self,
        file: &Path,
        form: ExportForm,
        who: &PatientArguments,
    ) -> anyhow::Result<()> {
        let patient = self.patient(who).await?;
        let request = patient.bearer.asks(proto::ExportEventsRequest {
            patient_id: patient.patient_id.clone(),
            filter: None,
            format: proto::ExportFormat::from(form).into(),
        });
        let mut trail = patient.software.trail();
        let mut pieces = trail.export_events(request).await?.into_inner();
        // Beside the file until it is whole: half an export must not look like one.
        let folder = file
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let unfinished = folder.unwrap_or(Path::new(".")).join(".aval-export");
        let mut writing = std::fs::File::create(&unfinished)
            .with_context(|| format!("cannot write {}", unfinished.display()))?;
        while let Some(piece) = pieces.message().await? {
            writing.write_all(&piece.data)?;
        }
        writing.sync_all()?;
        std::fs::rename(&unfinished, file)
            .with_context(|| format!("cannot write {}", file.display()))?;
        Ok(self.output.sentence(&say("enregistré", "saved"))?)
    }

    /// Saves what proves that a patient's history is whole.
    pub async fn audit_proof(&self, file: &Path, who: &PatientArguments) -> anyhow::Result<()> {
        let patient = self.patient(who).await?;
        let proof = whole_proof(&patient).await?;
        write(file, proof.format().as_bytes())?;
        Ok(self.output.sentence(&say("enregistré", "saved"))?)
    }
}

/// The proof with all leaves, however many answers they take.
async fn whole_proof(patient: &SignedIn) -> anyhow::Result<HistoryProof> {
    let mut leaves: Vec<LeafContent> = Vec::new();
    loop {
        let request = patient.bearer.asks(proto::GetPatientProofRequest {
            patient_id: patient.patient_id.clone(),
            from_sequence: leaves.len() as u64 + 1,
        });
        let mut transparency = patient.software.transparency();
        let answer = transparency.get_patient_proof(request).await?.into_inner();
        let more = answer.leaves.iter().map(|leaf| LeafContent::decode(leaf));
        let before = leaves.len();
        leaves.extend(more.collect::<Result<Vec<_>, _>>()?);
        if leaves.len() as u64 >= answer.event_count {
            return assembled(patient, leaves, &answer);
        }
        anyhow::ensure!(leaves.len() > before, "the service gives no more leaves");
    }
}

fn assembled(
    patient: &SignedIn,
    leaves: Vec<LeafContent>,
    answer: &proto::GetPatientProofResponse,
) -> anyhow::Result<HistoryProof> {
    let path = answer.last_inclusion_path.iter();
    let path: Result<Vec<Hash>, _> = path.map(|hash| Hash::try_from(hash.as_slice())).collect();
    let last = LastPlace {
        index: answer.last_log_index,
        path: path?,
    };
    let patient_id: aval_domain::id::PatientId = patient.patient_id.parse()?;
    Ok(HistoryProof {
        patient_id: *patient_id.as_uuid().as_bytes(),
        map_proof: MapProof::decode(&answer.map_proof)?,
        last: (!leaves.is_empty()).then_some(last),
        leaves,
        checkpoint: SignedNote::parse(answer.checkpoint.as_bytes())?,
    })
}

/// Checks offline that a history is whole and, against a proof that was kept before, that
/// it was only continued.
pub fn verify_history(
    proof: &Path,
    before: Option<&Path>,
    key: &Path,
    output: Output,
) -> anyhow::Result<()> {
    let policy = log_key::read(key)?;
    let open = |path: &Path| -> anyhow::Result<VerifiedHistory> {
        let proof = HistoryProof::parse(&read(path)?);
        let proof = proof.map_err(aval_merkle_log::receipt::ReceiptError::from)?;
        Ok(proof.verify(&policy)?)
    };
    let now = open(proof)?;
    if let Some(before) = before {
        let kept = open(before)?;
        anyhow::ensure!(
            kept.patient_id == now.patient_id,
            "the two proofs are of two patients"
        );
        now.require_continues(&kept.head())?;
    }
    let count = now.leaves.len();
    output.sentence(&say(
        format!("Vrai : {count} traces, et il n'en manque aucune."),
        format!("True: {count} events, and none is missing."),
    ))?;
    Ok(())
}
