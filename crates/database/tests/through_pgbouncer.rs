//! Everything that sessions are used for, through a PgBouncer that pools sessions.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use aval_database::migrate::{self, MigratorTrait, Steps};
use aval_database::outbox::CreateOutbox;
use aval_database::requests::CreateRequests;
use aval_database::{Database, DatabaseConfig, DatabaseError, ExclusiveLock};
use aval_testing::pgbouncer::PgBouncer;
use aval_testing::postgres::PostgresServer;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use sea_orm_migration::MigrationTrait;

struct Service;

impl MigratorTrait for Service {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(CreateRequests), Box::new(CreateOutbox)]
    }
}

impl Steps for Service {}

struct Pooled {
    _server: PostgresServer,
    bouncer: PgBouncer,
}

impl Pooled {
    fn start(test: &str, sessions: u32) -> Option<Self> {
        let server = PostgresServer::start(test)?;
        let bouncer = PgBouncer::start(test, &server, "postgres", sessions)?;
        Some(Self {
            _server: server,
            bouncer,
        })
    }

    fn config(&self, schema: Option<&str>) -> DatabaseConfig {
        let port = self.bouncer.port();
        DatabaseConfig {
            schema: schema.map(str::to_owned),
            max_connections: 2,
            ..DatabaseConfig::for_url(format!("postgres://any@127.0.0.1:{port}/postgres"))
        }
    }

    async fn connect(&self, schema: Option<&str>) -> Database {
        Database::connect(&self.config(schema)).await.unwrap()
    }
}

async fn answer(db: &Database, sql: &str) -> String {
    let asked = Statement::from_string(DbBackend::Postgres, sql);
    let row = db.reader().query_one_raw(asked).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_configured_holds_in_a_session_and_not_in_the_next_that_has_it() {
    let Some(pooled) = Pooled::start("what_is_configured_holds", 2) else {
        return;
    };
    let config = DatabaseConfig {
        statement_timeout_ms: 50,
        ..pooled.config(Some("own"))
    };
    let db = Database::connect(&config).await.unwrap();
    assert_eq!(answer(&db, "SHOW search_path").await, "own");
    assert_eq!(answer(&db, "SHOW statement_timeout").await, "50ms");
    assert_eq!(answer(&db, "SHOW jit").await, "off");
    let stopped = db.reader().execute_unprepared("SELECT pg_sleep(60)").await;
    assert!(stopped.is_err());
    db.close().await.unwrap();

    // It gets a session of the server that was the other's.
    let db = pooled.connect(None).await;
    assert_eq!(answer(&db, "SHOW search_path").await, "\"$user\", public");
    assert_eq!(answer(&db, "SHOW statement_timeout").await, "10s");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_is_migrated_and_served() {
    let Some(pooled) = Pooled::start("a_schema_is_migrated", 20) else {
        return;
    };
    let db = pooled.connect(Some("own")).await;
    migrate::migrate::<Service>(&db).await.unwrap();
    let other = pooled.connect(Some("own")).await;
    assert_eq!(migrate::require_fit::<Service>(&other).await.unwrap(), 0);
    let held = db
        .snapshot::<_, DatabaseError, _>("test.count", async |tx| {
            let count = "SELECT count(*)::text FROM requests";
            let count = Statement::from_string(DbBackend::Postgres, count);
            Ok(tx.query_one_raw(count).await?.unwrap())
        })
        .await
        .unwrap();
    assert_eq!(held.try_get_by_index::<String>(0).unwrap(), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_is_one_holders_until_they_or_their_pooler_end() {
    let Some(mut pooled) = Pooled::start("a_lock_is_one_holders", 20) else {
        return;
    };
    let one = pooled.connect(None).await;
    let other = pooled.connect(None).await;
    let mut held = ExclusiveLock::acquire(&one, "test").await.unwrap();
    let waiting = tokio::spawn(async move {
        let lock = ExclusiveLock::acquire(&other, "test").await;
        (other, lock)
    });
    held.verify().await.unwrap();
    assert!(!waiting.is_finished());
    held.release().await.unwrap();
    let (other, lock) = waiting.await.unwrap();
    let mut held = lock.unwrap();
    held.verify().await.unwrap();

    pooled.bouncer.kill();
    assert!(held.verify().await.is_err());
    pooled.bouncer.start_again();
    let mut held = ExclusiveLock::acquire(&other, "test").await.unwrap();
    held.verify().await.unwrap();
}
