//! The handle that a store holds.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use sea_orm::{DatabaseConnection, DbBackend};
use sqlx::postgres::PgConnectOptions;
use tokio::sync::watch;

use crate::connect::{self, Connections, Session, Statements};
use crate::presence::Presence;
use crate::{DatabaseConfig, DatabaseError};

/// The engine behind a [`Database`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Backend {
    /// A file, or memory, of this process alone.
    Sqlite,
    /// A server, shared by the replicas of a service.
    Postgres,
}

/// One service's database. Cloning is cheap and gives the same connections.
///
/// Reads go through [`Self::reader`], or [`Self::snapshot`] when several must
/// agree; changes through [`Self::transaction`], never otherwise.
#[derive(Clone)]
pub struct Database {
    inner: Arc<Inner>,
}

struct Inner {
    connections: Connections,
    /// How it is asked whether it answers; none on SQLite.
    presence: Option<Presence>,
    backend: Backend,
    schema: Option<String>,
    /// How many changes this process has committed; see [`Database::commits`].
    commits: watch::Sender<u64>,
}

impl Database {
    /// Opens the connections that `config` describes. Changes nothing in the
    /// database, except that SQLite creates a missing file if the URL says
    /// `mode=rwc`; the tables come from [`crate::migrate::migrate`].
    ///
    /// Boxed, so that the drivers' code is compiled here and not again in each service.
    #[must_use = "a future does nothing before it is awaited"]
    pub fn connect(
        config: &DatabaseConfig,
    ) -> Pin<Box<dyn Future<Output = Result<Self, DatabaseError>> + Send + '_>> {
        Box::pin(Self::open(config, Statements::Bounded))
    }

    /// The same for an operator's command that looks at everything there is: a statement may
    /// take as long as it takes, which grows with the tables.
    #[must_use = "a future does nothing before it is awaited"]
    pub fn connect_for_command(
        config: &DatabaseConfig,
    ) -> Pin<Box<dyn Future<Output = Result<Self, DatabaseError>> + Send + '_>> {
        Box::pin(Self::open(config, Statements::AsLongAsTheyTake))
    }

    async fn open(config: &DatabaseConfig, statements: Statements) -> Result<Self, DatabaseError> {
        let connections = connect::open(config, statements).await?;
        let backend = match connections.writer.get_database_backend() {
            DbBackend::Postgres => Backend::Postgres,
            _ => Backend::Sqlite,
        };
        let presence = (backend == Backend::Postgres).then(|| presence(&connections));
        let inner = Inner {
            connections,
            presence,
            backend,
            schema: config.schema.clone(),
            commits: watch::Sender::new(0),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Where single statements read. On SQLite it refuses to write; on PostgreSQL
    /// it could, and must not be asked to.
    ///
    /// Never use it inside a transaction's closure: an SQLite database in memory
    /// has one connection, which the transaction already holds.
    #[must_use]
    pub fn reader(&self) -> &DatabaseConnection {
        &self.inner.connections.reader
    }

    /// The engine, for the few places where the SQL must differ.
    #[must_use]
    pub fn backend(&self) -> Backend {
        self.inner.backend
    }

    /// Ticks after each change that this process commits, so that whoever polls
    /// the database can look at once. Other processes' commits do not tick.
    #[must_use]
    pub fn commits(&self) -> watch::Receiver<u64> {
        self.inner.commits.subscribe()
    }

    /// Whether the database answers: for readiness, never for liveness. On PostgreSQL it is
    /// asked over a connection of its own: that calls use all the others up says nothing of
    /// the database, and whoever was told so would send them to instances that have no more.
    pub async fn ping(&self) -> Result<(), DatabaseError> {
        match &self.inner.presence {
            Some(presence) => Ok(presence.ask().await?),
            None => Ok(self.reader().ping().await?),
        }
    }

    /// Closes the connections once their current users are done with them.
    pub async fn close(&self) -> Result<(), DatabaseError> {
        if let Some(presence) = &self.inner.presence {
            presence.close().await?;
        }
        self.reader().close_by_ref().await?;
        Ok(self.writer().close_by_ref().await?)
    }

    /// Has a test hear of every statement, with its text and without its values. Whoever
    /// had a copy of the handle before would not be heard.
    pub(crate) fn hear_statements(&mut self, hear: impl Fn(&str) + Clone + Send + Sync + 'static) {
        let inner = Arc::get_mut(&mut self.inner).expect("nobody has a copy of the handle yet");
        let connections = &mut inner.connections;
        for connection in [&mut connections.writer, &mut connections.reader] {
            let hear = hear.clone();
            connection.set_metric_callback(move |info| hear(&info.statement.sql));
        }
    }

    pub(crate) fn writer(&self) -> &DatabaseConnection {
        &self.inner.connections.writer
    }

    /// The PostgreSQL schema of the tables; without one, `public`.
    pub(crate) fn schema(&self) -> Option<&str> {
        self.inner.schema.as_deref()
    }

    /// What a session of the pool is told before it is used; nothing on SQLite.
    pub(crate) fn session(&self) -> Option<&Session> {
        self.inner.connections.session.as_ref()
    }

    pub(crate) fn announce_commit(&self) {
        self.inner.commits.send_modify(|count| *count += 1);
    }
}

fn presence(connections: &Connections) -> Presence {
    let pool = connections.writer.get_postgres_connection_pool();
    Presence::new(PgConnectOptions::clone(&pool.connect_options()))
}

impl fmt::Debug for Database {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Database")
            .field("backend", &self.inner.backend)
            .field("schema", &self.inner.schema)
            .finish_non_exhaustive()
    }
}
