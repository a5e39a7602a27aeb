//! What the endpoints and the handle share.

use std::net::SocketAddr;
use std::sync::{
    Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
};

use aval_domain::random;
use aval_domain::time::Timestamp;

use super::account::Accounts;
use super::key::{KeyRing, SigningKey};
use super::session::SessionTable;
use super::{ProviderConfig, ProviderError, Realm};

#[derive(Debug)]
pub(super) struct ProviderState {
    pub(super) config: ProviderConfig,
    professionals: RealmState,
    patients: RealmState,
    accounts: RwLock<Accounts>,
    sessions: Mutex<SessionTable>,
    /// The key of somebody who is not the provider, for the tokens that they forge.
    stranger: OnceLock<SigningKey>,
}

#[derive(Debug)]
struct RealmState {
    issuer: String,
    keys: KeyRing,
}

impl ProviderState {
    pub(super) async fn new(
        mut config: ProviderConfig,
        addr: SocketAddr,
    ) -> Result<Self, ProviderError> {
        let origin = format!("{}://{addr}", config.transport.scheme());
        let accounts = std::mem::take(&mut config.accounts);
        Ok(Self {
            professionals: RealmState::new(&config, Realm::Professionals, &origin).await?,
            patients: RealmState::new(&config, Realm::Patients, &origin).await?,
            accounts: RwLock::new(accounts),
            sessions: Mutex::default(),
            stranger: OnceLock::new(),
            config,
        })
    }

    pub(super) fn now(&self) -> Timestamp {
        self.config.clock.now()
    }

    pub(super) fn issuer(&self, realm: Realm) -> &str {
        &self.realm(realm).issuer
    }

    pub(super) fn keys(&self, realm: Realm) -> &KeyRing {
        &self.realm(realm).keys
    }

    pub(super) fn discovery_url(&self, realm: Realm) -> String {
        self.issuer(realm).to_owned() + &self.config.realm(realm).discovery
    }

    pub(super) fn endpoint_url(&self, realm: Realm, endpoint: &str) -> String {
        format!("{}/protocol/openid-connect/{endpoint}", self.issuer(realm))
    }

    pub(super) async fn rotate(&self, realm: Realm) -> Result<(), ProviderError> {
        let key = SigningKey::generate(self.config.algorithm).await?;
        self.keys(realm).put(key);
        Ok(())
    }

    pub(super) fn accounts(&self) -> RwLockReadGuard<'_, Accounts> {
        self.accounts.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn accounts_mut(&self) -> RwLockWriteGuard<'_, Accounts> {
        self.accounts
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn sessions(&self) -> MutexGuard<'_, SessionTable> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn stranger(&self) -> &SigningKey {
        self.stranger.get_or_init(|| {
            SigningKey::generate_here(self.config.algorithm)
                .expect("the operating system generated the provider's own keys before")
        })
    }

    /// A random identifier, hyphenated as Keycloak's.
    pub(super) fn new_id(&self) -> String {
        let bits = u128::from_be_bytes(random::bytes(&self.config.random));
        let digits = format!("{bits:032x}");
        [0..8, 8..12, 12..16, 16..20, 20..32]
            .map(|part| &digits[part])
            .join("-")
    }

    /// The text of an opaque token.
    pub(super) fn new_opaque_token(&self) -> String {
        super::jws::segment(&random::bytes::<32>(&self.config.random))
    }

    fn realm(&self, realm: Realm) -> &RealmState {
        match realm {
            Realm::Professionals => &self.professionals,
            Realm::Patients => &self.patients,
        }
    }
}

impl RealmState {
    async fn new(
        config: &ProviderConfig,
        realm: Realm,
        origin: &str,
    ) -> Result<Self, ProviderError> {
        let key = SigningKey::generate(config.algorithm).await?;
        Ok(Self {
            issuer: origin.to_owned() + &config.realm(realm).path,
            keys: KeyRing::new(Arc::clone(&key)),
        })
    }
}
