//! What identity keeps, and the promises that every backend keeps.
//!
//! Each method is one transaction. What a finished method wrote stays, together with
//! its trace.

#[cfg(test)]
mod conformance;
mod identity;
mod keys;
mod likeness;
mod logout;
mod representation;
mod session;
pub mod sql;

pub use identity::{
    IdentityUpdate, IssueQuery, Joined, Joining, SessionsOf, Updated, UpdatedIdentity,
};
pub use keys::{FormerMatricule, KeyCounts, KeysInUse, OtherKeys, Rekeyed};
pub use likeness::{Alike, Likened};
pub use logout::{LoggedOut, Logout};
pub use representation::{
    Added, NewRepresentation, Removal, Removed, RepresentationQuery, Represents,
};
pub use session::{
    AllClosed, CloseSessions, OpenSessions, Opened, Opening, Refresh, Refreshed, SessionQuery,
    TraceOf,
};

use std::collections::HashSet;
use std::fmt::Debug;

use aval_database::requests::RequestKey;
use aval_domain::etag::Version;
use aval_domain::event::Event;
use aval_domain::id::{PatientId, RepresentationId, SessionId};
use aval_domain::ins::InsStatus;
use aval_domain::random::{self, Random};
use aval_domain::time::Timestamp;
use futures::future::BoxFuture;
use uuid::Uuid;

use crate::error::Error;
use crate::identity_issue::IdentityIssue;
use crate::merge::{MergeChange, MergeCursor};
use crate::patient_keys::{KeyedDigest, SealedIdentity};
use crate::representation::Representation;
use crate::session::Session;

/// What a method of the store answers, later.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, Error>>;

/// Identity's memory.
pub trait Store: Debug + Send + Sync {
    /// Registers a patient, once per request and once per matricule.
    ///
    /// Where the matricule is registered already `judge` says whether it is the same
    /// person. If so the patient is answered as they are, and nothing changes; if not
    /// an identity issue is kept, and nothing else. A repeated request answers as the
    /// first did. Fails with [`Error::RequestIdReused`] when the request's name stands
    /// for another one.
    fn register_patient<'a>(
        &'a self,
        registration: &'a Registration,
        judge: Judge<'a>,
    ) -> Answer<'a, Registered>;

    /// The patient with this identifier.
    fn patient(&self, patient_id: PatientId) -> Answer<'_, Option<SealedPatient>>;

    /// The patient whose INS has one of these digests, or had as a waiting number that a
    /// NIR replaced. They are those of one matricule, under every digest key in use.
    fn patient_by_ins<'a>(
        &'a self,
        digests: &'a [KeyedDigest],
    ) -> Answer<'a, Option<SealedPatient>>;

    /// The patients whose traits have one of these digests and who are not merged; not
    /// more than two, because two are too many.
    fn patients_by_traits<'a>(
        &'a self,
        digests: &'a [KeyedDigest],
    ) -> Answer<'a, Vec<SealedPatient>>;

    /// Who may be meant by a likeness that has one of these digests, without those who are
    /// merged: those of whom the likeness is known, and at most so many of the others.
    fn patients_alike<'a>(&'a self, digests: &'a [KeyedDigest], unknown: u64) -> Answer<'a, Alike>;

    /// Patients, merged ones too, of whom no likeness is known, in the order of their
    /// identifiers: a program kept or changed them that does not know it.
    fn patients_without_likeness(
        &self,
        after: Option<PatientId>,
        limit: u64,
    ) -> Answer<'_, Vec<SealedPatient>>;

    /// Keeps likenesses, each if none is known and the traits are still those that it was
    /// made of, and says how many were. Nothing else of the patients changes.
    fn keep_likenesses<'a>(&'a self, likened: &'a [Likened]) -> Answer<'a, u64>;

    /// Keeps a new session and its trace, unless the person's sessions then go on from
    /// more certificates than they may; however many are opened at the same time.
    fn open_session<'a>(&'a self, opening: &'a Opening<'a>) -> Answer<'a, Opened>;

    /// The session with this identifier, gone on or ended.
    fn session(&self, session_id: SessionId) -> Answer<'_, Option<Session>>;

    /// Who of these people has a session that goes on.
    fn signed_in<'a>(&'a self, people: &'a [Uuid], now: Timestamp) -> Answer<'a, HashSet<Uuid>>;

    /// A person's sessions, the newest first.
    fn sessions<'a>(&'a self, query: &'a SessionQuery) -> Answer<'a, Vec<Session>>;

    /// Gives a session's next refresh token, once per generation.
    ///
    /// Of two who show the same generation one is answered [`Refreshed::Next`]; the
    /// other, and whoever shows an earlier one, closes the session with its trace and is
    /// answered [`Refreshed::Reused`]. A session that ended gives nothing and changes no
    /// more.
    fn refresh_session<'a>(&'a self, refresh: &'a Refresh<'a>) -> Answer<'a, Refreshed>;

    /// Closes a session of this person, with its trace, and answers it as it is then; one
    /// that ended before is answered as it ended, and nothing is traced. `None` is a
    /// session that is not theirs.
    fn close_session<'a>(
        &'a self,
        session_id: SessionId,
        closing: &'a CloseSessions<'a>,
    ) -> Answer<'a, Option<Session>>;

    /// Closes every session of this person that goes on, each with its trace, and
    /// answers which. A repeated request closes nothing and answers as the first did.
    /// Fails with [`Error::RequestIdReused`] when the request's name stands for another
    /// one.
    fn close_all_sessions<'a>(
        &'a self,
        request: &'a RequestKey,
        closing: &'a CloseSessions<'a>,
    ) -> Answer<'a, AllClosed>;

    /// Closes every session of whoever signed out at their provider that goes on, each
    /// with its trace, and answers which; once per logout token, which is remembered as
    /// long as it is asked for. Sessions whose sign-in the provider did not name are
    /// closed with any sign-in of their person.
    fn log_out<'a>(&'a self, logout: &'a Logout<'a>) -> Answer<'a, LoggedOut>;

    /// Up to where the directory's changes were done, if anything was kept.
    fn directory_cursor(&self) -> Answer<'_, Option<String>>;

    /// Keeps up to where the directory's changes were done, or forgets it. Whoever does
    /// it last decides.
    fn keep_directory_cursor<'a>(&'a self, cursor: Option<&'a str>) -> Answer<'a, ()>;

    /// Every session that was closed since then, whoever closed it.
    fn sessions_closed_since(&self, since: Timestamp) -> Answer<'_, Vec<SessionId>>;

    /// From how many different certificates this person's sessions go on at this time.
    fn open_certificates(&self, person: Uuid, now: Timestamp) -> Answer<'_, usize>;

    /// How many sessions go on at this time. It costs as much as there are: observe it, do
    /// not ask per call.
    fn open_sessions(&self, now: Timestamp) -> Answer<'_, OpenSessions>;

    /// Changes a patient's identity if the row is as it was read, with its trace, and
    /// closes the sessions that rested on what it was; once per request. Where another
    /// patient has the matricule a collision is kept, and nothing else. Fails with
    /// [`Error::EtagMismatch`] when the row has changed, and with
    /// [`Error::RequestIdReused`] when the request's name stands for another one.
    fn update_identity<'a>(&'a self, update: &'a IdentityUpdate<'a>) -> Answer<'a, Updated>;

    /// Merges one patient into another, or takes their merge back, with both traces, and
    /// closes the sessions of the record whose identity that changes; once per request.
    /// A repeated request answers both as they are. Fails with [`Error::MergeConflict`]
    /// when either is merged already, or the source is not.
    fn join_patients<'a>(&'a self, joining: &'a Joining<'a>) -> Answer<'a, Joined>;

    /// Which merges came after this place, and which were taken back, at most `limit`, in
    /// the order in which they came to hold; `None` if nothing ever stood there. What was
    /// told once as the changes before a place stays so.
    fn merges_after(&self, cursor: MergeCursor, limit: u64)
    -> Answer<'_, Option<Vec<MergeChange>>>;

    /// What a person has to look at: collisions not looked at since, patients with the
    /// traits of one registered before, patients whose likeness is that of one registered
    /// before who has other traits (unless both are qualified), patients who are not
    /// qualified; the oldest first, without those who are merged.
    fn identity_issues<'a>(&'a self, query: &'a IssueQuery) -> Answer<'a, Vec<IdentityIssue>>;

    /// Keeps a right to act for a patient with its trace, once per request, unless the
    /// same person has one for the same patient that holds. Fails with
    /// [`Error::RequestIdReused`] when the request's name stands for another one.
    fn add_representation<'a>(&'a self, new: &'a NewRepresentation) -> Answer<'a, Added>;

    /// The representation with this identifier, over or not.
    fn representation(&self, id: RepresentationId) -> Answer<'_, Option<Representation>>;

    /// The right of this person to act for this patient that holds at this time.
    fn representation_between(
        &self,
        patient_id: PatientId,
        representative: PatientId,
        now: Timestamp,
    ) -> Answer<'_, Option<Representation>>;

    /// Representations that hold, the newest first.
    fn representations<'a>(
        &'a self,
        query: &'a RepresentationQuery,
    ) -> Answer<'a, Vec<Representation>>;

    /// Ends a representation and the sessions that rest on it, each with its trace; one
    /// that was removed before is answered as it is, and nothing is traced. `None` is a
    /// representation that nobody added.
    fn remove_representation<'a>(&'a self, removal: &'a Removal<'a>)
    -> Answer<'a, Option<Removed>>;

    /// The names of the keys under which anything is kept.
    fn keys_in_use(&self) -> Answer<'_, KeysInUse>;

    /// How much is kept under each key: reads all of it.
    fn count_by_key(&self) -> Answer<'_, KeyCounts>;

    /// One of the patients whose digests are under the key of this name.
    fn patient_under_digest_key<'a>(&'a self, key_id: &'a str)
    -> Answer<'a, Option<SealedPatient>>;

    /// Patients who are under other keys than these, in the order of their identifiers.
    fn patients_under_other_keys<'a>(
        &'a self,
        query: &'a OtherKeys<'a, PatientId>,
    ) -> Answer<'a, Vec<SealedPatient>>;

    /// Former matricules that are under other keys than these and can be read, in the
    /// order of their digests.
    fn former_under_other_keys<'a>(
        &'a self,
        query: &'a OtherKeys<'a, KeyedDigest>,
    ) -> Answer<'a, Vec<FormerMatricule>>;

    /// Puts patients under other keys, each if the row is still as it was read, and says
    /// how many were. Nothing else of them changes, and nothing is traced: they are whom
    /// they were. Two of one matricule are a [`DatabaseError::UniqueViolation`].
    ///
    /// [`DatabaseError::UniqueViolation`]: aval_database::DatabaseError::UniqueViolation
    fn rekey_patients<'a>(&'a self, rekeyed: &'a [Rekeyed<SealedPatient>]) -> Answer<'a, u64>;

    /// The same with former matricules; of two that become one, one stays.
    fn rekey_former<'a>(&'a self, rekeyed: &'a [Rekeyed<FormerMatricule>]) -> Answer<'a, u64>;

    /// Keeps a trace without a change: of a refusal.
    fn trace<'a>(&'a self, event: &'a Event) -> Answer<'a, ()>;
}

/// Says whether a registered patient is the one to be registered. Called inside the
/// transaction, perhaps several times; it must not wait.
pub type Judge<'a> = &'a (dyn Fn(&SealedPatient) -> Result<Verdict, Error> + Send + Sync);

/// What a [`Judge`] says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is the same person.
    Same,
    /// It is another, or this one with other traits.
    Other {
        /// The names of the traits that differ, never their values.
        evidence: Vec<&'static str>,
    },
}

/// A patient to register, with everything that is kept beside them.
#[derive(Debug, Clone)]
pub struct Registration {
    /// The patient, if they are new.
    pub patient: SealedPatient,
    /// Every digest under which the matricule may be kept, the patient's own among them.
    pub ins_digests: Vec<KeyedDigest>,
    /// Their trace, if they are new.
    pub event: Event,
    /// The identity issue, if the matricule is taken.
    pub issue: NewIssue,
    /// The request.
    pub request: RequestKey,
}

/// An identity issue, before it is known whether there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewIssue {
    /// Its identifier.
    pub issue_id: Uuid,
    /// When it was found.
    pub found_at: Timestamp,
}

/// What became of a registration.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one at a time, and mostly a patient"
)]
pub enum Registered {
    /// The patient, new or known, as they are now.
    Patient(SealedPatient),
    /// The matricule is registered with other traits.
    MatriculeTaken,
}

/// A patient as they are kept: nothing of the identity can be read without the keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedPatient {
    /// Opaque, for ever.
    pub patient_id: PatientId,
    /// By which the INS is found; no two patients have the same.
    pub ins_digest: KeyedDigest,
    /// By which the traits are found.
    pub traits_digest: KeyedDigest,
    /// By which those whose names are spelt alike are found; `None` where a program wrote the
    /// row that does not know it.
    pub likeness: Option<KeyedDigest>,
    /// The key of all digests; empty in a row from before keys had names.
    pub digest_key_id: String,
    /// Matricule and traits, encrypted.
    pub sealed: SealedIdentity,
    /// How far the identity is proved.
    pub status: InsStatus,
    /// Since when the patient is known.
    pub registered_at: Timestamp,
    /// When anything last changed.
    pub updated_at: Timestamp,
    /// How often the row was written.
    pub version: Version,
    /// The patient whom this one turned out to be.
    pub merged_into: Option<PatientId>,
}

impl NewIssue {
    /// An issue found now. Identifiers sort by the time they were made at.
    #[must_use]
    pub fn at(found_at: Timestamp, random: &dyn Random) -> Self {
        let millis = u64::try_from(found_at.as_micros() / 1_000).unwrap_or_default();
        let builder = uuid::Builder::from_unix_timestamp_millis(millis, &random::bytes(random));
        Self {
            issue_id: builder.into_uuid(),
            found_at,
        }
    }
}
