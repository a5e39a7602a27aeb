//! The store, and where decisions read from: with a cache or without.

use std::sync::Arc;

use aval_database::{Backend, Database, DatabaseConfig};
use aval_runtime::boot_clock::SystemBootClock;
use aval_runtime::environment::Environment;
use aval_runtime::key_file::{self, Missing};

use super::StartError;
use crate::access_basis::AccessBasisSource;
use crate::cache::redis::RedisTier;
use crate::cache::shared::CacheSecret;
use crate::cache::{CacheSettings, CachedBases, CachedPolicies, ChangeFence, Freshness, Poller};
use crate::config::{CacheConfig, CacheMode};
use crate::decision::Policy;
use crate::policies::PolicySource;
use crate::store::sql::SqlStore;

/// Where everything is kept and read from.
pub(super) struct Bases {
    /// Where changes are made.
    pub(super) store: Arc<SqlStore>,
    /// Where decisions read.
    pub(super) source: Arc<dyn AccessBasisSource>,
    /// What keeps the cache honest, if there is one.
    pub(super) poller: Option<Arc<Poller>>,
    /// What decisions are made under.
    pub(super) policies: Arc<dyn PolicySource>,
}

/// Opens the cache that is configured. On PostgreSQL other instances may have caches:
/// whatever this one has, its changes wait for theirs.
pub(super) async fn open(
    config: &CacheConfig,
    database: &DatabaseConfig,
    db: &Database,
    environment: &Environment,
    create_missing_keys: bool,
    configured: Policy,
) -> Result<Bases, StartError> {
    let replicated = db.backend() == Backend::Postgres;
    if config.mode == CacheMode::None {
        let fence = if replicated {
            ChangeFence::replicated()
        } else {
            ChangeFence::none()
        };
        let store = Arc::new(SqlStore::with_fence(db.clone(), fence));
        let policies = CachedPolicies::new(Arc::clone(&store) as _, configured, None);
        return Ok(Bases {
            policies: Arc::new(policies),
            source: Arc::clone(&store) as _,
            store,
            poller: None,
        });
    }
    let freshness = Arc::new(Freshness::new(
        Arc::new(SystemBootClock),
        Arc::clone(&environment.clock),
    ));
    let asked = Arc::new(SqlStore::new(connection_of_polls(database, db).await?));
    let poller = Arc::new(Poller::new(asked, Arc::clone(&freshness)));
    // From the first check on. If it fails the task tries again.
    if let Err(error) = poller.poll().await {
        tracing::warn!(%error, "changes were not read at the start");
    }
    let fence = if replicated {
        ChangeFence::replicated()
    } else {
        ChangeFence::sole(Arc::clone(&poller))
    };
    let settings = CacheSettings {
        largest_bytes: config.largest_bytes,
        sample_one_in: config.sample_one_in,
    };
    let store = Arc::new(SqlStore::with_fence(db.clone(), fence));
    let known = Some(Arc::clone(&freshness));
    let policies = CachedPolicies::new(Arc::clone(&store) as _, configured, known);
    let mut cached = CachedBases::new(Arc::clone(&store) as _, freshness, settings);
    if let Some((redis, key_file)) = config.shared() {
        let random = environment.random.as_ref();
        let key =
            key_file::hexadecimal(key_file, Missing::created_if(create_missing_keys, random))?;
        let tier = Arc::new(RedisTier::start(redis)?);
        cached = cached.with_shared(tier, CacheSecret::new(&key));
    }
    Ok(Bases {
        source: Arc::new(cached),
        store,
        poller: Some(poller),
        policies: Arc::new(policies),
    })
}

/// Polls never wait behind calls for a connection. On SQLite a second handle might
/// be another database, in memory; readers there wait for nobody.
async fn connection_of_polls(
    database: &DatabaseConfig,
    db: &Database,
) -> Result<Database, StartError> {
    if db.backend() == Backend::Sqlite {
        return Ok(db.clone());
    }
    let few = DatabaseConfig {
        max_connections: 2,
        ..database.clone()
    };
    Ok(Database::connect(&few).await?)
}

#[cfg(test)]
mod tests {
    use aval_database::migrate;
    use aval_database::testing::test_databases;
    use aval_domain::event::{EventKind, Outcome};
    use aval_domain::id::{PatientId, PractitionerId, RequestId};
    use aval_runtime::caller::CallerId;
    use aval_runtime::context::RequestContext;
    use tokio_util::sync::CancellationToken;
    use uuid::Uuid;

    use super::*;
    use crate::access_basis::AccessQuery;
    use crate::canary::{Canary, Round};
    use crate::identity_changes::{ChangeCursor, Identities, Learnt};
    use crate::matrix::Matrix;
    use crate::policies::LoadedMatrix;
    use crate::record::Record;
    use crate::store::sql::Migrator;
    use crate::store::{Change, Store as _, Write};
    use aval_domain::aliases::IdentityChange;

    #[tokio::test]
    async fn every_mode_answers_on_every_engine() {
        for database in test_databases("consent.server.bases").await {
            migrate::migrate::<Migrator>(&database.db).await.unwrap();
            for mode in [CacheMode::None, CacheMode::Local] {
                let config = CacheConfig {
                    mode,
                    ..CacheConfig::default()
                };
                let environment = Environment::system();
                let policy = Policy::new(Matrix::example());
                let opened = open(
                    &config,
                    database.config(),
                    &database.db,
                    &environment,
                    true,
                    policy,
                );
                let bases = opened.await.unwrap();
                assert_eq!(bases.poller.is_some(), mode == CacheMode::Local);
                let query = AccessQuery {
                    patient_id: PatientId::from_uuid(Uuid::from_u128(1)),
                    practitioner_id: None,
                    organization_id: None,
                    documents: Vec::new(),
                };
                for _ in 0..2 {
                    let answer = bases.source.access_bases(std::slice::from_ref(&query));
                    assert_eq!(answer.await.unwrap(), [Arc::default()]);
                }
                let canary = Canary::new(bases.store, bases.source, environment);
                assert_eq!(canary.sing().await.unwrap(), Round::Fresh);
            }
        }
    }

    /// Two instances, each polling for itself, and an operator who loads beside them.
    #[tokio::test]
    async fn a_loaded_matrix_holds_on_every_instance_when_the_load_returns() {
        for database in test_databases("consent.server.bases.matrices").await {
            migrate::migrate::<Migrator>(&database.db).await.unwrap();
            let (config, environment) = (CacheConfig::default(), Environment::system());
            let stop = CancellationToken::new();
            let mut instances = Vec::new();
            let mut polls = Vec::new();
            for _ in 0..2 {
                let bases = open(
                    &config,
                    database.config(),
                    &database.db,
                    &environment,
                    true,
                    Policy::new(Matrix::example()),
                );
                let bases = bases.await.unwrap();
                let poller = bases.poller.unwrap();
                polls.push(tokio::spawn(poller.run(stop.clone())));
                instances.push(bases.policies);
            }
            let caller = CallerId::parse("operator").unwrap();
            let operator = SqlStore::with_fence(database.db.clone(), ChangeFence::replicated());
            for number in 0..8 {
                let now = environment.clock.now();
                let content = format!("revision = 'loaded-{number}'");
                let matrix = LoadedMatrix::new(content, None, now).unwrap();
                let cx = RequestContext::for_service(&environment, caller.clone());
                let request_id = RequestId::new(environment.random.as_ref());
                let write = Write::new(&cx, "consent.load_matrix", request_id, &number);
                let trace = |_, _: &LoadedMatrix| {
                    Ok(cx.event(EventKind::PolicyMatrixLoaded, Outcome::Success))
                };
                let loaded = operator.load_matrix(&write, &matrix, &trace).await;
                assert_eq!(loaded.unwrap(), matrix);
                for instance in &instances {
                    let policies = instance.policies().await.unwrap();
                    let expected = format!("2/loaded-{number}");
                    assert_eq!(policies.in_force(now).revision(), expected);
                }
            }
            stop.cancel();
            for poll in polls {
                poll.await.unwrap();
            }
        }
    }

    /// Two instances, and a third one that hears first of two entries being one human.
    #[tokio::test]
    async fn a_merge_holds_on_every_instance_when_it_was_taken_in() {
        for database in test_databases("consent.server.bases.merges").await {
            migrate::migrate::<Migrator>(&database.db).await.unwrap();
            let (config, environment) = (CacheConfig::default(), Environment::system());
            let stop = CancellationToken::new();
            let mut instances = Vec::new();
            let mut polls = Vec::new();
            for _ in 0..2 {
                let policy = Policy::new(Matrix::example());
                let (config, database) = (&config, &database);
                let (db, settings) = (&database.db, database.config());
                let bases = open(config, settings, db, &environment, true, policy);
                let bases = bases.await.unwrap();
                let poller = bases.poller.unwrap();
                polls.push(tokio::spawn(poller.run(stop.clone())));
                instances.push(bases.source);
            }
            let first = SqlStore::with_fence(database.db.clone(), ChangeFence::replicated());
            let id = |number| PractitionerId::from_uuid(Uuid::from_u128(number));
            let query = AccessQuery {
                patient_id: PatientId::from_uuid(Uuid::from_u128(1)),
                practitioner_id: Some(id(2)),
                organization_id: None,
                documents: Vec::new(),
            };
            let mut after = Identities::<PractitionerId>::followed_to(&first)
                .await
                .unwrap();
            for round in 0..8 {
                let is_merge = round % 2 == 0;
                let change = if is_merge {
                    let (source, target) = (id(3), id(2));
                    IdentityChange::Merged { source, target }
                } else {
                    IdentityChange::Unmerged { source: id(3) }
                };
                let learnt = Learnt {
                    after,
                    cursor: ChangeCursor::from_text(round.to_string()),
                    change: Some(change),
                };
                after = first.learn(&learnt).await.unwrap();
                assert_eq!(after, learnt.cursor);
                for instance in &instances {
                    let bases = instance.access_bases(std::slice::from_ref(&query)).await;
                    let expected: &[_] = if is_merge { &[id(3)] } else { &[] };
                    assert_eq!(bases.unwrap()[0].other_ids, expected, "round {round}");
                }
            }
            stop.cancel();
            for poll in polls {
                poll.await.unwrap();
            }
        }
    }

    /// Two instances that answer about a patient under one identifier, and a third one that
    /// writes under the other.
    #[tokio::test]
    async fn a_change_under_one_identifier_of_a_patient_holds_under_the_other_when_it_returned() {
        for database in test_databases("consent.server.bases.patients").await {
            migrate::migrate::<Migrator>(&database.db).await.unwrap();
            let (config, environment) = (CacheConfig::default(), Environment::system());
            let stop = CancellationToken::new();
            let mut instances = Vec::new();
            let mut polls = Vec::new();
            for _ in 0..2 {
                let policy = Policy::new(Matrix::example());
                let (config, database) = (&config, &database);
                let (db, settings) = (&database.db, database.config());
                let bases = open(config, settings, db, &environment, true, policy);
                let bases = bases.await.unwrap();
                let poller = bases.poller.unwrap();
                polls.push(tokio::spawn(poller.run(stop.clone())));
                instances.push(bases.source);
            }
            let third = SqlStore::with_fence(database.db.clone(), ChangeFence::replicated());
            let patient = |number| PatientId::from_uuid(Uuid::from_u128(number));
            let (source, target) = (patient(3), patient(4));
            let learnt = Learnt {
                after: ChangeCursor::start(),
                cursor: ChangeCursor::from_text("1".to_owned()),
                change: Some(IdentityChange::Merged { source, target }),
            };
            let query = AccessQuery {
                patient_id: target,
                practitioner_id: None,
                organization_id: None,
                documents: Vec::new(),
            };
            let known = async || {
                let mut known = Vec::new();
                for instance in &instances {
                    let bases = instance.access_bases(std::slice::from_ref(&query)).await;
                    known.push(bases.unwrap()[0].record.map(|record| record.open));
                }
                known
            };
            assert_eq!(known().await, [None, None]);
            third.learn(&learnt).await.unwrap();
            let cx = RequestContext::for_service(&environment, CallerId::parse("gateway").unwrap());
            for round in 0..8 {
                let now = environment.clock.now();
                let rule = |record: &Option<Record>| {
                    let value = match record {
                        None => Some(Record::opened(source, now)),
                        Some(record) if record.is_open() => record.close(now),
                        Some(record) => record.reopen(),
                    };
                    let event = cx.event(EventKind::RecordOpened, Outcome::Success);
                    Ok(value.map(|value| Change { value, event }))
                };
                let request_id = RequestId::new(environment.random.as_ref());
                let write = Write::new(&cx, "consent.test", request_id, &round);
                third.change_record(&write, source, &rule).await.unwrap();
                let expected = Some(round % 2 == 0);
                assert_eq!(known().await, [expected, expected], "round {round}");
            }
            stop.cancel();
            for poll in polls {
                poll.await.unwrap();
            }
        }
    }
}
