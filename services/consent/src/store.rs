//! What the service keeps: each method one transaction, with its promises.

use std::fmt;

use aval_database::requests::{RequestKey, fingerprint};
use aval_domain::event::Event;
use aval_domain::id::{
    BlockId, CareEpisodeId, DocumentId, GrantId, MaskId, PatientId, PractitionerId, RequestId,
};
use aval_domain::rpps::Rpps;
use aval_domain::time::Timestamp;
use aval_runtime::context::{Actor, RequestContext};
use futures::future::BoxFuture;
use serde::Serialize;

use crate::block::Block;
use crate::care_episode::CareEpisode;
use crate::error::Error;
use crate::grant::{Grant, GrantState};
use crate::grantee::Grantee;
use crate::policies::LoadedMatrix;
use crate::record::Record;
use crate::visibility::{Visibility, VisibilityKind};

#[cfg(test)]
mod conformance;
pub mod sql;

/// What a method of a store gives.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, Error>>;

/// A value as it is to be written, and the event that tells of it.
#[derive(Debug)]
pub struct Change<T> {
    /// The value after the change.
    pub value: T,
    /// What the trail is told.
    pub event: Event,
}

/// Decides on a change from the present value, which nobody else changes meanwhile:
/// the change, nothing to change, or why not. It may be asked several times.
pub type Rule<'a, Present, Value> =
    dyn Fn(&Present) -> Result<Option<Change<Value>>, Error> + Send + Sync + 'a;

/// What the trail is told of a load, from the matrices that were there before it, and from
/// the one that is loaded after them; or why it may not be. It may be asked several times.
pub type LoadTrace<'a> =
    dyn Fn(Vec<LoadedMatrix>, &LoadedMatrix) -> Result<Event, Error> + Send + Sync + 'a;

/// The storage of records, grants, blocks, visibilities and matrices. Whoever implements it
/// promises:
///
/// - a professional is one human, under whichever of their identifiers something was
///   written: lists are of the human, and so are the conditions below;
/// - a change, its event and the answer of its request commit together or not at all;
/// - the same [`Write`] again changes nothing and gives the same answer, also when
///   both run at once; another write under the same request id is
///   [`Error::RequestIdReused`];
/// - changes of one patient happen one after the other: what a [`Rule`] is shown
///   stays true until its change is committed;
/// - what a returned change shut out is shut out in every later
///   [`access_bases`](crate::access_basis::AccessBasisSource::access_bases).
pub trait Store: fmt::Debug + Send + Sync {
    /// The record of a patient, open or closed.
    fn record(&self, patient_id: PatientId) -> Answer<'_, Option<Record>>;

    /// Changes a record, or creates it. A rule that changes nothing where there is no
    /// record gives [`Error::RecordUnavailable`].
    fn change_record<'a>(
        &'a self,
        write: &'a Write,
        patient_id: PatientId,
        rule: &'a Rule<'a, Option<Record>, Record>,
    ) -> Answer<'a, Record>;

    /// What this very write was answered, in JSON, if it was made before; another write
    /// under the same request id is [`Error::RequestIdReused`].
    fn kept_answer<'a>(&'a self, write: &'a Write) -> Answer<'a, Option<String>>;

    /// Stores what the trail is told of an act that was refused and changed nothing.
    fn trace_refused<'a>(&'a self, event: &'a Event) -> Answer<'a, ()>;

    /// Stores a new grant. The record must be open ([`Error::RecordUnavailable`]),
    /// neither the grantee nor one of those who bring it about (`by`) blocked now
    /// ([`Error::GranteeBlocked`]; of a declaration the grantee may be, and is not told of
    /// it), and no live grant of the same patient to the same grantee may be there
    /// ([`Error::GrantExists`]).
    fn create_grant<'a>(
        &'a self,
        write: &'a Write,
        grant: &'a Change<Grant>,
        by: &'a [Grantee],
    ) -> Answer<'a, Grant>;

    /// Stores a professional's request, on the conditions of a new grant, and only if
    /// no other request of theirs waits for this patient's answer
    /// ([`Error::GrantExists`]). No decision rests on a request.
    fn request_grant<'a>(
        &'a self,
        write: &'a Write,
        request: &'a Change<Grant>,
        by: &'a [Grantee],
    ) -> Answer<'a, Grant>;

    /// Makes a grant of a request to this patient ([`Error::NotFound`] if it is not
    /// theirs), on the conditions of a new grant.
    fn approve_grant<'a>(
        &'a self,
        write: &'a Write,
        patient_id: PatientId,
        grant_id: GrantId,
        rule: &'a Rule<'a, Grant, Grant>,
    ) -> Answer<'a, Grant>;

    /// Changes a grant of this patient; [`Error::NotFound`] if it is not theirs.
    fn change_grant<'a>(
        &'a self,
        write: &'a Write,
        patient_id: PatientId,
        grant_id: GrantId,
        rule: &'a Rule<'a, Grant, Grant>,
    ) -> Answer<'a, Grant>;

    /// Changes all grants of this patient that were given, in one step, and says how
    /// many changed.
    fn change_given_grants<'a>(
        &'a self,
        write: &'a Write,
        patient_id: PatientId,
        rule: &'a Rule<'a, Grant, Grant>,
    ) -> Answer<'a, u32>;

    /// The numbers of professionals for whom live grants wait, the lowest first: those
    /// above `after`, at most `limit`.
    fn waiting_numbers(
        &self,
        now: Timestamp,
        after: Option<Rpps>,
        limit: u64,
    ) -> Answer<'_, Vec<Rpps>>;

    /// Gives every grant that waits under this number to the professional, as `give`
    /// says. Where the patient has another live grant to the same professional, the one
    /// stays that [outweighs](Grant::outweighs) the other, which ends as `end` says. Gives
    /// how many no longer wait. Doing it again changes nothing.
    fn settle_waiting_grants<'a>(
        &'a self,
        rpps: Rpps,
        give: &'a Rule<'a, Grant, Grant>,
        end: &'a Rule<'a, Grant, Grant>,
    ) -> Answer<'a, u32>;

    /// One grant, whosever it is.
    fn grant(&self, grant_id: GrantId) -> Answer<'_, Option<Grant>>;

    /// The grants of a query, the newest first.
    fn grants<'a>(&'a self, query: &'a GrantQuery) -> Answer<'a, Vec<Grant>>;

    /// Stores or changes the block on a grantee. The rule is shown the block that
    /// stands, if one does. The record must be open ([`Error::RecordUnavailable`]).
    fn block_grantee<'a>(
        &'a self,
        write: &'a Write,
        patient_id: PatientId,
        grantee: Grantee,
        rule: &'a Rule<'a, Option<Block>, Block>,
    ) -> Answer<'a, Block>;

    /// Changes a block of this patient; [`Error::NotFound`] if it is not theirs.
    fn change_block<'a>(
        &'a self,
        write: &'a Write,
        patient_id: PatientId,
        block_id: BlockId,
        rule: &'a Rule<'a, Block, Block>,
    ) -> Answer<'a, Block>;

    /// The blocks of a query, the newest first.
    fn blocks<'a>(&'a self, query: &'a BlockQuery) -> Answer<'a, Vec<Block>>;

    /// Stores a new care episode. The record must be open
    /// ([`Error::RecordUnavailable`]), and nobody who opens it (`by`) blocked now
    /// ([`Error::GranteeBlocked`]).
    fn open_care_episode<'a>(
        &'a self,
        write: &'a Write,
        episode: &'a Change<CareEpisode>,
        by: &'a [Grantee],
    ) -> Answer<'a, CareEpisode>;

    /// Changes a care episode of these; [`Error::NotFound`] if it is none of them. Its
    /// team stays.
    fn change_care_episode<'a>(
        &'a self,
        write: &'a Write,
        of: CareEpisodesOf,
        care_episode_id: CareEpisodeId,
        rule: &'a Rule<'a, CareEpisode, CareEpisode>,
    ) -> Answer<'a, CareEpisode>;

    /// The care episodes of a query, the newest first.
    fn care_episodes<'a>(&'a self, query: &'a CareEpisodeQuery) -> Answer<'a, Vec<CareEpisode>>;

    /// Every identifier of the human whom this patient is, itself among them.
    fn patient_identifiers(&self, id: PatientId) -> Answer<'_, Vec<PatientId>>;

    /// Every identifier of the human whom this one leads to, itself among them.
    fn identifiers(&self, id: PractitionerId) -> Answer<'_, Vec<PractitionerId>>;

    /// Everybody whom something may authorise to see the record or the document: nobody
    /// is left out and nobody is named twice. Whether it does is decided elsewhere.
    fn candidates<'a>(&'a self, query: &'a CandidateQuery) -> Answer<'a, Vec<Grantee>>;

    /// Adds a setting to a document, or takes one back. The rule is shown every
    /// setting that was ever made on it. The record must be open
    /// ([`Error::RecordUnavailable`]). Gives every setting as it is afterwards.
    fn change_visibility<'a>(
        &'a self,
        write: &'a Write,
        patient_id: PatientId,
        document_id: &'a DocumentId,
        rule: &'a Rule<'a, Vec<Visibility>, Visibility>,
    ) -> Answer<'a, Vec<Visibility>>;

    /// The settings of a query, the newest first.
    fn visibilities<'a>(&'a self, query: &'a VisibilityQuery) -> Answer<'a, Vec<Visibility>>;

    /// Loads a matrix, with the event that `trace` gives: see [`crate::policies`]. Loads
    /// happen one after the other. The same again changes nothing and gives the one that
    /// is there; another content or instant under its revision is
    /// [`Error::StateConflict`].
    fn load_matrix<'a>(
        &'a self,
        write: &'a Write,
        matrix: &'a LoadedMatrix,
        trace: &'a LoadTrace<'a>,
    ) -> Answer<'a, LoadedMatrix>;
}

/// One write of one client: what makes it repeatable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// Whose write it is, under which name, and what it asks for.
    pub key: RequestKey,
    /// When it is made.
    pub now: Timestamp,
}

/// Which grants are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrantQuery {
    /// Whose.
    pub of: GrantsOf,
    /// Only those that stand so at `now`.
    pub state: Option<GrantState>,
    /// The instant at which they stand so.
    pub now: Timestamp,
    /// Only those after this one in the list.
    pub after: Option<GrantId>,
    /// How many at most.
    pub limit: u64,
}

/// Whose grants are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum GrantsOf {
    /// Those that this patient gave.
    Patient(PatientId),
    /// Those that name this professional.
    Practitioner(PractitionerId),
}

/// Which blocks are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockQuery {
    /// Whose.
    pub patient_id: PatientId,
    /// Whether lifted ones and those over at `now` are listed too.
    pub include_ended: bool,
    /// The instant at which they are over or not.
    pub now: Timestamp,
    /// Only those after this one in the list.
    pub after: Option<BlockId>,
    /// How many at most.
    pub limit: u64,
}

/// Which care episodes are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CareEpisodeQuery {
    /// Whose.
    pub of: CareEpisodesOf,
    /// Whether closed ones and those over at `now` are listed too.
    pub include_ended: bool,
    /// The instant at which they are over or not.
    pub now: Timestamp,
    /// Only those after this one in the list.
    pub after: Option<CareEpisodeId>,
    /// How many at most.
    pub limit: u64,
}

/// Whose care episodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum CareEpisodesOf {
    /// Those of this patient.
    Patient(PatientId),
    /// Those of which this professional is a member.
    Member(PractitionerId),
}

/// Whose access is in question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CandidateQuery {
    /// To whose record.
    pub patient_id: PatientId,
    /// To this document of it; `None`: to the record.
    pub document_id: Option<DocumentId>,
    /// What is over at this instant authorises nobody.
    pub now: Timestamp,
}

/// Which settings are listed: those that hold at `now`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisibilityQuery {
    /// Whose record.
    pub patient_id: PatientId,
    /// Only on this document.
    pub document_id: Option<DocumentId>,
    /// Nothing of a document on which a setting of one of these kinds holds.
    pub leaving_out: Vec<VisibilityKind>,
    /// The instant.
    pub now: Timestamp,
    /// Only those after this one in the list.
    pub after: Option<MaskId>,
    /// How many at most.
    pub limit: u64,
}

impl Write {
    /// A write of the person, or of the software if there is none, who makes this
    /// call. `command` is everything that they ask for.
    ///
    /// # Panics
    ///
    /// Never: commands are plain data, which always have a JSON form.
    #[must_use]
    pub fn new(
        cx: &RequestContext,
        operation: &'static str,
        request_id: RequestId,
        command: &impl Serialize,
    ) -> Self {
        let command = serde_json::to_vec(command).expect("a command is plain data");
        Self {
            key: RequestKey {
                actor: name_of_actor(cx),
                request_id,
                operation,
                fingerprint: fingerprint([command]),
            },
            now: cx.now,
        }
    }
}

/// Who asks. A representative is somebody else than the patient for whom they act,
/// and may not find the patient's requests.
pub(crate) fn name_of_actor(cx: &RequestContext) -> String {
    match cx.actor.as_deref() {
        Some(Actor::Patient(patient)) => match &patient.representative {
            Some(by) => format!("representative:{}:{}", by.patient_id, patient.patient_id),
            None => format!("patient:{}", patient.patient_id),
        },
        Some(Actor::Practitioner(actor)) => format!("practitioner:{}", actor.practitioner_id),
        None => format!("service:{}", cx.caller),
    }
}
