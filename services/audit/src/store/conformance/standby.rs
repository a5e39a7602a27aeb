//! Lists are read from a standby only while it has everything.

use std::time::{Duration, Instant};

use aval_database::{Database, DatabaseConfig, migrate};
use aval_domain::event::{Event, EventKind};
use aval_domain::id::{EventId, PatientId};
use aval_testing::postgres::PostgresServer;

use super::fixture::{Fixture, Hand};
use crate::erasure::Target;
use crate::query::{Filter, Scope};
use crate::store::sql::{Migrator, Standby};

/// How long a standby may take to catch up.
const PATIENCE: Duration = Duration::from_mins(1);

struct Followed {
    fixture: Fixture,
    standby: Standby,
    primary_server: PostgresServer,
    standby_server: PostgresServer,
}

fn config_of(server: &PostgresServer) -> DatabaseConfig {
    let port = server.port();
    DatabaseConfig::for_url(format!("postgres://postgres@127.0.0.1:{port}/postgres"))
}

impl Followed {
    async fn start(test: &str) -> Option<Self> {
        let primary_server = PostgresServer::start(test)?;
        let db = Database::connect(&config_of(&primary_server))
            .await
            .unwrap();
        migrate::migrate::<Migrator>(&db).await.unwrap();
        let standby_server = primary_server.synchronous_standby();
        let standby = Standby::new(config_of(&standby_server));
        let mut fixture = Fixture::new(db);
        fixture.store = fixture.store.with_lists_from(Some(standby.clone()));
        Some(Self {
            fixture,
            standby,
            primary_server,
            standby_server,
        })
    }

    async fn is_level(&self) -> bool {
        let level = self.standby.level_with(&self.fixture.db).await;
        level.unwrap().is_some()
    }

    async fn until_level(&self) {
        let begun = Instant::now();
        while !self.is_level().await {
            assert!(begun.elapsed() < PATIENCE, "the standby never catches up");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn record(&self, hand: &mut Hand, patient: PatientId) -> Event {
        let mut event = self.fixture.sample.of_service(EventKind::GrantCreated);
        event.patient_id = Some(patient);
        let events = [event];
        self.fixture.append(hand, &events).await;
        let [event] = events;
        event
    }

    async fn history(&self, patient: PatientId) -> Vec<EventId> {
        let scope = Scope::Patient(patient);
        let entries = self.fixture.list(scope, Filter::default()).await;
        let events = entries.into_iter().map(|entry| entry.open().unwrap().event);
        events.map(|event| event.event_id).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_that_lags_or_is_away_hides_nothing() {
    let test = "audit::a_standby_that_lags_or_is_away_hides_nothing";
    let Some(mut followed) = Followed::start(test).await else {
        return;
    };
    let mut hand = followed.fixture.take_over().await;
    let patient = followed.fixture.sample.patient_id();
    let first = followed.record(&mut hand, patient).await;
    followed.until_level().await;
    assert_eq!(followed.history(patient).await, [first.event_id]);

    // It receives what is recorded, and does not show it.
    followed.standby_server.tell("SELECT pg_wal_replay_pause()");
    let second = followed.record(&mut hand, patient).await;
    assert!(!followed.is_level().await);
    let both = [second.event_id, first.event_id];
    assert_eq!(followed.history(patient).await, both);
    followed
        .standby_server
        .tell("SELECT pg_wal_replay_resume()");
    followed.until_level().await;
    assert_eq!(followed.history(patient).await, both);

    // What is erased is not shown there any more either.
    followed.standby_server.tell("SELECT pg_wal_replay_pause()");
    let target = Target::Patient(patient);
    followed.fixture.erase(&mut hand, target).await;
    let left = followed.history(patient).await;
    assert!(both.iter().all(|erased| !left.contains(erased)), "{left:?}");
    followed
        .standby_server
        .tell("SELECT pg_wal_replay_resume()");
    followed.until_level().await;
    assert_eq!(followed.history(patient).await, left);

    let alone = "ALTER SYSTEM SET synchronous_standby_names = ''";
    followed.primary_server.tell(alone);
    followed.primary_server.tell("SELECT pg_reload_conf()");
    followed.standby_server.kill();
    let other = followed.fixture.sample.patient_id();
    let third = followed.record(&mut hand, other).await;
    assert!(!followed.is_level().await);
    assert_eq!(followed.history(other).await, [third.event_id]);
}
