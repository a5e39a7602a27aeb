//! What is asked of the store about sessions, and what it answers.

use aval_domain::event::Event;
use aval_domain::id::SessionId;
use aval_domain::time::Timestamp;
use uuid::Uuid;

use crate::session::{Closed, Session};

/// Which sessions are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionQuery {
    /// Whose: the identifier of a patient or of a practitioner.
    pub person: Uuid,
    /// Only those opened before this one.
    pub before: Option<SessionId>,
    /// Only those that go on at this time.
    pub open_at: Option<Timestamp>,
    /// How many at most.
    pub limit: u64,
}

/// A session to open.
#[derive(Clone, Copy)]
pub struct Opening<'a> {
    /// The session.
    pub session: &'a Session,
    /// From how many certificates this person's sessions may go on, this one's counted;
    /// `None`: from any number.
    pub most: Option<usize>,
    /// Its trace, given from how many they go on with it. Called inside the transaction,
    /// perhaps several times; it must not wait.
    pub trace: &'a (dyn Fn(usize) -> Event + Send + Sync),
}

/// What became of a session to open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    /// It is kept.
    Session,
    /// There would be too many certificates; nothing is kept.
    TooMany,
}

/// The next refresh token of a session.
#[derive(Clone, Copy)]
pub struct Refresh<'a> {
    /// The session as it is to be, with its next generation.
    pub next: &'a Session,
    /// When the token came.
    pub now: Timestamp,
    /// The trace of the closing, should the token have been used before.
    pub reused: TraceOf<'a>,
}

/// What became of a refresh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refreshed {
    /// The session goes on.
    Next,
    /// The token had been used: the session is closed now.
    Reused,
    /// The session has ended, or there is none.
    Ended,
}

/// Sessions to close.
#[derive(Clone, Copy)]
pub struct CloseSessions<'a> {
    /// Whose: the identifier of a patient or of a practitioner.
    pub person: Uuid,
    /// How.
    pub closed: Closed,
    /// The trace of each.
    pub trace: TraceOf<'a>,
}

/// The trace of a session's closing. Called inside the transaction, perhaps several
/// times; it must not wait.
pub type TraceOf<'a> = &'a (dyn Fn(&Session) -> Event + Send + Sync);

/// What became of all sessions of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllClosed {
    /// How many were closed, by this request or when it came first.
    pub count: u32,
    /// Those closed now.
    pub closed_now: Vec<SessionId>,
}

/// How many sessions go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OpenSessions {
    /// Professionals'.
    pub practitioners: u64,
    /// Patients' own.
    pub patients: u64,
    /// Of those who act for a patient.
    pub representatives: u64,
}
