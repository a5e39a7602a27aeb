//! Bounds on how long a database may say nothing.

use std::time::Duration;

use sea_orm::{ConnAcquireErr, DbErr};

use crate::DatabaseError;

/// A database that says nothing for so long is lost. A statement may take less
/// ([`crate::DatabaseConfig`]), so whoever waits so long waits for a network.
pub const LONGEST_SILENCE: Duration = Duration::from_secs(30);

/// What the database answers within [`LONGEST_SILENCE`]; after it, that it is not there. A cut
/// network never says so: whatever no caller's deadline stops must be stopped by this.
///
/// As after [`DatabaseError::Unavailable`] from the database itself, what was asked may have
/// been done nevertheless, or may still be done.
pub async fn answered<T, E: From<DatabaseError>>(
    asking: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    answered_within(LONGEST_SILENCE, asking).await
}

/// The same within another time.
pub async fn answered_within<T, E: From<DatabaseError>>(
    longest: Duration,
    asking: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let silent = || DatabaseError::from(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout));
    tokio::time::timeout(longest, asking)
        .await
        .unwrap_or_else(|_| Err(silent().into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_database_that_says_nothing_is_not_there() {
        let silence = std::future::pending::<Result<(), DatabaseError>>();
        let asked = answered_within(Duration::from_millis(10), silence);
        let error = asked.await.unwrap_err();
        assert!(
            matches!(error, DatabaseError::Unavailable { .. }),
            "{error:?}"
        );
    }

    #[tokio::test]
    async fn whatever_it_says_in_time_is_its_answer() {
        let slow = async {
            tokio::time::sleep(Duration::from_millis(10)).await;
            Ok::<_, DatabaseError>(7)
        };
        assert_eq!(answered(slow).await.unwrap(), 7);
    }
}
