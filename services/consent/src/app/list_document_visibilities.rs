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
    /// The settings that hold in the patient's own record, without those that hide a
    /// document from whoever asks: they would tell that it exists.
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
            kinds: kinds_told_to(patient),
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

/// The kinds of which a patient, or who acts for them, may know.
pub(super) fn kinds_told_to(patient: &PatientActor) -> Vec<VisibilityKind> {
    let is_told = |kind: &VisibilityKind| match kind {
        VisibilityKind::HiddenFromPatient => false,
        VisibilityKind::HiddenFromRepresentatives => patient.representative.is_none(),
        VisibilityKind::Masked | VisibilityKind::HiddenFromOne | VisibilityKind::RevealedToOne => {
            true
        }
    };
    VisibilityKind::ALL.into_iter().filter(is_told).collect()
}
