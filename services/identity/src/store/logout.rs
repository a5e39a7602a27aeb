//! What is asked of the store when a provider says that somebody signed out, and what it
//! answers.

use aval_domain::id::SessionId;
use aval_domain::time::Timestamp;

use super::TraceOf;
use crate::patient_keys::KeyedDigest;
use crate::provider::SignedOut;
use crate::session::Closed;

/// Somebody signed out at a provider.
#[derive(Clone, Copy)]
pub struct Logout<'a> {
    /// The token that says it.
    pub token: KeyedDigest,
    /// Until when the token is remembered: no shorter than it would be believed.
    pub remembered_until: Timestamp,
    /// Who.
    pub who: SignedOut<KeyedDigest>,
    /// How their sessions are closed.
    pub closed: Closed,
    /// The trace of each.
    pub trace: TraceOf<'a>,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoggedOut {
    /// These sessions are closed now.
    Sessions(Vec<SessionId>),
    /// The token came before; nothing is closed.
    Replayed,
}
