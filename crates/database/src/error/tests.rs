use sea_orm::ConnectionTrait;

use super::*;
use crate::testing::{TestDatabase, test_databases};
use crate::{Database, DatabaseConfig};

const TABLES: [&str; 3] = [
    "CREATE TABLE parents (id BIGINT CONSTRAINT parents_pkey PRIMARY KEY, \
     name TEXT NOT NULL CHECK (name <> ''))",
    "CREATE UNIQUE INDEX parents_name_key ON parents (name)",
    "CREATE TABLE children (id BIGINT PRIMARY KEY, parent_id BIGINT REFERENCES parents (id))",
];

/// Runs the statements, and gives the failure of the last of them.
async fn failure_of(test: &TestDatabase, statements: &[&str]) -> DatabaseError {
    for create in TABLES {
        test.db.writer().execute_unprepared(create).await.unwrap();
    }
    let (last, first) = statements.split_last().unwrap();
    for statement in first {
        test.db
            .writer()
            .execute_unprepared(statement)
            .await
            .unwrap();
    }
    let failure = test.db.writer().execute_unprepared(last).await;
    failure.unwrap_err().into()
}

#[tokio::test]
async fn a_second_row_with_a_key_violates_that_constraint_and_no_other() {
    for test in test_databases("a_second_row_with_a_key").await {
        let insert = |id| format!("INSERT INTO parents VALUES ({id}, 'durand')");
        let failure = failure_of(&test, &[&insert(1), &insert(2)]).await;
        assert!(failure.violates_unique("parents_name_key", "parents", &["name"]));
        assert!(!failure.violates_unique("parents_pkey", "parents", &["id"]));
        assert!(!failure.is_retryable());
    }
}

#[tokio::test]
async fn a_child_without_parent_violates_a_foreign_key() {
    for test in test_databases("a_child_without_parent").await {
        let failure = failure_of(&test, &["INSERT INTO children VALUES (1, 404)"]).await;
        assert!(
            matches!(failure, DatabaseError::ForeignKey { .. }),
            "{failure:?}"
        );
    }
}

#[tokio::test]
async fn a_broken_check_is_a_defect_and_its_text_shows_no_value() {
    for test in test_databases("a_broken_check").await {
        let failure = failure_of(&test, &["INSERT INTO parents VALUES (77, '')"]).await;
        assert!(
            matches!(failure, DatabaseError::Other { .. }),
            "{failure:?}"
        );
        assert_eq!(failure.to_string(), "the database failed");
        assert!(failure.engine_code().is_some());
    }
}

#[tokio::test]
async fn a_statement_beyond_its_time_is_unavailable() {
    let Some(test) = TestDatabase::postgres("a_statement_beyond_its_time").await else {
        return crate::conformance::say_not_run("a_statement_beyond_its_time_is_unavailable");
    };
    let config = DatabaseConfig {
        statement_timeout_ms: 20,
        ..test.config().clone()
    };
    let db = Database::connect(&config).await.unwrap();
    let failure = db.reader().execute_unprepared("SELECT pg_sleep(60)").await;
    let failure = DatabaseError::from(failure.unwrap_err());
    assert!(
        matches!(failure, DatabaseError::Unavailable { .. }),
        "{failure:?}"
    );
    assert_eq!(failure.engine_code().as_deref(), Some("57014"));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let config = DatabaseConfig {
        acquire_timeout_ms: 100,
        ..DatabaseConfig::for_url("postgres://nobody@127.0.0.1:1/none")
    };
    let failure = Database::connect(&config).await.unwrap_err();
    assert!(
        matches!(failure, DatabaseError::Unavailable { .. }),
        "{failure:?}"
    );
}

#[test]
fn a_corrupt_row_is_named_to_the_operator_and_not_in_the_sentence() {
    let failure = DatabaseError::corrupt("grants", "period", &"0190-secret");
    assert_eq!(
        failure.to_string(),
        "a stored row cannot be read: grants.period"
    );
    assert!(format!("{failure:?}").contains("0190-secret"));
}
