//! What is asked of the store about changing identities, and what it answers.

use aval_database::requests::RequestKey;
use aval_domain::etag::Version;
use aval_domain::event::Event;
use aval_domain::id::{PatientId, SessionId};
use aval_domain::time::Timestamp;

use super::{FormerMatricule, NewIssue, SealedPatient, TraceOf};
use crate::identity_issue::{IssueKind, IssuePosition};
use crate::patient_keys::KeyedDigest;
use crate::session::Closed;

/// A changed identity, to keep.
#[derive(Clone)]
pub struct IdentityUpdate<'a> {
    /// The patient as they are to be.
    pub next: SealedPatient,
    /// The version that was read.
    pub read: Version,
    /// Every digest under which the patient's matricule may be kept, their own among them.
    pub ins_digests: Vec<KeyedDigest>,
    /// The waiting number, if a NIR replaces one.
    pub replaced_waiting: Option<FormerMatricule>,
    /// The sessions to close, if what they rest on changes.
    pub close: Option<SessionsOf<'a>>,
    /// The trace.
    pub event: Event,
    /// The identity issue, if the matricule is another patient's.
    pub issue: NewIssue,
    /// The request.
    pub request: RequestKey,
}

/// How sessions about a patient's record are closed.
#[derive(Clone, Copy)]
pub struct SessionsOf<'a> {
    /// How.
    pub closed: Closed,
    /// The trace of each.
    pub trace: TraceOf<'a>,
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Updated {
    /// It is done.
    Identity(Box<UpdatedIdentity>),
    /// Another patient has the matricule.
    MatriculeTaken,
}

/// A changed identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdatedIdentity {
    /// The patient as they are now.
    pub patient: SealedPatient,
    /// The sessions closed now.
    pub sessions: Vec<SessionId>,
}

/// Two patients to merge, or to unmerge.
#[derive(Clone)]
pub struct Joining<'a> {
    /// Who leads to the other.
    pub source: PatientId,
    /// Who stays; `None` takes the source's merge back, whomever it leads to.
    pub target: Option<PatientId>,
    /// When.
    pub at: Timestamp,
    /// The traces, given who stays.
    pub events: &'a (dyn Fn(PatientId) -> [Event; 2] + Send + Sync),
    /// How sessions are closed: of a merge the source's, of one taken back the target's.
    pub close: SessionsOf<'a>,
    /// The request.
    pub request: RequestKey,
}

/// Both patients as they are now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// Who leads, or led, to the other.
    pub source: SealedPatient,
    /// Who stays.
    pub target: SealedPatient,
    /// The sessions closed now.
    pub sessions: Vec<SessionId>,
}

/// Which identity issues are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IssueQuery {
    /// Only this kind.
    pub kind: Option<IssueKind>,
    /// Only those behind this position.
    pub after: Option<IssuePosition>,
    /// How many at most.
    pub limit: u64,
}
