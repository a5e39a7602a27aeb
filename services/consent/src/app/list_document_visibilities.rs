//! Which documents are hidden or shown.

use aval_domain::id::{DocumentId, MaskId, PatientId};
use aval_runtime::context::{PatientActor, RequestContext};

use super::{App, Page, PageRequest};
use crate::error::Error;
use crate::store::VisibilityQuery;
use crate::visibility::{Visibility, VisibilityKind};

/// Which settings are asked for.
#[derive(Debug, Clone)]
pub struct ListDocumentVisibilities {
    /// Whose record.
    pub patient_id: PatientId,
    /// Only on this document.
    pub document_id: Option<DocumentId>,
    /// Which page.
    pub page: PageRequest<MaskId>,
}

impl App {
    /// The settings that hold in the patient's own record, without any on a document that
    /// is hidden from whoever asks: a mask on it would tell that it exists.
    #[tracing::instrument(name = "consent.list_document_visibilities", skip_all)]
    pub async fn list_document_visibilities(
        &self,
        cx: &RequestContext,
        query: ListDocumentVisibilities,
    ) -> Result<Page<Visibility>, Error> {
        let patient = cx.patient_owning(query.patient_id)?;
        let rows = VisibilityQuery {
            patient_id: query.patient_id,
            document_id: query.document_id,
            leaving_out: kinds_hiding_from(patient),
            now: cx.now,
            after: query.page.after,
            limit: query.page.size.with_one_more(),
        };
        Ok(Page::of(
            self.store.visibilities(&rows).await?,
            query.page.size,
        ))
    }
}

/// The kinds that hide a document from a patient, or from who acts for them.
pub(super) fn kinds_hiding_from(patient: &PatientActor) -> Vec<VisibilityKind> {
    let hides = |kind: &VisibilityKind| match kind {
        VisibilityKind::HiddenFromPatient => true,
        VisibilityKind::HiddenFromRepresentatives => patient.representative.is_some(),
        VisibilityKind::Masked | VisibilityKind::HiddenFromOne | VisibilityKind::RevealedToOne => {
            false
        }
    };
    VisibilityKind::ALL.into_iter().filter(hides).collect()
}
