//! The floor below every durable answer: what the database does alone.

use std::path::Path;
use std::sync::Arc;

use aval_database::baseline::SingleRowInserts;
use aval_database::{Database, DatabaseConfig};

use super::Contender;
use crate::bench::load::{Caller, Callers, Calling, Failure};
use crate::stack::Engines;

/// As many callers as the others have, each inserting one row in one durable
/// transaction after the other, in this process.
pub(crate) struct RawInsertContender {
    inserts: SingleRowInserts,
    payload: Arc<str>,
}

/// About as long as an event of the trail in its JSON form, in bytes.
const PAYLOAD_LENGTH: usize = 600;

impl RawInsertContender {
    /// Makes a table in the engine of the services: in this file where it is SQLite, else
    /// over a connection for each of so many callers.
    pub(crate) async fn create(
        engines: &Engines,
        file: &Path,
        callers: u32,
    ) -> anyhow::Result<Self> {
        let config = match &engines.postgres {
            Some(url) => DatabaseConfig {
                max_connections: callers.clamp(2, 1_000),
                ..DatabaseConfig::for_url(url)
            },
            None => DatabaseConfig::for_url(format!("sqlite://{}?mode=rwc", file.display())),
        };
        let db = Database::connect(&config).await?;
        Ok(Self {
            inserts: SingleRowInserts::prepare(&db).await?,
            payload: "x".repeat(PAYLOAD_LENGTH).into(),
        })
    }
}

#[tonic::async_trait]
impl Contender for RawInsertContender {
    async fn callers(&self, count: usize) -> anyhow::Result<Callers> {
        let caller = || Inserter {
            inserts: self.inserts.clone(),
            payload: Arc::clone(&self.payload),
        };
        let callers = std::iter::repeat_with(|| Box::new(caller()) as Box<dyn Caller>);
        Ok(callers.take(count).collect())
    }
}

struct Inserter {
    inserts: SingleRowInserts,
    payload: Arc<str>,
}

impl Caller for Inserter {
    fn call(&mut self) -> Calling<'_> {
        Box::pin(async {
            let inserted = self.inserts.insert(&self.payload).await;
            inserted.map_err(|error| {
                tracing::debug!(%error, "a raw insert failed");
                Failure::DATABASE
            })
        })
    }
}
