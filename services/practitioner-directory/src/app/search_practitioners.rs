//! People by name, profession, speciality and place.

use aval_runtime::context::RequestContext;

use super::{App, read_directory};
use crate::error::Error;
use crate::page::Page;
use crate::practitioner::PractitionerMatch;
use crate::search::{PractitionerPosition, PractitionerSearch};
use crate::store::Sourced;

impl App {
    /// Finds those who may be meant, the most likely first. One human is one answer;
    /// homonyms are shown as homonyms.
    pub async fn search_practitioners(
        &self,
        cx: &RequestContext,
        search: &PractitionerSearch,
    ) -> Result<Sourced<Page<PractitionerMatch, PractitionerPosition>>, Error> {
        read_directory(cx)?;
        self.store.search_practitioners(search).await
    }
}
