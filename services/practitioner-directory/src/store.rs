//! What the directory keeps, and the promises that every backend keeps.
//!
//! Each change is one transaction. The methods that read see one state of the
//! directory, before an import or after it, never one in between.

pub mod sql;

#[cfg(test)]
mod conformance;

use std::fmt::Debug;

use aval_database::requests::RequestKey;
use aval_domain::event::Event;
use aval_domain::id::{ActivityId, ImportId, OrganizationId, PractitionerId};
use aval_domain::time::Timestamp;
use futures::future::BoxFuture;
use tokio::sync::watch;

use crate::change::{Change, ChangePosition};
use crate::error::Error;
use crate::freshness::Freshness;
use crate::identifier::Identifier;
use crate::import::facts::FactKey;
use crate::import::known::Known;
use crate::import::limits::{ImportLimits, Suspicion};
use crate::import::staged::Batch;
use crate::import::{Decided, Import, QuarantinedRow};
use crate::merge::{DuplicateCandidate, DuplicatePosition, Merge};
use crate::organization::Organization;
use crate::page::{Page, PageOf};
use crate::practitioner::{Activity, Practitioner, PractitionerMatch};
use crate::reason::Reason;
use crate::search::{
    OrganizationPosition, OrganizationSearch, PractitionerPosition, PractitionerSearch,
};
use crate::source::Source;

/// What a method of the store answers, later.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, Error>>;

/// The directory's memory.
pub trait Store: Send + Sync + Debug {
    /// Each of these practitioners, in the order asked: the human that the id leads to,
    /// or `None` if there is no such entry.
    fn practitioners<'a>(
        &'a self,
        ids: &'a [PractitionerId],
    ) -> Answer<'a, Sourced<Vec<Option<Practitioner>>>>;

    /// A page of those who are meant. Over all pages everybody who answers the
    /// question throughout is seen exactly once.
    fn search_practitioners<'a>(
        &'a self,
        search: &'a PractitionerSearch,
    ) -> Answer<'a, Sourced<Page<PractitionerMatch, PractitionerPosition>>>;

    /// A structure, if it exists.
    fn organization(&self, id: OrganizationId) -> Answer<'_, Sourced<Option<Organization>>>;

    /// A page of the structures that are meant and in which somebody practises.
    fn search_organizations<'a>(
        &'a self,
        search: &'a OrganizationSearch,
    ) -> Answer<'a, Sourced<Page<Organization, OrganizationPosition>>>;

    /// Everybody and everything known under one of these numbers, each once; not
    /// more than two, because two are too many.
    fn resolve<'a>(&'a self, identifiers: &'a [Identifier]) -> Answer<'a, Sourced<Vec<Resolved>>>;

    /// The key that seals page tokens: the proposed one, or the one that an instance
    /// proposed before. Every instance on this directory has the same.
    fn page_token_key(&self, proposed: [u8; 32]) -> Answer<'_, [u8; 32]>;

    /// How old the directory is, and how large.
    fn freshness(&self) -> Answer<'_, Freshness>;

    /// The first changes after a position, in order, at most so many. Every change that
    /// is committed is seen after every position that was answered before it: none is
    /// passed over. An entry that changed several times is seen once, as it is.
    fn changes_after(
        &self,
        position: ChangePosition,
        most: u64,
    ) -> Answer<'_, Vec<(ChangePosition, Change)>>;

    /// The same of merges alone, and of those that were taken back.
    fn merges_after(
        &self,
        position: ChangePosition,
        most: u64,
    ) -> Answer<'_, Vec<(ChangePosition, Change)>>;

    /// Which revision the directory is at: no change of a later one was ever seen.
    fn newest_revision(&self) -> Answer<'_, u64>;

    /// Ticks after each change that this process commits, so that whoever waits for
    /// changes looks at once. Other processes' changes do not tick.
    fn commits(&self) -> watch::Receiver<u64>;

    /// Declares two entries one human, or takes that back, with its trace. Answers the
    /// target as it is then; repeating the request answers it as it is by then.
    ///
    /// The source's numbers and practice situations are the target's from then on, also
    /// those that later imports bring, until the merge is taken back: then each entry
    /// has again what came in under its own numbers. The target is found under the names
    /// of both.
    ///
    /// Fails with [`Error::NotFound`], [`Error::SourceMerged`], [`Error::TargetMerged`]
    /// or [`Error::NotMerged`].
    fn merge_practitioners<'a>(&'a self, merge: &'a MergeEntries) -> Answer<'a, Practitioner>;

    /// A page of the pairs of active entries that are probably one human, the most
    /// likely first. No pair whose merge was taken back is among them.
    fn duplicates<'a>(
        &'a self,
        page: &'a PageOf<DuplicatePosition>,
    ) -> Answer<'a, Page<DuplicateCandidate, DuplicatePosition>>;

    /// Corrects where somebody practises, or takes a correction back, with its trace.
    /// Answers the practice situation as it is then; repeating the request answers it as
    /// it is by then.
    ///
    /// The correction holds through imports until the source names the corrected place
    /// and no longer the other one; then it ends by itself, the practice situation is
    /// still the same, and the import's report counts it.
    ///
    /// Fails with [`Error::NotFound`], [`Error::ActivityEnded`],
    /// [`Error::AttachmentAgreed`] or [`Error::AttachmentNotOverridden`].
    fn override_attachment<'a>(&'a self, place: &'a OverridePlace) -> Answer<'a, Activity>;

    /// The keys of the rows that the source says of people, who are named by their national
    /// identifiers. None of mailboxes, which end even if their row was put aside, and of
    /// establishments, which name nobody.
    fn rows_of<'a>(
        &'a self,
        source: Source,
        national_ids: &'a [String],
    ) -> Answer<'a, Vec<FactKey>>;

    /// Begins an import, or finds the one that this request already made.
    ///
    /// Imports that were not heard of since `begin.silent_since` are given up first, and so
    /// are those that were suspended before `begin.held_since`. A
    /// request whose import failed begins anew. Fails with
    /// [`Error::RequestIdReused`], or with [`Error::ImportRunning`] when this very
    /// request is still being received.
    fn begin_import<'a>(&'a self, begin: &'a BeginImport) -> Answer<'a, Begun>;

    /// What the directory holds, to compare a file of this source with.
    fn known(&self, source: Source) -> Answer<'_, Known>;

    /// Makes room for the first file of practice situations, beside a directory that is
    /// empty: `true` if it is to be staged as [`Founded`](crate::import::staged::Founded).
    /// The others are staged like any file.
    fn found(&self, import_id: ImportId, now: Timestamp) -> Answer<'_, bool>;

    /// Stages part of an import. Nothing of it is visible. Fails with
    /// [`Error::ImportAbandoned`] if the import is no longer being received.
    fn stage<'a>(&'a self, import_id: ImportId, batch: &'a Batch, now: Timestamp)
    -> Answer<'a, ()>;

    /// Stages the end of these rows, which the file no longer holds. As
    /// [`stage`](Self::stage).
    fn stage_ended<'a>(
        &'a self,
        import_id: ImportId,
        rows: &'a [FactKey],
        now: Timestamp,
    ) -> Answer<'a, ()>;

    /// Keeps the next part of an import's file, numbered from 0, until the import is
    /// applied, rejected or fails. As [`stage`](Self::stage).
    fn keep_part<'a>(
        &'a self,
        import_id: ImportId,
        number: u64,
        part: &'a [u8],
        now: Timestamp,
    ) -> Answer<'a, ()>;

    /// A part of an import's file; `None` after the last one, or if it is not kept.
    fn kept_part(&self, import_id: ImportId, number: u64) -> Answer<'_, Option<Vec<u8>>>;

    /// Applies what was staged, in one visible step, with its trace; or suspends it,
    /// with its trace, if the limits say so or it comes with a suspicion: then nothing
    /// of it is visible and the report says what it would do. Answers the import as it
    /// is then. Suspended imports stay when another one is applied: what they would
    /// change is no longer known, and is compared anew before they are.
    ///
    /// Of a source only the newest [`MOST_HELD`] suspended imports stay; the others end
    /// as failed.
    ///
    /// Fails with [`Error::DirectoryChanged`] if another import was applied since
    /// `finish.base`, and with [`Error::ImportAbandoned`].
    fn finish_import<'a>(&'a self, finish: &'a FinishImport) -> Answer<'a, Import>;

    /// Applies a suspended import in one visible step, whatever the limits say, with
    /// its trace and the decision. The report then says what it did. Repeating the
    /// request answers the import as it is.
    ///
    /// Fails with [`Error::NotFound`]; with [`Error::ImportNotSuspended`]; and with
    /// [`Error::DirectoryChanged`] if another import was applied since this one was
    /// compared with the directory: then [`reopen_import`](Self::reopen_import).
    fn approve_import<'a>(&'a self, decide: &'a DecideImport) -> Answer<'a, Import>;

    /// Takes a suspended import up again, to compare its kept file with the directory as
    /// it is now and to finish it with that decision. What it staged is dropped. If that
    /// does not come to its end, the import is suspended as before. Repeating the request
    /// answers the import as it is.
    ///
    /// Fails with [`Error::NotFound`]; with [`Error::ImportNotSuspended`]; and with
    /// [`Error::DirectoryChanged`] if its file is not kept.
    fn reopen_import<'a>(&'a self, decide: &'a DecideImport) -> Answer<'a, Reopened>;

    /// Ends a suspended import, with its trace and the decision; what it staged is
    /// dropped, and what it put aside stays. As [`approve_import`](Self::approve_import)
    /// otherwise.
    fn reject_import<'a>(&'a self, decide: &'a DecideImport) -> Answer<'a, Import>;

    /// Records that an import failed and drops what was kept for it; one that was taken up
    /// again is suspended as before instead. Without effect on one that is no longer being
    /// received.
    fn fail_import<'a>(&'a self, fail: &'a FailImport) -> Answer<'a, ()>;

    /// An import, if it exists.
    fn import(&self, import_id: ImportId) -> Answer<'_, Option<Import>>;

    /// A page of imports, the newest first.
    fn imports<'a>(&'a self, page: &'a PageOf<ImportId>) -> Answer<'a, Page<Import, ImportId>>;

    /// A page of an import's quarantined rows, by line; `None` if there is no such
    /// import.
    fn quarantined_rows<'a>(
        &'a self,
        import_id: ImportId,
        page: &'a PageOf<u64>,
    ) -> Answer<'a, Option<Page<QuarantinedRow, u64>>>;
}

/// How many suspended imports of one source are kept, with their files.
pub const MOST_HELD: u64 = 5;

/// An answer, and the time of the source behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sourced<T> {
    /// The answer.
    pub value: T,
    /// When the source generated what it rests on, if that is known.
    pub as_of: Option<Timestamp>,
}

/// Somebody or something known under a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// A person.
    Practitioner(Practitioner),
    /// A structure.
    Organization(Organization),
}

/// The beginning of an import.
#[derive(Debug, Clone)]
pub struct BeginImport {
    /// Its identifier, if it begins.
    pub import_id: ImportId,
    /// Which file it is.
    pub source: Source,
    /// Its name as it was sent.
    pub file_name: String,
    /// When the source generated the file, if its name says so.
    pub generated_at: Option<Timestamp>,
    /// The client's name for it.
    pub request: RequestKey,
    /// When.
    pub now: Timestamp,
    /// Imports not heard of since then are given up.
    pub silent_since: Timestamp,
    /// Imports suspended before then are given up.
    pub held_since: Timestamp,
}

/// What beginning an import found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// It is being received.
    Receiving {
        /// When the newest file ever applied from this source was generated.
        newest: Option<Timestamp>,
    },
    /// This request made this import before.
    Answered(Box<Import>),
}

/// What taking up a suspended import found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reopened {
    /// Its file is to be compared anew.
    Comparing(Box<Import>),
    /// This request decided before.
    Answered(Box<Import>),
}

/// The end of a file that was received and staged.
#[derive(Debug, Clone)]
pub struct FinishImport {
    /// Which import.
    pub import_id: ImportId,
    /// Which file it is.
    pub source: Source,
    /// The import that it was compared with.
    pub base: Option<ImportId>,
    /// Rows read.
    pub row_count: u64,
    /// Rows put aside.
    pub quarantined_count: u64,
    /// SHA-256 of the file, in hexadecimal.
    pub file_sha256: String,
    /// When it is suspended.
    pub limits: ImportLimits,
    /// What already speaks against the file.
    pub suspicions: Vec<Suspicion>,
    /// Who decided that it be applied unless the limits speak against it, if somebody did.
    pub decided: Option<Decided>,
    /// The call's event, from which the trace is made.
    pub event: Event,
    /// When.
    pub now: Timestamp,
}

/// A person's decision about a suspended import.
#[derive(Debug, Clone)]
pub struct DecideImport {
    /// Which import.
    pub import_id: ImportId,
    /// Who decided, and why.
    pub decided: Decided,
    /// The client's name for it.
    pub request: RequestKey,
    /// The call's event, from which the trace is made.
    pub event: Event,
    /// When.
    pub now: Timestamp,
}

/// A person's decision that two entries are one human, or two again.
#[derive(Debug, Clone)]
pub struct MergeEntries {
    /// Which entries, and which way.
    pub merge: Merge,
    /// Who decided.
    pub author: String,
    /// Why.
    pub reason: Reason,
    /// The client's name for it.
    pub request: RequestKey,
    /// The event that tells it.
    pub event: Event,
    /// When.
    pub now: Timestamp,
}

/// A person's correction of where somebody practises.
#[derive(Debug, Clone)]
pub struct OverridePlace {
    /// Which practice situation.
    pub activity_id: ActivityId,
    /// Where it really is; `None`: an earlier correction is taken back.
    pub organization_id: Option<OrganizationId>,
    /// Who corrects it.
    pub author: String,
    /// Why.
    pub reason: Reason,
    /// The client's name for it.
    pub request: RequestKey,
    /// The event that tells it, to which the places are added.
    pub event: Event,
    /// When.
    pub now: Timestamp,
}

/// The failure of an import.
#[derive(Debug, Clone)]
pub struct FailImport {
    /// Which import.
    pub import_id: ImportId,
    /// Why: a fixed sentence.
    pub reason: String,
    /// Rows read so far.
    pub row_count: u64,
    /// Rows put aside so far.
    pub quarantined_count: u64,
    /// When.
    pub now: Timestamp,
}
