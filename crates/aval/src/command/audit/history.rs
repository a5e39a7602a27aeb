//! Proofs that a history is whole, and files of it.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context;
use aval_domain::id::PatientId;
use aval_merkle_log::Hash;
use aval_merkle_log::checkpoint::Policy;
use aval_merkle_log::history::{HistoryProof, LastPlace, VerifiedHistory};
use aval_merkle_log::leaf::LeafContent;
use aval_merkle_log::map::MapProof;
use aval_merkle_log::note::SignedNote;
use aval_merkle_log::receipt::ReceiptError;
use aval_proto::audit::v1 as proto;
use clap::ValueEnum;

use super::kept::Kept;
use super::shown::{NotProved, Shown, Withheld};
use super::states::States;
use super::{SeenArguments, SinceArguments, WitnessArguments, exported, read, write};
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
        since: &SinceArguments,
        who: &PatientArguments,
    ) -> anyhow::Result<()> {
        let since = since.read(|| log_key::read(&self.stack.layout.log_verifier()))?;
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
        self.output.sentence(&say("enregistré", "saved"))?;
        if let Some(since) = since {
            // All receipts of an export are of one state; without an event it has none.
            let export = read(file)?;
            if let Some(first) = exported::begin(&export)?.next() {
                let note = first?.receipt.checkpoint;
                let saving = since.save(&note, file, &patient.software, self.output);
                saving.await?;
            }
        }
        Ok(())
    }

    /// Saves what proves that a patient's history is whole: under their own identifier,
    /// and beside it under each that was merged into theirs.
    pub async fn audit_proof(
        &self,
        file: &Path,
        since: &SinceArguments,
        witnesses: &WitnessArguments,
        who: &PatientArguments,
    ) -> anyhow::Result<()> {
        let since = since.read(|| self.trusted(witnesses))?;
        let patient = self.patient(who).await?;
        let own: PatientId = patient.patient_id.parse()?;
        let (proof, patient_ids) = whole_proof(&patient, own).await?;
        let mut proofs = vec![(file.to_owned(), proof)];
        for other in patient_ids {
            let other: PatientId = other.parse()?;
            if other != own {
                let (proof, _) = whole_proof(&patient, other).await?;
                proofs.push((beside(file, other), proof));
            }
        }
        let software = &patient.software;
        for (file, proof) in &mut proofs {
            let checkpoint = proof.checkpoint.clone();
            let cosigned = witnesses.cosigned(checkpoint, software, self.output);
            proof.checkpoint = cosigned.await?;
            write(file, proof.format().as_bytes())?;
        }
        self.output.sentence(&say("enregistré", "saved"))?;
        if let Some(since) = since {
            for (file, proof) in &proofs {
                let saving = since.save(&proof.checkpoint, file, software, self.output);
                saving.await?;
            }
        }
        Ok(())
    }
}

/// Where the proof of another identifier stands: `<file>.<patient id>`.
fn beside(file: &Path, patient_id: PatientId) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(format!(".{patient_id}"));
    name.into()
}

/// The proof with all leaves, however many answers they take; and all identifiers of the
/// patient, as the service says.
async fn whole_proof(
    patient: &SignedIn,
    patient_id: PatientId,
) -> anyhow::Result<(HistoryProof, Vec<String>)> {
    let mut leaves: Vec<LeafContent> = Vec::new();
    loop {
        let request = patient.bearer.asks(proto::GetPatientProofRequest {
            patient_id: patient_id.to_string(),
            from_sequence: leaves.len() as u64 + 1,
        });
        let mut transparency = patient.software.transparency();
        let answer = transparency.get_patient_proof(request).await?.into_inner();
        let more = answer.leaves.iter().map(|leaf| LeafContent::decode(leaf));
        let before = leaves.len();
        leaves.extend(more.collect::<Result<Vec<_>, _>>()?);
        if leaves.len() as u64 >= answer.event_count {
            return Ok((assembled(patient_id, leaves, &answer)?, answer.patient_ids));
        }
        anyhow::ensure!(leaves.len() > before, "the service gives no more leaves");
    }
}

fn assembled(
    patient_id: PatientId,
    leaves: Vec<LeafContent>,
    answer: &proto::GetPatientProofResponse,
) -> anyhow::Result<HistoryProof> {
    let path = answer.last_inclusion_path.iter();
    let path: Result<Vec<Hash>, _> = path.map(|hash| Hash::try_from(hash.as_slice())).collect();
    let last = LastPlace {
        index: answer.last_log_index,
        path: path?,
    };
    Ok(HistoryProof {
        patient_id: *patient_id.as_uuid().as_bytes(),
        map_proof: MapProof::decode(&answer.map_proof)?,
        last: (!leaves.is_empty()).then_some(last),
        leaves,
        checkpoint: SignedNote::parse(answer.checkpoint.as_bytes())?,
    })
}

/// Files that are to be checked.
#[derive(Debug, Clone, Copy)]
pub struct HistoryFiles<'a> {
    /// The proof; those of merged identifiers are beside it.
    pub proof: &'a Path,
    /// One that was saved before: the history must continue it.
    pub before: Option<&'a Path>,
    /// The events with their receipts, saved after the proof: it must show all of them.
    pub export: Option<&'a Path>,
}

/// Histories that are being checked.
struct Checking<'a> {
    files: HistoryFiles<'a>,
    states: States,
    kept: Kept,
    policy: &'a Policy,
}

/// Checks offline that a history is whole; against what was kept before, that it was only
/// continued; and of an export, that it shows everything, under every identifier.
pub fn verify_history(
    files: HistoryFiles<'_>,
    seen: &SeenArguments,
    policy: &Policy,
    output: Output,
) -> anyhow::Result<()> {
    let mut checking = Checking {
        files,
        states: seen.read(policy)?,
        kept: seen.events(policy)?,
        policy,
    };
    let now = open(files.proof, policy)?;
    checking.require_continued(&now, files.before)?;
    let mut count = now.leaves.len();
    let Some(export) = files.export else {
        output.sentence(&say(
            format!("Vrai : {count} traces sous cet identifiant, et il n'en manque aucune."),
            format!("True: {count} events under this identifier, and none is missing."),
        ))?;
        return checking.states.conclude(output);
    };
    let shown = Shown::read(&read(export)?, &mut checking.states, policy)?;
    let mut seen = BTreeSet::from([now.patient_id]);
    let mut due = vec![now];
    while let Some(history) = due.pop() {
        for other in shown.require_all_of(&history)? {
            if seen.insert(*other.as_uuid().as_bytes()) {
                let merged = checking.merged(other)?;
                count += merged.leaves.len();
                due.push(merged);
            }
        }
    }
    let identifiers = seen.len();
    let withheld = shown.withheld();
    if withheld > 0 {
        checking.states.conclude(output)?;
        return Err(Withheld(withheld).into());
    }
    output.sentence(&say(
        format!("Vrai : {count} traces sous {identifiers} identifiant(s), toutes montrées."),
        format!("True: {count} events under {identifiers} identifier(s), and all are shown."),
    ))?;
    checking.states.conclude(output)
}

impl Checking<'_> {
    /// The history of a patient who was merged into the one whose files these are.
    fn merged(&mut self, patient_id: PatientId) -> anyhow::Result<VerifiedHistory> {
        let proof = beside(self.files.proof, patient_id);
        if !proof.exists() {
            return Err(NotProved(patient_id).into());
        }
        let history = open(&proof, self.policy)?;
        anyhow::ensure!(
            history.patient_id == *patient_id.as_uuid().as_bytes(),
            "{} is the proof of another patient",
            proof.display()
        );
        let before = self.files.before.map(|before| beside(before, patient_id));
        let before = before.filter(|before| before.exists());
        self.require_continued(&history, before.as_deref())?;
        Ok(history)
    }

    /// Makes sure that a history is of a log that continues what was kept, and shows what is
    /// known of it: from what was seen before, and from the earlier proof in this file.
    fn require_continued(
        &mut self,
        now: &VerifiedHistory,
        before: Option<&Path>,
    ) -> anyhow::Result<()> {
        self.states.take(&now.checkpoint)?;
        self.kept.require_in(now)?;
        let Some(before) = before else {
            return Ok(());
        };
        let earlier = open(before, self.policy)?;
        anyhow::ensure!(
            earlier.patient_id == now.patient_id,
            "the two proofs are of two patients"
        );
        now.require_continues(&earlier.head())?;
        let states = &mut self.states;
        Ok(states.take_earlier(&earlier.checkpoint, &now.checkpoint)?)
    }
}

fn open(proof: &Path, policy: &Policy) -> anyhow::Result<VerifiedHistory> {
    let proof = HistoryProof::parse(&read(proof)?).map_err(ReceiptError::from)?;
    Ok(proof.verify(policy)?)
}
