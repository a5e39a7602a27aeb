//! Whether a PostgreSQL answers, whatever its pool is busy with.

use sqlx::Connection as _;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use tokio::sync::Mutex;

/// One connection beside the pool's, opened when it is first needed, and kept while it answers.
pub(crate) struct Presence {
    options: PgConnectOptions,
    kept: Mutex<Option<PgConnection>>,
}

impl Presence {
    pub(crate) fn new(options: PgConnectOptions) -> Self {
        Self {
            options,
            kept: Mutex::new(None),
        }
    }

    /// Waits for an answer. Whoever gives up waiting leaves nothing behind: the next one opens
    /// a connection, which may lead to another server.
    pub(crate) async fn ask(&self) -> sqlx::Result<()> {
        let mut kept = self.kept.lock().await;
        if let Some(mut session) = kept.take()
            && session.ping().await.is_ok()
        {
            *kept = Some(session);
            return Ok(());
        }
        // The server may have been started again since.
        let mut session = PgConnection::connect_with(&self.options).await?;
        session.ping().await?;
        *kept = Some(session);
        Ok(())
    }

    pub(crate) async fn close(&self) -> sqlx::Result<()> {
        match self.kept.lock().await.take() {
            Some(session) => session.close().await,
            None => Ok(()),
        }
    }
}
