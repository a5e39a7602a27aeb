//! Who is signed in, and the tokens that say so.

use std::collections::HashMap;
use std::sync::Arc;

use aval_domain::time::Timestamp;

use super::{Layout, Realm};

/// One sign-in of one account at one client.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) realm: Realm,
    pub(super) username: String,
    pub(super) client_id: String,
    pub(super) sid: String,
    pub(super) nonce: Option<String>,
    pub(super) acr: String,
    pub(super) layout: Option<Layout>,
    pub(super) signed_in_at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    Access,
    Refresh,
    Id,
}

/// A token that was handed out.
#[derive(Debug, Clone)]
pub(super) struct IssuedToken {
    pub(super) kind: TokenKind,
    pub(super) session: Arc<Session>,
    pub(super) jti: String,
    pub(super) issued_at: Timestamp,
    pub(super) expires_at: Timestamp,
    /// Until when the table remembers it: an expired ID token still names a
    /// session to log out of.
    pub(super) kept_until: Timestamp,
}

/// The tokens in circulation, by their text.
#[derive(Debug, Default)]
pub(super) struct SessionTable {
    tokens: HashMap<String, IssuedToken>,
    /// The table is swept when it has outgrown this.
    sweep_above: usize,
}

const SMALLEST_SWEEP: usize = 1_000;

impl SessionTable {
    pub(super) fn insert(&mut self, token: String, issued: IssuedToken) {
        if self.tokens.len() > self.sweep_above.max(SMALLEST_SWEEP) {
            let now = issued.issued_at;
            self.tokens.retain(|_, known| known.kept_until > now);
            self.sweep_above = self.tokens.len() * 2;
        }
        self.tokens.insert(token, issued);
    }

    /// The token if it is of this realm, known and not expired.
    pub(super) fn live(&self, realm: Realm, token: &str, now: Timestamp) -> Option<&IssuedToken> {
        self.known(realm, token)
            .filter(|issued| issued.expires_at > now)
    }

    /// The token if it is of this realm and known, expired or not.
    pub(super) fn known(&self, realm: Realm, token: &str) -> Option<&IssuedToken> {
        self.tokens
            .get(token)
            .filter(|issued| issued.session.realm == realm)
    }

    /// Uses a refresh token up: the second try finds nothing.
    pub(super) fn take_refresh(
        &mut self,
        realm: Realm,
        token: &str,
        now: Timestamp,
    ) -> Option<Arc<Session>> {
        let issued = self.live(realm, token, now)?;
        if issued.kind != TokenKind::Refresh {
            return None;
        }
        self.tokens.remove(token).map(|issued| issued.session)
    }

    /// Forgets every token of the session.
    pub(super) fn end(&mut self, sid: &str) {
        self.tokens.retain(|_, issued| issued.session.sid != sid);
    }
}
