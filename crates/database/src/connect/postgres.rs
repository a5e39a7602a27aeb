//! PostgreSQL: one pool for reading and writing.
//!
//! What a session is to be is said by statements once it is there, and not by what the
//! connection begins with (`options`), which a pooler of sessions refuses or forgets.

use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, Executor as _};

use super::{Connections, Statements, pool, quiet_options};
use crate::{DatabaseConfig, DatabaseError};

/// What every session of a database is told before anybody uses it.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    schema: Option<String>,
    /// The longest statement; none: as long as it takes, for whoever migrates or counts.
    statement_timeout: Option<Duration>,
    /// The longest standstill in a transaction; none: whoever migrates may stand as long as it
    /// takes.
    standstill: Option<Duration>,
    /// How long a statement may wait for a lock; none: as long as it may take.
    lock_timeout: Option<Duration>,
}

/// How long a transaction may stand still in the middle before PostgreSQL ends it: what
/// stopped there, a process or a network, holds rows that others wait for.
const LONGEST_STANDSTILL: Duration = Duration::from_mins(1);

/// How long a migration waits for a lock before it lets the others pass: less than a statement
/// of theirs may take.
const LONGEST_WAIT_OF_A_MIGRATION: Duration = Duration::from_secs(2);

impl Session {
    fn of(config: &DatabaseConfig, statements: Statements) -> Self {
        Self {
            schema: config.schema.clone(),
            statement_timeout: match statements {
                Statements::Bounded => Some(config.statement_timeout()),
                Statements::AsLongAsTheyTake => None,
            },
            standstill: Some(LONGEST_STANDSTILL),
            lock_timeout: None,
        }
    }

    /// The same for work that takes as long as it takes, once it has begun: whoever waits for
    /// a table behind a reader is in the way of everybody who comes after.
    pub(crate) fn of_migration(&self) -> Self {
        Self {
            schema: self.schema.clone(),
            statement_timeout: None,
            standstill: None,
            lock_timeout: Some(LONGEST_WAIT_OF_A_MIGRATION),
        }
    }

    /// Sessions of the pool are told so before they are lent for the first time.
    pub(crate) fn told_to(&self, pool: PgPoolOptions) -> PgPoolOptions {
        let statements = self.statements();
        pool.after_connect(move |session, _| {
            let statements = AssertSqlSafe(statements.clone());
            Box::pin(async move { session.execute(statements).await.map(drop) })
        })
    }

    /// In one round trip.
    fn statements(&self) -> String {
        let [statement, standstill] = [self.statement_timeout, self.standstill]
            .map(|timeout| timeout.unwrap_or_default().as_millis());
        // Compiling a plan takes longer than what most statements here take; of the few that
        // take long the estimates are too rough to tell when it would pay.
        let path = self.schema.as_ref().map(|schema| {
            // The name was checked to be a plain identifier when the configuration was.
            format!("; SET search_path = \"{schema}\"")
        });
        let lock = self.lock_timeout.map(|longest| {
            let longest = longest.as_millis();
            format!("; SET lock_timeout = {longest}")
        });
        format!(
            "SET statement_timeout = {statement}; \
             SET idle_in_transaction_session_timeout = {standstill}; SET jit = off{}{}",
            lock.unwrap_or_default(),
            path.unwrap_or_default()
        )
    }
}

pub(super) async fn open(
    config: &DatabaseConfig,
    statements: Statements,
) -> Result<Connections, DatabaseError> {
    if let Some(exposed) = config.exposed()? {
        tracing::warn!("{}", exposed.said());
    }
    let connect = connect_options(config)?;
    let session = Session::of(config, statements);
    let told = session.clone();
    let mut options = quiet_options("postgres://configured", config);
    options
        .max_connections(config.max_connections)
        .map_sqlx_postgres_opts(move |_| connect.clone())
        .map_sqlx_postgres_pool_opts(move |pool| told.told_to(pool));
    let pool = pool(options).await?;
    Ok(Connections {
        writer: pool.clone(),
        reader: pool,
        session: Some(session),
    })
}

fn connect_options(config: &DatabaseConfig) -> Result<PgConnectOptions, DatabaseError> {
    let mut connect = config.connect_options()?;
    if let Some(path) = &config.password_file {
        let password = std::fs::read_to_string(path).map_err(|_| DatabaseError::Configuration {
            key: "password_file",
            rule: "is a readable text file",
        })?;
        connect = connect.password(password.trim_end_matches(['\r', '\n']));
    }
    Ok(connect
        .application_name("aval")
        // PostgreSQL writes them exactly since 12; a pooler refuses to be told.
        .extra_float_digits(None)
        .disable_statement_logging())
}
