//! The patient's documents, and questions about them.

use aval_proto::common::v1 as common;
use aval_proto::consent::v1 as proto;

use crate::demo::scene::request_id;

/// Two reports, a prescription and an image; the author wrote the first.
pub(crate) const DOCUMENTS: [(&str, common::DocumentClass, &str); 4] = [
    (
        "cr-consultation-1",
        common::DocumentClass::Report,
        "11488-4",
    ),
    (
        "cr-hospitalisation-2",
        common::DocumentClass::Report,
        "34112-3",
    ),
    (
        "ordonnance-3",
        common::DocumentClass::Prescription,
        "57833-6",
    ),
    ("irm-4", common::DocumentClass::Imaging, "18748-4"),
];

/// The document that the patient masks.
pub(crate) const MASKED: &str = DOCUMENTS[0].0;

/// Asks to consult all of the patient's documents, as usual.
#[must_use]
pub(crate) fn consult_all(patient_id: &str, author_practitioner_id: &str) -> proto::AccessQuestion {
    let documents = DOCUMENTS
        .into_iter()
        .map(|(id, class, kind)| common::DocumentRef {
            document_id: id.to_owned(),
            document_class: class.into(),
            document_type: kind.to_owned(),
            author_practitioner_id: if id == MASKED {
                author_practitioner_id.to_owned()
            } else {
                String::new()
            },
            contributed_at: None,
        });
    proto::AccessQuestion {
        patient_id: patient_id.to_owned(),
        action: common::AccessAction::Consult.into(),
        mode: common::AccessMode::Normal.into(),
        documents: documents.collect(),
        emergency_reason: String::new(),
        purpose: "consultation".to_owned(),
    }
}

/// The same in an emergency.
#[must_use]
pub(crate) fn break_glass(question: proto::AccessQuestion, reason: &str) -> proto::AccessQuestion {
    proto::AccessQuestion {
        mode: common::AccessMode::BreakGlass.into(),
        emergency_reason: reason.to_owned(),
        ..question
    }
}

/// Asks for it with a trace.
#[must_use]
pub(crate) fn authorize(question: proto::AccessQuestion) -> proto::AuthorizeRequest {
    proto::AuthorizeRequest {
        question: Some(question),
        request_id: request_id(),
    }
}
