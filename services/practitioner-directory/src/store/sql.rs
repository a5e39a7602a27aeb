//! The store on SQLite and PostgreSQL.

mod apply;
mod changes;
mod decisions;
mod duplicates;
mod emptying;
mod entity;
mod founding;
mod freshness;
mod gathered;
mod imports;
mod kept;
mod known;
mod lookup;
mod mailboxes;
mod merges;
mod migration;
mod one_of;
mod organizations;
mod overrides;
mod page_token_key;
mod person_skills;
mod practitioners;
mod qualifications;
mod revision;
mod search;
mod staging;

#[cfg(test)]
pub(super) use gathered::gathering;
pub use migration::Migrator;

use std::path::PathBuf;
use std::sync::Arc;

use aval_database::{Database, DatabaseError, Transaction};
use aval_domain::id::{ImportId, OrganizationId, PractitionerId};
use aval_domain::time::Timestamp;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    Answer, BeginImport, Begun, DecideImport, FailImport, FinishImport, MergeEntries,
    OverridePlace, Reopened, Resolved, Sourced, Store,
};
use crate::change::{Change, ChangeKind, ChangePosition};
use crate::error::Error;
use crate::freshness::Freshness;
use crate::identifier::Identifier;
use crate::import::facts::FactKey;
use crate::import::known::Known;
use crate::import::staged::Batch;
use crate::import::{Import, QuarantinedRow};
use crate::lease::Lease;
use crate::merge::{DuplicateCandidate, DuplicatePosition};
use crate::organization::Organization;
use crate::page::{Page, PageOf};
use crate::practitioner::{Activity, Practitioner, PractitionerMatch};
use crate::search::{
    OrganizationPosition, OrganizationSearch, PractitionerPosition, PractitionerSearch,
};
use crate::source::Source;

/// The directory in a database.
#[derive(Debug, Clone)]
pub struct SqlStore {
    db: Database,
    indexed: Arc<search::Indexed>,
}

impl SqlStore {
    /// The directory in this database, whose schema is current.
    #[must_use]
    pub fn new(db: Database) -> Self {
        let indexed = Arc::new(search::Indexed::new(None));
        Self { db, indexed }
    }

    /// The same, which keeps a file of what searches show of people in this folder, and
    /// shows it while this lease holds.
    #[must_use]
    pub fn showing_from(db: Database, folder: PathBuf, lease: Arc<Lease>) -> Self {
        let shown = search::Shown::new(folder, lease);
        let indexed = Arc::new(search::Indexed::new(Some(shown)));
        Self { db, indexed }
    }

    /// The index as it followed the directory, and one of the directory as it is.
    #[cfg(test)]
    pub(super) async fn searchable(&self) -> Result<[crate::index::Searchable; 2], Error> {
        self.indexed.followed_and_anew(&self.db).await
    }

    /// Has people indexed anew: they were taken away in a way that is no revision.
    #[cfg(test)]
    pub(super) fn forget_index(&self) {
        self.indexed.forget();
    }

    /// What the file shows of everybody once it is filled, and at which revision that is.
    #[cfg(test)]
    pub(super) async fn recorded(&self) -> Result<Option<(u64, search::Recorded)>, Error> {
        self.indexed.recorded(&self.db).await
    }

    /// Damages the record of somebody in the file, or, without anybody, loses all of it.
    #[cfg(test)]
    pub(super) fn damage(&self, id: Option<PractitionerId>) {
        self.indexed.damage(id);
    }

    /// Keeps the index of the directory's revision until `shutdown`, and fills the file.
    pub async fn keep_indexed(self, shutdown: CancellationToken) {
        Arc::clone(&self.indexed).follow(&self.db, shutdown).await;
    }
}

impl Store for SqlStore {
    fn practitioners<'a>(
        &'a self,
        ids: &'a [PractitionerId],
    ) -> Answer<'a, Sourced<Vec<Option<Practitioner>>>> {
        // One statement sees one state: it needs no transaction.
        Box::pin(practitioners::by_ids(self.db.reader(), ids))
    }

    fn search_practitioners<'a>(
        &'a self,
        search: &'a PractitionerSearch,
    ) -> Answer<'a, Sourced<Page<PractitionerMatch, PractitionerPosition>>> {
        Box::pin(search::practitioners(&self.db, &self.indexed, search))
    }

    fn organization(&self, id: OrganizationId) -> Answer<'_, Sourced<Option<Organization>>> {
        Box::pin(self.read(
            "practitioner_directory.organization",
            move |tx| async move {
                let found = organizations::by_ids(&tx, [id.as_uuid()]).await?;
                Ok(found.into_values().next())
            },
        ))
    }

    fn search_organizations<'a>(
        &'a self,
        search: &'a OrganizationSearch,
    ) -> Answer<'a, Sourced<Page<Organization, OrganizationPosition>>> {
        Box::pin(self.read(
            "practitioner_directory.search_organizations",
            move |tx| async move { search::organizations(&tx, search).await },
        ))
    }

    fn resolve<'a>(&'a self, identifiers: &'a [Identifier]) -> Answer<'a, Sourced<Vec<Resolved>>> {
        Box::pin(
            self.db
                .snapshot("practitioner_directory.resolve", move |tx| async move {
                    lookup::by_numbers(&tx, identifiers).await
                }),
        )
    }

    fn page_token_key(&self, proposed: [u8; 32]) -> Answer<'_, [u8; 32]> {
        Box::pin(page_token_key::agree(&self.db, proposed))
    }

    fn freshness(&self) -> Answer<'_, Freshness> {
        Box::pin(freshness::of(&self.db))
    }

    fn changes_after(
        &self,
        position: ChangePosition,
        most: u64,
    ) -> Answer<'_, Vec<(ChangePosition, Change)>> {
        Box::pin(self.db.snapshot(
            "practitioner_directory.changes_after",
            move |tx| async move { changes::after(&tx, &ChangeKind::ALL, position, most).await },
        ))
    }

    fn merges_after(
        &self,
        position: ChangePosition,
        most: u64,
    ) -> Answer<'_, Vec<(ChangePosition, Change)>> {
        Box::pin(self.db.snapshot(
            "practitioner_directory.merges_after",
            move |tx| async move {
                changes::after(&tx, &[ChangeKind::Merge], position, most).await
            },
        ))
    }

    fn newest_revision(&self) -> Answer<'_, u64> {
        Box::pin(async { Ok(revision::newest(self.db.reader()).await?) })
    }

    fn commits(&self) -> watch::Receiver<u64> {
        self.db.commits()
    }

    fn merge_practitioners<'a>(&'a self, merge: &'a MergeEntries) -> Answer<'a, Practitioner> {
        Box::pin(merges::merge(&self.db, merge))
    }

    fn duplicates<'a>(
        &'a self,
        page: &'a PageOf<DuplicatePosition>,
    ) -> Answer<'a, Page<DuplicateCandidate, DuplicatePosition>> {
        Box::pin(duplicates::list(&self.db, page))
    }

    fn override_attachment<'a>(&'a self, place: &'a OverridePlace) -> Answer<'a, Activity> {
        Box::pin(overrides::put(&self.db, place))
    }

    fn begin_import<'a>(&'a self, begin: &'a BeginImport) -> Answer<'a, Begun> {
        Box::pin(imports::begin(&self.db, begin))
    }

    fn known(&self, source: Source) -> Answer<'_, Known> {
        Box::pin(known::load(&self.db, source))
    }

    fn rows_of<'a>(
        &'a self,
        source: Source,
        national_ids: &'a [String],
    ) -> Answer<'a, Vec<FactKey>> {
        Box::pin(known::rows_of(&self.db, source, national_ids))
    }

    fn found(&self, import_id: ImportId, now: Timestamp) -> Answer<'_, bool> {
        Box::pin(founding::begin(&self.db, import_id, now))
    }

    fn stage<'a>(
        &'a self,
        import_id: ImportId,
        batch: &'a Batch,
        now: Timestamp,
    ) -> Answer<'a, ()> {
        Box::pin(staging::stage(&self.db, import_id, batch, now))
    }

    fn stage_ended<'a>(
        &'a self,
        import_id: ImportId,
        rows: &'a [FactKey],
        now: Timestamp,
    ) -> Answer<'a, ()> {
        Box::pin(staging::stage_ended(&self.db, import_id, rows, now))
    }

    fn finish_import<'a>(&'a self, finish: &'a FinishImport) -> Answer<'a, Import> {
        Box::pin(apply::finish(&self.db, finish))
    }

    fn keep_part<'a>(
        &'a self,
        import_id: ImportId,
        number: u64,
        part: &'a [u8],
        now: Timestamp,
    ) -> Answer<'a, ()> {
        Box::pin(kept::keep(&self.db, import_id, number, part, now))
    }

    fn kept_part(&self, import_id: ImportId, number: u64) -> Answer<'_, Option<Vec<u8>>> {
        Box::pin(kept::part(&self.db, import_id, number))
    }

    fn reopen_import<'a>(&'a self, decide: &'a DecideImport) -> Answer<'a, Reopened> {
        Box::pin(decisions::reopen(&self.db, decide))
    }

    fn approve_import<'a>(&'a self, decide: &'a DecideImport) -> Answer<'a, Import> {
        Box::pin(decisions::approve(&self.db, decide))
    }

    fn reject_import<'a>(&'a self, decide: &'a DecideImport) -> Answer<'a, Import> {
        Box::pin(decisions::reject(&self.db, decide))
    }

    fn fail_import<'a>(&'a self, fail: &'a FailImport) -> Answer<'a, ()> {
        Box::pin(imports::fail(&self.db, fail))
    }

    fn import(&self, import_id: ImportId) -> Answer<'_, Option<Import>> {
        Box::pin(imports::by_id(&self.db, import_id))
    }

    fn imports<'a>(&'a self, page: &'a PageOf<ImportId>) -> Answer<'a, Page<Import, ImportId>> {
        Box::pin(imports::list(&self.db, page))
    }

    fn quarantined_rows<'a>(
        &'a self,
        import_id: ImportId,
        page: &'a PageOf<u64>,
    ) -> Answer<'a, Option<Page<QuarantinedRow, u64>>> {
        Box::pin(imports::quarantined_rows(&self.db, import_id, page))
    }
}

impl SqlStore {
    /// Reads one state of the directory, and the time of the source behind it.
    async fn read<T: Send, Work>(
        &self,
        name: &'static str,
        work: impl Fn(Transaction) -> Work + Sync,
    ) -> Result<Sourced<T>, Error>
    where
        Work: Future<Output = Result<T, Error>> + Send,
    {
        let work = &work;
        self.db
            .snapshot(name, move |tx| async move {
                let as_of = freshness::as_of(&tx).await?;
                let value = work(tx).await?;
                Ok(Sourced { value, as_of })
            })
            .await
    }
}

/// A count that a table holds.
fn count(table: &'static str, column: &'static str, number: i64) -> Result<u64, DatabaseError> {
    u64::try_from(number).map_err(|_| DatabaseError::corrupt(table, column, &number))
}

/// A count for a table.
fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
