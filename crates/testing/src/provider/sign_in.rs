//! Signing an account in, renewing its tokens, telling that it left.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::claims::{self, Claims, Holder};
use super::config::AccessTokenForm;
use super::hostile::{Forge, HostileTokens, Hostility};
use super::session::{IssuedToken, Session, TokenKind};
use super::state::ProviderState;
use super::{Layout, Realm, jws};

/// What a client asks for.
#[derive(Clone, PartialEq, Eq)]
pub struct SignIn {
    /// The account: its username, national identifier or matricule.
    pub username: String,
    /// The client, which becomes the ID token's audience.
    pub client_id: String,
    /// Repeated in the ID token.
    pub nonce: Option<String>,
    /// The assurance level to state instead of the account's.
    pub acr: Option<String>,
    /// The layout of `UserInfo` instead of the account's.
    pub layout: Option<Layout>,
    /// How to spoil the ID token.
    pub hostile: Option<Hostility>,
}

/// What a sign-in gives.
#[derive(Clone, PartialEq, Eq)]
pub struct Tokens {
    /// Opens `UserInfo` while it lives.
    pub access_token: String,
    /// Says who signed in, when and how.
    pub id_token: String,
    /// Good for one renewal.
    pub refresh_token: String,
    /// How long the access token and the ID token live.
    pub expires_in: Duration,
    /// How long the refresh token lives.
    pub refresh_expires_in: Duration,
    /// The session, as the tokens' `sid`.
    pub sid: String,
}

/// Why nobody was signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignInRefused {
    /// The realm has no such account.
    #[error("the realm has no such account")]
    UnknownAccount,
    /// The provider has no such client.
    #[error("the provider has no such client")]
    UnknownClient,
    /// The refresh token is unknown, used, expired or another client's.
    #[error("the refresh token is unknown, used, expired or another client's")]
    InvalidRefreshToken,
}

impl SignIn {
    /// Asks for `username`'s tokens, for `client_id`.
    #[must_use]
    pub fn new(username: &str, client_id: &str) -> Self {
        Self {
            username: username.to_owned(),
            client_id: client_id.to_owned(),
            nonce: None,
            acr: None,
            layout: None,
            hostile: None,
        }
    }

    /// The same with a nonce.
    #[must_use]
    pub fn with_nonce(mut self, nonce: &str) -> Self {
        self.nonce = Some(nonce.to_owned());
        self
    }

    /// The same with an assurance level of its own.
    #[must_use]
    pub fn with_acr(mut self, acr: &str) -> Self {
        self.acr = Some(acr.to_owned());
        self
    }

    /// The same with a `UserInfo` layout of its own.
    #[must_use]
    pub fn with_layout(mut self, layout: Layout) -> Self {
        self.layout = Some(layout);
        self
    }

    /// The same with a spoilt ID token.
    #[must_use]
    pub fn with_hostile(mut self, hostility: Hostility) -> Self {
        self.hostile = Some(hostility);
        self
    }
}

impl ProviderState {
    pub(super) fn sign_in(&self, realm: Realm, request: &SignIn) -> Result<Tokens, SignInRefused> {
        let session = self.open_session(realm, request)?;
        self.issue_tokens(&session, request.hostile)
    }

    pub(super) fn refresh(
        &self,
        realm: Realm,
        client_id: &str,
        refresh_token: &str,
    ) -> Result<Tokens, SignInRefused> {
        let session = self
            .sessions()
            .take_refresh(realm, refresh_token, self.now())
            .filter(|session| session.client_id == client_id)
            .ok_or(SignInRefused::InvalidRefreshToken)?;
        self.issue_tokens(&session, None)
    }

    pub(super) fn hostile_tokens(
        &self,
        realm: Realm,
        request: &SignIn,
    ) -> Result<HostileTokens, SignInRefused> {
        let session = self.open_session(realm, request)?;
        let accounts = self.accounts();
        let holder = Holder::find(&accounts, realm, &session.username)
            .ok_or(SignInRefused::UnknownAccount)?;
        let issued = self.issued(&session, TokenKind::Id);
        let access_token = self.new_opaque_token();
        let claims = claims::id_token(holder, self.issuer(realm), &issued, &access_token);
        Ok(self.with_forge(&session, claims, HostileTokens::of))
    }

    pub(super) fn logout_token(&self, realm: Realm, client_id: &str, sid: &str) -> String {
        let key = self.keys(realm).current();
        let mut header = jws::header(&key);
        header["typ"] = json!("logout+jwt");
        let claims = claims::logout_token(
            self.issuer(realm),
            client_id,
            sid,
            &self.new_id(),
            self.now(),
        );
        jws::signed(&header, &claims, &key)
    }

    pub(super) fn signed(&self, realm: Realm, header: &Value, claims: &Value) -> String {
        let key = self.keys(realm).current();
        let mut with_key = json!({ "alg": key.algorithm().name(), "kid": key.kid() });
        if let (Some(members), Some(more)) = (with_key.as_object_mut(), header.as_object()) {
            members.extend(more.clone());
        }
        jws::signed(&with_key, claims, &key)
    }

    fn open_session(&self, realm: Realm, request: &SignIn) -> Result<Arc<Session>, SignInRefused> {
        if self.config.client(&request.client_id).is_none() {
            return Err(SignInRefused::UnknownClient);
        }
        let accounts = self.accounts();
        let holder = Holder::find(&accounts, realm, &request.username)
            .ok_or(SignInRefused::UnknownAccount)?;
        Ok(Arc::new(Session {
            realm,
            username: holder.username().to_owned(),
            client_id: request.client_id.clone(),
            sid: self.new_id(),
            nonce: request.nonce.clone(),
            acr: request
                .acr
                .clone()
                .unwrap_or_else(|| holder.acr().to_owned()),
            layout: request.layout,
            signed_in_at: self.now(),
        }))
    }

    fn issue_tokens(
        &self,
        session: &Arc<Session>,
        hostile: Option<Hostility>,
    ) -> Result<Tokens, SignInRefused> {
        let issuer = self.issuer(session.realm);
        let key = self.keys(session.realm).current();
        let accounts = self.accounts();
        let holder = Holder::find(&accounts, session.realm, &session.username)
            .ok_or(SignInRefused::UnknownAccount)?;

        let access = self.issued(session, TokenKind::Access);
        let access_token = match self.config.access_tokens {
            AccessTokenForm::Opaque => self.new_opaque_token(),
            AccessTokenForm::Jwt => {
                let claims = claims::access_token(holder, issuer, &access);
                jws::signed(&jws::header(&key), &Value::Object(claims), &key)
            }
        };
        let id = self.issued(session, TokenKind::Id);
        let claims = claims::id_token(holder, issuer, &id, &access_token);
        let id_token = match hostile {
            None => jws::signed(&jws::header(&key), &Value::Object(claims), &key),
            Some(hostility) => self.with_forge(session, claims, |forge| forge.make(hostility)),
        };
        let refresh = self.issued(session, TokenKind::Refresh);
        let refresh_token = self.new_opaque_token();

        let mut sessions = self.sessions();
        sessions.insert(access_token.clone(), access);
        sessions.insert(id_token.clone(), id);
        sessions.insert(refresh_token.clone(), refresh);
        Ok(Tokens {
            access_token,
            id_token,
            refresh_token,
            expires_in: self.config.lifetimes.access,
            refresh_expires_in: self.config.lifetimes.refresh,
            sid: session.sid.clone(),
        })
    }

    fn issued(&self, session: &Arc<Session>, kind: TokenKind) -> IssuedToken {
        let now = self.now();
        let lifetimes = self.config.lifetimes;
        let lifetime = match kind {
            TokenKind::Access | TokenKind::Id => lifetimes.access,
            TokenKind::Refresh => lifetimes.refresh,
        };
        IssuedToken {
            kind,
            session: Arc::clone(session),
            jti: self.new_id(),
            issued_at: now,
            expires_at: now.saturating_add(lifetime),
            kept_until: now.saturating_add(lifetime.max(lifetimes.refresh)),
        }
    }

    fn with_forge<T>(
        &self,
        session: &Session,
        claims: Claims,
        make: impl FnOnce(&Forge<'_>) -> T,
    ) -> T {
        let other_realm = match session.realm {
            Realm::Professionals => Realm::Patients,
            Realm::Patients => Realm::Professionals,
        };
        let key = self.keys(session.realm).current();
        let client_secret = self
            .config
            .client(&session.client_id)
            .map(|client| client.secret.as_str())
            .unwrap_or_default();
        make(&Forge {
            key: &key,
            stranger: self.stranger(),
            client_secret,
            other_issuer: self.issuer(other_realm),
            now: self.now(),
            claims,
        })
    }
}

impl fmt::Debug for SignIn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SignIn")
            .field("client_id", &self.client_id)
            .field("acr", &self.acr)
            .field("layout", &self.layout)
            .field("hostile", &self.hostile)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Tokens")
            .field("expires_in", &self.expires_in)
            .field("refresh_expires_in", &self.refresh_expires_in)
            .finish_non_exhaustive()
    }
}
