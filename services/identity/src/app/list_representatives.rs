//! Lists who may act for a patient, or for whom a person may act.

use aval_domain::id::{PatientId, RepresentationId};
use aval_domain::page::PageSize;
use aval_runtime::context::{Denied, RequestContext};
use uuid::Uuid;

use super::permission::read_patient;
use super::{App, keep_patients};
use crate::error::Error;
use crate::representation::Representation;
use crate::store::{RepresentationQuery, Represents};

/// What is asked for.
#[derive(Debug, Clone)]
pub struct ListRepresentatives {
    /// Whose.
    pub of: Represents,
    /// How many at most.
    pub page_size: PageSize,
    /// From the previous page; empty: the first.
    pub page_token: String,
}

/// A page of representations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepresentationsPage {
    /// The newest first.
    pub representations: Vec<Representation>,
    /// For the next page; empty: this was the last.
    pub next_page_token: String,
}

impl App {
    /// A page of the representations that hold, the newest first.
    pub async fn list_representatives(
        &self,
        cx: &RequestContext,
        command: &ListRepresentatives,
    ) -> Result<RepresentationsPage, Error> {
        let filter = match command.of {
            Represents::Patient(patient_id) => {
                read_patient(cx, patient_id)?;
                filter(0, patient_id)
            }
            Represents::Representative(patient_id) => {
                is_themselves(cx, patient_id)?;
                filter(1, patient_id)
            }
        };
        let before = self.opened_position(cx, &filter, &command.page_token)?;
        let query = RepresentationQuery {
            of: command.of,
            now: cx.now,
            before: before.map(RepresentationId::from_uuid),
            limit: command.page_size.with_one_more(),
        };
        let mut representations = self.store.representations(&query).await?;
        let has_more = representations.len() > command.page_size.get();
        representations.truncate(command.page_size.get());
        let last = representations.last().filter(|_| has_more);
        let next_page_token = last.map(|last| {
            let position = last.representation_id.as_uuid();
            self.page_tokens()
                .seal(&filter, position.as_bytes(), cx.now)
        });
        Ok(RepresentationsPage {
            next_page_token: next_page_token.unwrap_or_default(),
            representations,
        })
    }

    /// Where a page begins; `None` is the beginning.
    pub(super) fn opened_position(
        &self,
        cx: &RequestContext,
        filter: &[u8],
        page_token: &str,
    ) -> Result<Option<Uuid>, Error> {
        if page_token.is_empty() {
            return Ok(None);
        }
        let position = self.page_tokens().open(page_token, filter, cx.now);
        let position = position.map_err(|_| Error::PageTokenInvalid)?;
        let position = Uuid::from_slice(&position).map_err(|_| Error::PageTokenInvalid)?;
        Ok(Some(position))
    }
}

/// For whom else a person may act is theirs alone to see, in person, and the platform's
/// own services'.
fn is_themselves(cx: &RequestContext, patient_id: PatientId) -> Result<(), Denied> {
    match cx.actor {
        Some(_) => cx.patient_owning(patient_id)?.in_person().map(|_| ()),
        None => keep_patients(cx).map(|_| ()),
    }
}

fn filter(direction: u8, patient_id: PatientId) -> Vec<u8> {
    let mut filter = b"representations".to_vec();
    filter.push(direction);
    filter.extend_from_slice(patient_id.as_uuid().as_bytes());
    filter
}
