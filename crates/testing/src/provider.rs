//! A development identity provider: it signs in whoever asks, on loopback only.
//!
//! Two realms stand side by side. Professionals meet what Pro Santé Connect shows
//! its clients: Keycloak's paths, a discovery document at a path of its own, a
//! two-minute access token, an RS256 ID token, `UserInfo` in the two published
//! layouts, introspection. Patients meet what FranceConnect shows, with the INS
//! beside the identity traits.
//!
//! No browser takes part: a client posts `grant_type=password` with a
//! `username` and gets tokens, without any password. The same request may ask
//! for a spoilt ID token ([`Hostility`]), so that a relying party's refusals can
//! be tried over the wire.

mod account;
mod claims;
mod config;
mod endpoint;
mod hostile;
mod jws;
mod key;
mod listener;
mod session;
mod sign_in;
mod state;
mod user_info;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use account::{
    Accounts, Gender, Layout, PatientAccount, ProfessionalAccount, ProfessionalActivity,
};
pub use config::{
    AccessTokenForm, ClientConfig, Lifetimes, ProviderConfig, Realm, RealmConfig, Transport,
};
pub use hostile::{HostileToken, HostileTokens, Hostility, Reason};
pub use key::SigningAlgorithm;
pub use sign_in::{SignIn, SignInRefused, Tokens};

use state::ProviderState;

/// A development identity provider at work; it stops when dropped.
#[derive(Debug)]
pub struct DevelopmentProvider {
    addr: SocketAddr,
    state: Arc<ProviderState>,
    stop: CancellationToken,
    connections: TaskTracker,
}

/// Why a development provider did not start.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// Anybody who reaches the provider is signed in: it listens to nobody else.
    #[error("the development identity provider listens on a loopback address only, not on {0}")]
    NotLoopback(SocketAddr),
    /// The address is taken or not this machine's.
    #[error("cannot listen on {addr}: {source}")]
    Listen {
        /// The address asked for.
        addr: SocketAddr,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A realm's path would not make a route.
    #[error(
        "a realm's paths begin with a slash, do not end with one, and hold letters, digits, slashes, dots, hyphens and underscores"
    )]
    InvalidPath,
    /// Both realms answer at the same path.
    #[error("the two realms have the same path")]
    SamePath,
    /// The certificate or its key cannot be read.
    #[error("{path}: not a PEM certificate or key that can be read")]
    Certificate {
        /// The file.
        path: PathBuf,
    },
    /// The certificate and the key do not make a TLS server.
    #[error("the provider's certificate and key do not serve TLS: {0}")]
    Tls(#[from] rustls::Error),
    /// A signing key could not be generated.
    #[error("a signing key could not be generated")]
    KeyGeneration,
}

impl DevelopmentProvider {
    /// What the provider says of itself wherever it shows.
    pub const KIND: &'static str = "development identity provider: accepts anyone, loopback only";

    /// Starts a provider; it serves when this returns. Generating the signing
    /// keys takes a fraction of a second.
    ///
    /// Boxed, so that it is compiled here and not again in each program that starts it.
    #[must_use = "a future does nothing before it is awaited"]
    pub fn start(
        config: ProviderConfig,
    ) -> Pin<Box<dyn Future<Output = Result<Self, ProviderError>> + Send>> {
        Box::pin(Self::begin(config))
    }

    async fn begin(config: ProviderConfig) -> Result<Self, ProviderError> {
        if !config.listen.ip().is_loopback() {
            return Err(ProviderError::NotLoopback(config.listen));
        }
        config.check_paths()?;
        let tls = listener::tls(&config.transport)?;
        let listen = config.listen;
        let listen_failed = |source| ProviderError::Listen {
            addr: listen,
            source,
        };
        let listener = TcpListener::bind(listen).await.map_err(listen_failed)?;
        let addr = listener.local_addr().map_err(listen_failed)?;
        let state = Arc::new(ProviderState::new(config, addr).await?);
        tracing::warn!(server.address = %addr, "{}", Self::KIND);

        let stop = CancellationToken::new();
        let connections = TaskTracker::new();
        connections.spawn(listener::serve(
            listener,
            tls,
            endpoint::router(&state),
            stop.clone(),
            connections.clone(),
        ));
        connections.close();
        Ok(Self {
            addr,
            state,
            stop,
            connections,
        })
    }

    /// What this is, in words that nobody can take for a production provider.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        Self::KIND
    }

    /// The address it listens on.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The realm's issuer, as the `iss` of its tokens.
    #[must_use]
    pub fn issuer(&self, realm: Realm) -> &str {
        self.state.issuer(realm)
    }

    /// Where the realm's discovery document is.
    #[must_use]
    pub fn discovery_url(&self, realm: Realm) -> String {
        self.state.discovery_url(realm)
    }

    /// One of the realm's endpoints, by what follows `…/protocol/openid-connect/`:
    /// `token`, `userinfo`, `token/introspect`, `certs`, `logout`.
    #[must_use]
    pub fn endpoint_url(&self, realm: Realm, endpoint: &str) -> String {
        self.state.endpoint_url(realm, endpoint)
    }

    /// Signs an account in as the token endpoint does, without the network.
    pub fn sign_in(&self, realm: Realm, request: &SignIn) -> Result<Tokens, SignInRefused> {
        self.state.sign_in(realm, request)
    }

    /// One ID token for each flaw that a relying party must notice, beside the
    /// sound one of the same sign-in.
    pub fn hostile_tokens(
        &self,
        realm: Realm,
        request: &SignIn,
    ) -> Result<HostileTokens, SignInRefused> {
        self.state.hostile_tokens(realm, request)
    }

    /// Gives the realm a new signing key. Tokens are signed with it from now on;
    /// the earlier keys stay published until [`retire`](Self::retire).
    pub async fn rotate(&self, realm: Realm) -> Result<(), ProviderError> {
        self.state.rotate(realm).await
    }

    /// Withdraws every key of the realm but the current one from its key set.
    pub fn retire(&self, realm: Realm) {
        self.state.keys(realm).retire();
    }

    /// Adds a professional, or replaces the one of the same username. Their
    /// sessions go on, with the new data.
    pub fn put_professional(&self, account: ProfessionalAccount) {
        self.state.accounts_mut().put_professional(account);
    }

    /// Adds a patient, or replaces the one of the same username.
    pub fn put_patient(&self, account: PatientAccount) {
        self.state.accounts_mut().put_patient(account);
    }

    /// Ends a session, if it is one: its tokens are inactive from now on.
    pub fn end_session(&self, sid: &str) {
        self.state.sessions().end(sid);
    }

    /// The token by which the realm tells a client that a session has ended
    /// (OpenID Connect Back-Channel Logout 1.0). Nothing is sent or ended here.
    #[must_use]
    pub fn logout_token(&self, realm: Realm, client_id: &str, sid: &str) -> String {
        self.state.logout_token(realm, client_id, sid)
    }

    /// A token with this header and these claims, signed with the realm's key: for what a
    /// relying party must refuse. Key and algorithm stand in the header unless it has
    /// others.
    #[must_use]
    pub fn signed(&self, realm: Realm, header: &Value, claims: &Value) -> String {
        self.state.signed(realm, header, claims)
    }

    /// Stops listening, lets the requests at work finish, and returns.
    pub async fn shutdown(self) {
        self.stop.cancel();
        self.connections.wait().await;
    }
}

impl Drop for DevelopmentProvider {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

#[cfg(test)]
mod tests;
