//! `ExportEvents`: files that others can read and check, and who may.

use std::process::Command;

use aval_audit::export;
use aval_domain::access::{DenialReason, Effect};
use aval_domain::event::{Event, EventKind, Outcome};
use aval_domain::id::PatientId;
use aval_merkle_log::receipt::{Evidence, Receipt};
use aval_proto::audit::v1::{EventFilter, ExportEventsRequest, ExportFormat};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use tonic::{Code, Status};

use crate::deeds::access;
use crate::people::{Person, patient_id, practitioner_id};
use crate::stand::{Stand, fields, reason};

/// The Python that has what `requirements.txt` of the generated clients demands.
const PYTHON: &str = "AVAL_TEST_PYTHON";

const NOT_RUN: &str = "not run: the FHIR library (`cargo xtask test` prepares its Python)";

fn form(format: ExportFormat) -> ExportEventsRequest {
    ExportEventsRequest {
        format: format.into(),
        ..ExportEventsRequest::default()
    }
}

impl Stand {
    async fn export(
        &self,
        person: Person,
        request: ExportEventsRequest,
    ) -> Result<Vec<u8>, Status> {
        let request = self.request(request, "gateway", person);
        let answer = self.trail("gateway").export_events(request).await?;
        let (mut pieces, mut file) = (answer.into_inner(), Vec::new());
        while let Some(piece) = pieces.message().await? {
            assert!((1..=64 * 1024).contains(&piece.data.len()));
            file.extend(piece.data);
        }
        Ok(file)
    }

    pub(crate) async fn export_text(&self, patient: PatientId, format: ExportFormat) -> String {
        let file = self.export(Person::Patient(patient), form(format)).await;
        String::from_utf8(file.unwrap()).unwrap()
    }
}

/// Something of everything that happens to a record.
fn history(patient: PatientId) -> Vec<Event> {
    let mut events = Vec::new();
    // Erasures the log tells of itself.
    let erasures = [EventKind::TrailPruned, EventKind::TrailErased];
    let all = EventKind::ALL.iter().copied();
    for kind in all.filter(|kind| !erasures.contains(kind)) {
        for outcome in [Outcome::Success, Outcome::Refused] {
            let mut event = access(practitioner_id(), patient);
            (event.kind, event.outcome) = (kind, outcome);
            if kind != EventKind::AccessDecided {
                event.decision = None;
                event.documents.clear();
            } else if outcome == Outcome::Refused {
                let decision = event.decision.as_mut().unwrap();
                decision.effect = Effect::Deny;
                (decision.reason, decision.ground) = (Some(DenialReason::NoGrant), None);
                decision.ground_terms = None;
            }
            events.push(event);
        }
    }
    // More than is read at once.
    events.extend((0..150).map(|_| access(practitioner_id(), patient)));
    events
}

#[tokio::test]
async fn receipts_of_an_export_prove_every_event_in_the_order_of_the_log() {
    let stand = Stand::start().await;
    let (me, other) = (patient_id(), patient_id());
    let mut events = history(me);
    events.insert(7, access(practitioner_id(), other));
    stand.record(&events).await;
    let text = stand.export_text(me, ExportFormat::Receipts).await;
    let policy = stand.policy().await;
    let mine: Vec<&Event> = events.iter().filter(|e| e.patient_id == Some(me)).collect();
    assert_eq!(text.lines().count(), mine.len());
    for (line, event) in text.lines().zip(mine) {
        let line: Value = serde_json::from_str(line).unwrap();
        let canonical = line["canonical_event"].as_str().unwrap();
        let receipt = Receipt::parse(line["receipt"].as_str().unwrap().as_bytes()).unwrap();
        let evidence = Evidence::Event(canonical.as_bytes());
        assert!(receipt.verify(evidence, &policy).unwrap().event_verified);
        let told: Event = serde_json::from_str(canonical).unwrap();
        assert_eq!(&told, event);
    }
}

#[tokio::test]
async fn every_form_is_read_again_and_shows_what_its_evidence_proves() {
    let stand = Stand::start().await;
    let (me, doctor) = (patient_id(), practitioner_id());
    let mut events = history(me);
    events.push(access(doctor, me));
    stand.record(&events).await;
    let policy = stand.policy().await;
    let proved = |text: &str| -> Vec<Event> {
        let shown = export::read(text).unwrap().map(Result::unwrap);
        let event = |shown: export::Shown<'_>| {
            let evidence = Evidence::Event(shown.canonical.as_deref().unwrap());
            shown.receipt.verify(evidence, &policy).unwrap();
            shown.as_recorded().unwrap().unwrap()
        };
        shown.map(event).collect()
    };
    for format in [
        ExportFormat::FhirBalpNdjson,
        ExportFormat::FhirBalpBundle,
        ExportFormat::FhirTdeNdjson,
        ExportFormat::FhirTdeBundle,
        ExportFormat::Csv,
        ExportFormat::Receipts,
    ] {
        // The exports are traced behind the others.
        let shown = proved(&stand.export_text(me, format).await);
        assert_eq!(shown[..events.len()], events, "{format:?}");
    }
    // What is put into words for a professional is read as well.
    let file = stand.export(Person::Practitioner(doctor), form(ExportFormat::Csv));
    let file = String::from_utf8(file.await.unwrap()).unwrap();
    assert_eq!(proved(&file)[0], events[events.len() - 1]);
}

#[tokio::test]
async fn a_fhir_library_reads_every_rendering() {
    let Some(python) = std::env::var_os(PYTHON) else {
        assert!(
            std::env::var_os("CI").is_none_or(|ci| ci != "true"),
            "{NOT_RUN}"
        );
        eprintln!("{NOT_RUN}");
        return;
    };
    let stand = Stand::start().await;
    let me = patient_id();
    let events = history(me);
    stand.record(&events).await;
    let folder = tempfile::tempdir().unwrap();
    for (name, format) in [
        ("balp.ndjson", ExportFormat::FhirBalpNdjson),
        ("balp.json", ExportFormat::FhirBalpBundle),
        ("tde.ndjson", ExportFormat::FhirTdeNdjson),
        ("tde.json", ExportFormat::FhirTdeBundle),
    ] {
        // The first exports are events of the history as well; so all are narrowed alike.
        let request = ExportEventsRequest {
            filter: Some(EventFilter {
                until_at: Some(aval_runtime::convert::timestamp_to_proto(
                    events
                        .last()
                        .unwrap()
                        .occurred_at
                        .saturating_add(std::time::Duration::from_micros(1)),
                )),
                ..EventFilter::default()
            }),
            ..form(format)
        };
        let file = stand.export(Person::Patient(me), request).await.unwrap();
        std::fs::write(folder.path().join(name), file).unwrap();
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/read_exports.py");
    let output = Command::new(python).arg(script).arg(folder.path()).output();
    let output = output.unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaints}");
    let counts: Value = serde_json::from_slice(&output.stdout).unwrap();
    for rendering in ["balp", "tde"] {
        assert_eq!(counts[rendering], events.len());
    }
}

#[tokio::test]
async fn a_resource_carries_the_evidence_for_itself() {
    let stand = Stand::start().await;
    let me = patient_id();
    let event = access(practitioner_id(), me);
    stand.record(std::slice::from_ref(&event)).await;
    let policy = stand.policy().await;
    for format in [ExportFormat::FhirBalpNdjson, ExportFormat::FhirTdeNdjson] {
        let text = stand.export_text(me, format).await;
        let resource: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        assert_eq!(resource["id"], event.event_id.to_string());
        let extension = |place: usize| {
            let value = &resource["extension"][place]["valueBase64Binary"];
            STANDARD.decode(value.as_str().unwrap()).unwrap()
        };
        let receipt = Receipt::parse(&extension(1)).unwrap();
        let verified = receipt.verify(Evidence::Event(&extension(0)), &policy);
        assert!(verified.unwrap().event_verified);
    }
}

#[tokio::test]
async fn an_export_is_traced_whoever_asks() {
    let stand = Stand::start().await;
    let me = patient_id();
    stand.record(&[access(practitioner_id(), me)]).await;
    stand.export_text(me, ExportFormat::Csv).await;
    stand.until_the_log_has(2).await;
    let text = stand.export_text(me, ExportFormat::Receipts).await;
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    let told: Event = serde_json::from_str(last["canonical_event"].as_str().unwrap()).unwrap();
    assert_eq!(told.kind, EventKind::TrailExported);
    assert_eq!(told.after["format"], "csv");
}

#[tokio::test]
async fn an_empty_history_is_a_whole_file() {
    let stand = Stand::start().await;
    let me = patient_id();
    let csv = stand.export_text(me, ExportFormat::Csv).await;
    assert_eq!(csv.lines().count(), 1);
    stand.until_the_log_has(1).await;
    let bundle = stand
        .export_text(patient_id(), ExportFormat::FhirBalpBundle)
        .await;
    let bundle: Value = serde_json::from_str(&bundle).unwrap();
    assert_eq!(bundle["entry"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn a_form_that_is_none_is_refused_by_field() {
    let stand = Stand::start().await;
    let me = Person::Patient(patient_id());
    for format in [0, 7, -1, i32::MAX] {
        let request = ExportEventsRequest {
            format,
            ..ExportEventsRequest::default()
        };
        let status = stand.export(me, request).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(fields(&status), ["format"]);
    }
}

#[tokio::test]
async fn nobody_exports_somebody_else_s_history() {
    let stand = Stand::start().await;
    let request = ExportEventsRequest {
        patient_id: patient_id().to_string(),
        ..form(ExportFormat::Csv)
    };
    for person in [
        Person::Patient(patient_id()),
        Person::RepresentativeOf(patient_id()),
        Person::Practitioner(practitioner_id()),
    ] {
        let status = stand.export(person, request.clone()).await.unwrap_err();
        assert_eq!(status.code(), Code::PermissionDenied);
        assert_eq!(reason(&status), "ACTOR_NOT_ALLOWED");
    }
}
