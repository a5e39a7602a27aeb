//! Identity's memory in SQL, for SQLite and PostgreSQL.
//!
//! `patients` holds the encrypted identity, and digests by which it is found and searched
//! for, with the names of the keys of either; that no two patients have one matricule is a constraint, and
//! while two digest keys are in use a matter of serializable transactions. `identity_issues` waits
//! for a person, `former_matricules` holds the waiting numbers that a NIR replaced.
//! `sessions` has one row a sign-in, `representations` one a right to act for a patient;
//! `logout_tokens` are those of the providers that came and could come again;
//! `directory_cursor` says up to where the directory was followed. `requests` and `outbox`
//! are those of every service.

mod close_session;
mod directory_cursor;
mod entity;
mod identity_issue;
mod keys;
mod likeness;
mod logout;
mod merges;
#[expect(
    elided_lifetimes_in_paths,
    reason = "MigrationTrait declares its methods without the lifetime, and async_trait wants the same"
)]
mod migration;
mod patient;
pub mod population;
mod register_patient;
mod rekey;
mod representation;
mod session;
mod update_identity;

use std::collections::HashSet;

use aval_database::requests::RequestKey;
use aval_database::{Database, outbox};
use aval_domain::event::Event;
use aval_domain::id::{PatientId, RepresentationId, SessionId};
use aval_domain::time::Timestamp;
use uuid::Uuid;

use super::{
    Added, Alike, AllClosed, Answer, CloseSessions, FormerMatricule, IdentityUpdate, IssueQuery,
    Joined, Joining, Judge, KeyCounts, KeysInUse, Likened, LoggedOut, Logout, NewRepresentation,
    OpenSessions, Opened, Opening, OtherKeys, Refresh, Refreshed, Registered, Registration,
    Rekeyed, Removal, Removed, RepresentationQuery, SealedPatient, SessionQuery, Store, Updated,
};
use crate::error::Error;
use crate::identity_issue::IdentityIssue;
use crate::merge::{MergeChange, MergeCursor};
use crate::patient_keys::KeyedDigest;
use crate::representation::Representation;
use crate::session::Session;

pub use migration::Migrator;

/// Identity's memory in a database.
#[derive(Debug, Clone)]
pub struct SqlStore {
    db: Database,
}

impl SqlStore {
    /// The memory in this database, whose schema is [`Migrator`]'s.
    #[must_use]
    pub const fn new(db: Database) -> Self {
        Self { db }
    }
}

impl Store for SqlStore {
    fn register_patient<'a>(
        &'a self,
        registration: &'a Registration,
        judge: Judge<'a>,
    ) -> Answer<'a, Registered> {
        Box::pin(register_patient::register_patient(
            &self.db,
            registration,
            judge,
        ))
    }

    fn patient(&self, patient_id: PatientId) -> Answer<'_, Option<SealedPatient>> {
        Box::pin(patient::by_id(self.db.reader(), patient_id))
    }

    fn patient_by_ins<'a>(
        &'a self,
        digests: &'a [KeyedDigest],
    ) -> Answer<'a, Option<SealedPatient>> {
        Box::pin(patient::by_ins(self.db.reader(), digests))
    }

    fn patients_by_traits<'a>(
        &'a self,
        digests: &'a [KeyedDigest],
    ) -> Answer<'a, Vec<SealedPatient>> {
        Box::pin(patient::by_traits(self.db.reader(), digests))
    }

    fn patients_alike<'a>(&'a self, digests: &'a [KeyedDigest], unknown: u64) -> Answer<'a, Alike> {
        Box::pin(likeness::alike(&self.db, digests, unknown))
    }

    fn patients_without_likeness(
        &self,
        after: Option<PatientId>,
        limit: u64,
    ) -> Answer<'_, Vec<SealedPatient>> {
        Box::pin(likeness::patients_without(self.db.reader(), after, limit))
    }

    fn keep_likenesses<'a>(&'a self, likened: &'a [Likened]) -> Answer<'a, u64> {
        Box::pin(likeness::keep(&self.db, likened))
    }

    fn open_session<'a>(&'a self, opening: &'a Opening<'a>) -> Answer<'a, Opened> {
        Box::pin(session::open(&self.db, opening))
    }

    fn session(&self, session_id: SessionId) -> Answer<'_, Option<Session>> {
        Box::pin(session::by_id(&self.db, session_id))
    }

    fn signed_in<'a>(&'a self, people: &'a [Uuid], now: Timestamp) -> Answer<'a, HashSet<Uuid>> {
        Box::pin(session::signed_in(&self.db, people, now))
    }

    fn sessions<'a>(&'a self, query: &'a SessionQuery) -> Answer<'a, Vec<Session>> {
        Box::pin(session::list(&self.db, query))
    }

    fn refresh_session<'a>(&'a self, refresh: &'a Refresh<'a>) -> Answer<'a, Refreshed> {
        Box::pin(close_session::refresh(&self.db, refresh))
    }

    fn close_session<'a>(
        &'a self,
        session_id: SessionId,
        closing: &'a CloseSessions<'a>,
    ) -> Answer<'a, Option<Session>> {
        Box::pin(close_session::close_one(&self.db, session_id, closing))
    }

    fn close_all_sessions<'a>(
        &'a self,
        request: &'a RequestKey,
        closing: &'a CloseSessions<'a>,
    ) -> Answer<'a, AllClosed> {
        Box::pin(close_session::close_all(&self.db, request, closing))
    }

    fn log_out<'a>(&'a self, logout: &'a Logout<'a>) -> Answer<'a, LoggedOut> {
        Box::pin(logout::log_out(&self.db, logout))
    }

    fn directory_cursor(&self) -> Answer<'_, Option<String>> {
        Box::pin(directory_cursor::read(&self.db))
    }

    fn keep_directory_cursor<'a>(&'a self, cursor: Option<&'a str>) -> Answer<'a, ()> {
        Box::pin(directory_cursor::keep(&self.db, cursor))
    }

    fn sessions_closed_since(&self, since: Timestamp) -> Answer<'_, Vec<SessionId>> {
        Box::pin(session::closed_since(&self.db, since))
    }

    fn open_certificates(&self, person: Uuid, now: Timestamp) -> Answer<'_, usize> {
        Box::pin(session::open_certificates(&self.db, person, now))
    }

    fn open_sessions(&self, now: Timestamp) -> Answer<'_, OpenSessions> {
        Box::pin(session::count_open(&self.db, now))
    }

    fn update_identity<'a>(&'a self, update: &'a IdentityUpdate<'a>) -> Answer<'a, Updated> {
        Box::pin(update_identity::update(&self.db, update))
    }

    fn join_patients<'a>(&'a self, joining: &'a Joining<'a>) -> Answer<'a, Joined> {
        Box::pin(update_identity::join(&self.db, joining))
    }

    fn merges_after(
        &self,
        cursor: MergeCursor,
        limit: u64,
    ) -> Answer<'_, Option<Vec<MergeChange>>> {
        Box::pin(merges::after(&self.db, cursor, limit))
    }

    fn identity_issues<'a>(&'a self, query: &'a IssueQuery) -> Answer<'a, Vec<IdentityIssue>> {
        Box::pin(identity_issue::list(&self.db, query))
    }

    fn add_representation<'a>(&'a self, new: &'a NewRepresentation) -> Answer<'a, Added> {
        Box::pin(representation::add(&self.db, new))
    }

    fn representation(&self, id: RepresentationId) -> Answer<'_, Option<Representation>> {
        Box::pin(async move { Ok(representation::by_id(self.db.reader(), id).await?) })
    }

    fn representation_between(
        &self,
        patient_id: PatientId,
        representative: PatientId,
        now: Timestamp,
    ) -> Answer<'_, Option<Representation>> {
        let db = self.db.reader();
        Box::pin(
            async move { Ok(representation::between(db, patient_id, representative, now).await?) },
        )
    }

    fn representations<'a>(
        &'a self,
        query: &'a RepresentationQuery,
    ) -> Answer<'a, Vec<Representation>> {
        Box::pin(representation::list(&self.db, query))
    }

    fn remove_representation<'a>(
        &'a self,
        removal: &'a Removal<'a>,
    ) -> Answer<'a, Option<Removed>> {
        Box::pin(representation::remove(&self.db, removal))
    }

    fn keys_in_use(&self) -> Answer<'_, KeysInUse> {
        Box::pin(keys::in_use(self.db.reader()))
    }

    fn count_by_key(&self) -> Answer<'_, KeyCounts> {
        Box::pin(keys::count(&self.db))
    }

    fn patient_under_digest_key<'a>(
        &'a self,
        key_id: &'a str,
    ) -> Answer<'a, Option<SealedPatient>> {
        Box::pin(keys::patient_under(self.db.reader(), key_id))
    }

    fn patients_under_other_keys<'a>(
        &'a self,
        query: &'a OtherKeys<'a, PatientId>,
    ) -> Answer<'a, Vec<SealedPatient>> {
        Box::pin(keys::patients(self.db.reader(), query))
    }

    fn former_under_other_keys<'a>(
        &'a self,
        query: &'a OtherKeys<'a, KeyedDigest>,
    ) -> Answer<'a, Vec<FormerMatricule>> {
        Box::pin(keys::former(self.db.reader(), query))
    }

    fn rekey_patients<'a>(&'a self, rekeyed: &'a [Rekeyed<SealedPatient>]) -> Answer<'a, u64> {
        Box::pin(rekey::patients(&self.db, rekeyed))
    }

    fn rekey_former<'a>(&'a self, rekeyed: &'a [Rekeyed<FormerMatricule>]) -> Answer<'a, u64> {
        Box::pin(rekey::former(&self.db, rekeyed))
    }

    fn trace<'a>(&'a self, event: &'a Event) -> Answer<'a, ()> {
        Box::pin(async {
            let traced = self
                .db
                .transaction::<_, Error, _>("identity.trace", async |tx| {
                    Ok(outbox::append(&tx, event).await?)
                });
            traced.await
        })
    }
}

#[cfg(test)]
impl SqlStore {
    /// The identity issues: kind, patient, evidence.
    pub(crate) async fn issues(&self) -> Vec<(String, PatientId, String)> {
        use sea_orm::EntityTrait;
        let rows = entity::identity_issue::Entity::find()
            .all(self.db.reader())
            .await
            .unwrap();
        let issue = |row: entity::identity_issue::Model| {
            (row.kind, PatientId::from_uuid(row.patient_id), row.evidence)
        };
        rows.into_iter().map(issue).collect()
    }

    /// Keeps another digest of traits, as a program does that knows of no likenesses.
    pub(crate) async fn change_traits_as_before_likenesses(
        &self,
        patient_id: PatientId,
        traits: KeyedDigest,
    ) {
        likeness::change_traits_as_before(&self.db, patient_id, traits).await;
    }

    /// How those are found of whom no likeness is known.
    pub(crate) async fn plan_of_a_search(&self) -> Vec<String> {
        likeness::plan_of_a_search(&self.db).await
    }

    /// How many logout tokens are remembered.
    pub(crate) async fn remembered_logout_tokens(&self) -> u64 {
        use sea_orm::{EntityTrait, PaginatorTrait};
        let remembered = entity::logout_token::Entity::find();
        remembered.count(self.db.reader()).await.unwrap()
    }

    /// How many traces wait.
    pub(crate) async fn traces(&self) -> u64 {
        outbox::backlog(&self.db).await.unwrap().count
    }
}
