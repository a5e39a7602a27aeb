use std::time::Duration;

use sea_orm::{ConnectionTrait, Statement, TransactionTrait};

use sqlx::postgres::PgConnectOptions;

use crate::presence::Presence;
use crate::testing::TestDatabase;
use crate::{Database, DatabaseConfig, DatabaseError};

#[tokio::test]
async fn sqlite_syncs_each_commit_and_enforces_references() {
    let test = TestDatabase::sqlite().await;
    let pragma = async |name: &str| {
        let sql = format!("PRAGMA {name}");
        let statement = Statement::from_string(sea_orm::DbBackend::Sqlite, sql);
        let row = test
            .db
            .writer()
            .query_one_raw(statement)
            .await
            .unwrap()
            .unwrap();
        row.try_get_by_index::<String>(0)
            .or_else(|_| {
                row.try_get_by_index::<i64>(0)
                    .map(|number| number.to_string())
            })
            .unwrap()
    };
    assert_eq!(pragma("journal_mode").await, "wal");
    assert_eq!(pragma("synchronous").await, "2");
    assert_eq!(pragma("foreign_keys").await, "1");
}

#[tokio::test]
async fn sqlite_plans_a_statement_by_its_text_alone() {
    let test = TestDatabase::sqlite().await;
    let options = Statement::from_string(sea_orm::DbBackend::Sqlite, "PRAGMA compile_options");
    let rows = test.db.reader().query_all_raw(options).await.unwrap();
    let options: Vec<String> = rows
        .iter()
        .map(|row| row.try_get_by_index(0).unwrap())
        .collect();
    for expected in ["ENABLE_QPSG", "DEFAULT_MEMSTATUS=0"] {
        assert!(options.iter().any(|one| one == expected), "{options:?}");
    }
}

#[tokio::test]
async fn the_reader_of_a_file_refuses_to_write() {
    let test = TestDatabase::sqlite().await;
    let refused = test
        .db
        .reader()
        .execute_unprepared("CREATE TABLE t (id INT)")
        .await;
    assert!(refused.is_err());
    let allowed = test
        .db
        .writer()
        .execute_unprepared("CREATE TABLE t (id INT)")
        .await;
    assert!(allowed.is_ok());
}

#[tokio::test]
async fn a_database_in_memory_is_one_for_reading_and_writing() {
    let db = Database::connect(&DatabaseConfig::for_url("sqlite::memory:"))
        .await
        .unwrap();
    db.transaction("test.create", async |tx| {
        tx.execute_unprepared("CREATE TABLE t (id INT)").await?;
        Ok::<_, DatabaseError>(())
    })
    .await
    .unwrap();
    assert!(
        db.reader()
            .execute_unprepared("SELECT * FROM t")
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_file_that_must_not_be_created_is_unavailable() {
    let missing = DatabaseConfig::for_url("sqlite:///nowhere/at/all.sqlite");
    let failure = Database::connect(&missing).await.unwrap_err();
    assert!(
        matches!(failure, DatabaseError::Unavailable { .. }),
        "{failure:?}"
    );
}

#[tokio::test]
async fn an_unreadable_password_file_is_a_configuration_error() {
    let config = DatabaseConfig {
        password_file: Some("/nowhere/at/all".into()),
        ..DatabaseConfig::for_url("postgres://aval@127.0.0.1:1/aval")
    };
    let failure = Database::connect(&config).await.unwrap_err();
    assert!(
        matches!(failure, DatabaseError::Configuration { .. }),
        "{failure:?}"
    );
}

#[tokio::test]
async fn a_session_of_postgres_is_as_configured() {
    let name = concat!(module_path!(), "::a_session_of_postgres_is_as_configured");
    let Some(test) = TestDatabase::postgres(name).await else {
        return crate::conformance::say_not_run(name);
    };
    assert_eq!(settings(&test.db).await, ["10s", "1min", "off"]);
}

#[tokio::test]
async fn a_command_s_statement_takes_as_long_as_it_takes_and_stands_still_no_longer() {
    let name = concat!(module_path!(), "::a_command_s_statement");
    let Some(test) = TestDatabase::postgres(name).await else {
        return crate::conformance::say_not_run(name);
    };
    let db = Database::connect_for_command(test.config()).await.unwrap();
    assert_eq!(settings(&db).await, ["0", "1min", "off"]);
}

async fn settings(db: &Database) -> Vec<String> {
    let mut values = Vec::new();
    for setting in [
        "statement_timeout",
        "idle_in_transaction_session_timeout",
        "jit",
    ] {
        let show = Statement::from_string(sea_orm::DbBackend::Postgres, format!("SHOW {setting}"));
        let row = db.writer().query_one_raw(show).await.unwrap().unwrap();
        values.push(row.try_get_by_index::<String>(0).unwrap());
    }
    values
}

#[tokio::test]
async fn a_database_whose_connections_are_all_in_use_answers_that_it_is_there() {
    let name = "connections_that_are_all_in_use";
    let Some(test) = TestDatabase::postgres(name).await else {
        return crate::conformance::say_not_run(name);
    };
    let mut in_use = Vec::new();
    for _ in 0..test.config().max_connections {
        in_use.push(test.db.writer().begin().await.unwrap());
    }
    // Again and again: it is the same connection.
    for _ in 0..5 {
        let asked = tokio::time::timeout(Duration::from_secs(1), test.db.ping());
        asked.await.expect("it answers at once").unwrap();
    }
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_not_there_until_it_does() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let options = PgConnectOptions::new().host("127.0.0.1").port(port);
    let presence = Presence::new(options);
    // Whoever gives up is in nobody's way.
    for _ in 0..2 {
        let asked = tokio::time::timeout(Duration::from_millis(100), presence.ask());
        assert!(asked.await.is_err(), "nobody answers");
    }
    drop(silent);
    assert!(presence.ask().await.is_err());
}
