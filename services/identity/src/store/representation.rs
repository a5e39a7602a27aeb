//! What is asked of the store about rights to act for a patient, and what it answers.

use aval_database::requests::RequestKey;
use aval_domain::event::Event;
use aval_domain::id::{PatientId, RepresentationId, SessionId};
use aval_domain::time::Timestamp;

use super::TraceOf;
use crate::representation::Representation;
use crate::session::Closed;

/// A right to act for a patient, to keep.
#[derive(Debug, Clone)]
pub struct NewRepresentation {
    /// The right.
    pub representation: Representation,
    /// Its trace.
    pub event: Event,
    /// The request.
    pub request: RequestKey,
}

/// What became of a new representation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Added {
    /// It is kept; or was, when the request came first.
    Representation(Representation),
    /// The person may act for the patient already.
    Exists,
}

/// Which representations are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RepresentationQuery {
    /// Whose.
    pub of: Represents,
    /// Those that hold at this time.
    pub now: Timestamp,
    /// Only those added before this one.
    pub before: Option<RepresentationId>,
    /// How many at most.
    pub limit: u64,
}

/// Whose representations are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Represents {
    /// Those by which others may act for this patient.
    Patient(PatientId),
    /// Those by which this person may act for others.
    Representative(PatientId),
}

/// A representation to end.
#[derive(Clone)]
pub struct Removal<'a> {
    /// Which.
    pub representation_id: RepresentationId,
    /// The trace of its end.
    pub event: Event,
    /// How its sessions are closed, and when all of it ends.
    pub closed: Closed,
    /// The trace of each session's closing.
    pub trace: TraceOf<'a>,
}

/// An ended representation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// As it is now.
    pub representation: Representation,
    /// The sessions that were closed with it now.
    pub sessions: Vec<SessionId>,
}
