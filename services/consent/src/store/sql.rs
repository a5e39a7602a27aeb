//! The store in SQL, for SQLite and PostgreSQL.
//!
//! Every change of a patient's rules first locks the patient's row of `records` or
//! the row that it changes, so that changes of one patient queue and what a rule
//! was shown stays true. At most one grant to a grantee is `given` and one block
//! on them `standing`: unique indexes see to it.

mod access;
mod access_basis;
mod alias;
mod believed;
mod block;
mod canary;
mod candidate;
mod care_episode;
mod change_clock;
mod decision;
mod entity;
mod forget;
mod grant;
mod inbox;
mod matrix;
#[expect(
    elided_lifetimes_in_paths,
    reason = "MigrationTrait declares its methods without the lifetime, and async_trait wants the same"
)]
mod migration;
pub mod population;
mod record;
mod row;
mod visibility;
mod waiting_grant;

#[cfg(test)]
pub(crate) use access_basis::{entry_statement, statement as basis_statement};
pub(crate) use canary::PATIENT as CANARY_PATIENT;
pub use migration::Migrator;

use std::sync::Arc;

use aval_database::requests::{self, Claim};
use aval_database::{Database, DatabaseError, Transaction, outbox};
use aval_domain::event::Event;
use aval_domain::id::{BlockId, CareEpisodeId, DocumentId, GrantId, PatientId, PractitionerId};
use aval_domain::rpps::Rpps;
use aval_domain::time::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{
    Answer, BlockQuery, CandidateQuery, CareEpisodeQuery, CareEpisodesOf, Change, GrantQuery,
    LoadTrace, Rule, Store, VisibilityQuery, Write,
};
use access::KnownPairs;

use crate::access_basis::{AccessBasisSource, AccessQuery};
use crate::block::Block;
use crate::cache::{AccessKey, Authority, ChangeFence, Entry, News, Position, Shard};
use crate::care_episode::CareEpisode;
use crate::decision::AccessBasis;
use crate::error::Error;
use crate::grant::Grant;
use crate::grantee::Grantee;
use crate::policies::LoadedMatrix;
use crate::record::Record;
use crate::visibility::Visibility;

/// In a database.
#[derive(Debug, Clone)]
pub struct SqlStore {
    db: Database,
    fence: ChangeFence,
    known_pairs: KnownPairs,
}

impl SqlStore {
    /// In this database, of [`Migrator`]'s schema. Nobody answers from a cache of it.
    #[must_use]
    pub fn new(db: Database) -> Self {
        Self::with_fence(db, ChangeFence::none())
    }

    /// The same, whose changes return after the fence.
    #[must_use]
    pub fn with_fence(db: Database, fence: ChangeFence) -> Self {
        Self {
            db,
            fence,
            known_pairs: KnownPairs::none(),
        }
    }

    /// Gives the canary's right.
    pub async fn give_canary(
        &self,
        practitioner_id: PractitionerId,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.returned(canary::give(&self.db, practitioner_id, now))
            .await
    }

    /// Takes it back.
    pub async fn take_canary_back(&self, practitioner_id: PractitionerId) -> Result<(), Error> {
        self.returned(canary::take_back(&self.db, practitioner_id))
            .await
    }

    /// Forgets the changes that no poll asks for any more.
    pub async fn forget_changes(&self) -> Result<(), Error> {
        change_clock::forget(&self.db).await
    }

    /// Gives what a change gave, once no cache can tell otherwise.
    async fn returned<T>(
        &self,
        change: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let changed = change.await?;
        self.fence.pass().await;
        Ok(changed)
    }

    /// What time it is for what is lost for good, where this clock says `now`: that, or
    /// earlier if the database's own clock says so.
    pub async fn believed(&self, now: Timestamp) -> Result<Timestamp, Error> {
        believed::believed(&self.db, now).await
    }

    /// Forgets the requests and decisions answered before `horizon`, and says how
    /// many. A client that repeats one later does it a second time.
    pub async fn forget_before(&self, horizon: Timestamp) -> Result<u64, Error> {
        forget::forget_before(&self.db, horizon).await
    }
}

impl Store for SqlStore {
    fn record(&self, patient_id: PatientId) -> Answer<'_, Option<Record>> {
        Box::pin(record::find(&self.db, patient_id))
    }

    fn change_record<'a>(
        &'a self,
        write: &'a Write,
        patient_id: PatientId,
        rule: &'a Rule<'a, Option<Record>, Record>,
    ) -> Answer<'a, Record> {
        Box::pin(self.returned(record::change(&self.db, write, patient_id, rule)))
    }

    fn kept_answer<'a>(&'a self, write: &'a Write) -> Answer<'a, Option<String>> {
        Box::pin(async move {
            let kept = kept_answer(&self.db, write).await?;
            if kept.is_some() {
                // Whoever repeats a change may be answered before the first call is.
                self.fence.pass().await;
            }
            Ok(kept)
        })
    }

    fn trace_refused<'a>(&'a self, event: &'a Event) -> Answer<'a, ()> {
        Box::pin(trace_refused(&self.db, event))
    }

    fn create_grant<'a>(
        &'a self,
        write: &'a Write,
        grant: &'a Change<Grant>,
        by: &'a [Grantee],
    ) -> Answer<'a, Grant> {
        Box::pin(self.returned(grant::create(&self.db, write, grant, by)))
    }

    fn request_grant<'a>(
        &'a self,
        write: &'a Write,
        request: &'a Change<Grant>,
        by: &'a [Grantee],
    ) -> Answer<'a, Grant> {
        Box::pin(grant::request::store(&self.db, write, request, by))
    }

    fn approve_grant<'a>(
        &'a self,
        write: &'a Write,
        patient_id: PatientId,
        grant_id: GrantId,
        rule: &'a Rule<'a, Grant, Grant>,
    ) -> Answer<'a, Grant> {
        let approved = grant::request::approve(&self.db, write, patient_id, grant_id, rule);
        Box::pin(self.returned(approved))
    }

    fn change_grant<'a>(
        &'a self,
        write: &'a Write,
        patient_id: PatientId,
        grant_id: GrantId,
        rule: &'a Rule<'a, Grant, Grant>,
    ) -> Answer<'a, Grant> {
        Box::pin(self.returned(grant::change(&self.db, write, patient_id, grant_id, rule)))
    }

    fn change_given_grants<'a>(
        &'a self,
        write: &'a Write,
        patient_id: PatientId,
        rule: &'a Rule<'a, Grant, Grant>,
    ) -> Answer<'a, u32> {
        Box::pin(self.returned(grant::change_given(&self.db, write, patient_id, rule)))
    }

    fn waiting_numbers(
        &self,
        now: Timestamp,
        after: Option<Rpps>,
        limit: u64,
    ) -> Answer<'_, Vec<Rpps>> {
        Box::pin(waiting_grant::numbers(&self.db, now, after, limit))
    }

    fn settle_waiting_grants<'a>(
        &'a self,
        rpps: Rpps,
        give: &'a Rule<'a, Grant, Grant>,
        end: &'a Rule<'a, Grant, Grant>,
    ) -> Answer<'a, u32> {
        Box::pin(self.returned(waiting_grant::settle(&self.db, rpps, give, end)))
    }

    fn grant(&self, grant_id: GrantId) -> Answer<'_, Option<Grant>> {
        Box::pin(grant::find(&self.db, grant_id))
    }

    fn grants<'a>(&'a self, query: &'a GrantQuery) -> Answer<'a, Vec<Grant>> {
        Box::pin(grant::list(&self.db, query))
    }

    fn block_grantee<'a>(
        &'a self,
        write: &'a Write,
        patient_id: PatientId,
        grantee: Grantee,
        rule: &'a Rule<'a, Option<Block>, Block>,
    ) -> Answer<'a, Block> {
        let blocked = block::block_grantee(&self.db, write, patient_id, grantee, rule);
        Box::pin(self.returned(blocked))
    }

    fn change_block<'a>(
        &'a self,
        write: &'a Write,
        patient_id: PatientId,
        block_id: BlockId,
        rule: &'a Rule<'a, Block, Block>,
    ) -> Answer<'a, Block> {
        Box::pin(self.returned(block::change(&self.db, write, patient_id, block_id, rule)))
    }

    fn blocks<'a>(&'a self, query: &'a BlockQuery) -> Answer<'a, Vec<Block>> {
        Box::pin(block::list(&self.db, query))
    }

    fn open_care_episode<'a>(
        &'a self,
        write: &'a Write,
        episode: &'a Change<CareEpisode>,
        by: &'a [Grantee],
    ) -> Answer<'a, CareEpisode> {
        Box::pin(self.returned(care_episode::open(&self.db, write, episode, by)))
    }

    fn change_care_episode<'a>(
        &'a self,
        write: &'a Write,
        of: CareEpisodesOf,
        care_episode_id: CareEpisodeId,
        rule: &'a Rule<'a, CareEpisode, CareEpisode>,
    ) -> Answer<'a, CareEpisode> {
        let changed = care_episode::change(&self.db, write, of, care_episode_id, rule);
        Box::pin(self.returned(changed))
    }

    fn care_episodes<'a>(&'a self, query: &'a CareEpisodeQuery) -> Answer<'a, Vec<CareEpisode>> {
        Box::pin(care_episode::list(&self.db, query))
    }

    fn patient_identifiers(&self, id: PatientId) -> Answer<'_, Vec<PatientId>> {
        Box::pin(alias::identifiers(&self.db, id))
    }

    fn identifiers(&self, id: PractitionerId) -> Answer<'_, Vec<PractitionerId>> {
        Box::pin(alias::identifiers(&self.db, id))
    }

    fn candidates<'a>(&'a self, query: &'a CandidateQuery) -> Answer<'a, Vec<Grantee>> {
        Box::pin(candidate::list(&self.db, query))
    }

    fn change_visibility<'a>(
        &'a self,
        write: &'a Write,
        patient_id: PatientId,
        document_id: &'a DocumentId,
        rule: &'a Rule<'a, Vec<Visibility>, Visibility>,
    ) -> Answer<'a, Vec<Visibility>> {
        let changed = visibility::change(&self.db, write, patient_id, document_id, rule);
        Box::pin(self.returned(changed))
    }

    fn visibilities<'a>(&'a self, query: &'a VisibilityQuery) -> Answer<'a, Vec<Visibility>> {
        Box::pin(visibility::list(&self.db, query))
    }

    fn load_matrix<'a>(
        &'a self,
        write: &'a Write,
        matrix: &'a LoadedMatrix,
        trace: &'a LoadTrace<'a>,
    ) -> Answer<'a, LoadedMatrix> {
        Box::pin(self.returned(matrix::load(&self.db, write, matrix, trace)))
    }
}

impl AccessBasisSource for SqlStore {
    fn access_bases<'a>(
        &'a self,
        queries: &'a [AccessQuery<'a>],
    ) -> Answer<'a, Vec<Arc<AccessBasis>>> {
        Box::pin(access_basis::read(&self.db, queries))
    }
}

impl Authority for SqlStore {
    fn changes_since<'a>(&'a self, known: &'a [Position; Shard::COUNT]) -> Answer<'a, News> {
        Box::pin(change_clock::changes_since(&self.db, known))
    }

    fn entry<'a>(&'a self, key: &'a AccessKey) -> Answer<'a, Entry> {
        Box::pin(access_basis::entry(&self.db, key))
    }
}

/// Does the work of `write`, or gives the answer that it had the first time.
async fn once<T: Serialize + DeserializeOwned>(
    tx: &Transaction,
    write: &Write,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    if let Claim::Replay { result } = requests::claim(tx, &write.key, write.now).await? {
        let corrupt = |_| DatabaseError::corrupt("requests", "result", &write.key.request_id);
        return Ok(serde_json::from_str(&result).map_err(corrupt)?);
    }
    let answer = work.await?;
    let json = serde_json::to_string(&answer).expect("an answer is plain data");
    requests::complete(tx, &write.key, &json).await?;
    Ok(answer)
}

/// The answer that `write` had the first time. Where there was none its name is claimed, and
/// given up with the transaction.
async fn kept_answer(db: &Database, write: &Write) -> Result<Option<String>, Error> {
    let kept = db.transaction("consent.kept_answer", async |tx| {
        match requests::claim(&tx, &write.key, write.now).await? {
            Claim::Replay { result } => Ok(result),
            Claim::Fresh => Err(Error::NotFound),
        }
    });
    match kept.await {
        Ok(answer) => Ok(Some(answer)),
        Err(Error::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn trace_refused(db: &Database, event: &Event) -> Result<(), Error> {
    db.transaction("consent.trace_refused", async |tx| {
        outbox::append(&tx, event).await?;
        Ok(())
    })
    .await
}

impl From<sea_orm::DbErr> for Error {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Database(error.into())
    }
}
