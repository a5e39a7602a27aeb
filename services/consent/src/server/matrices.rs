//! What an operator does with matrices: beside the service, on its database.

use std::path::Path;

use aval_database::{Database, migrate};
use aval_domain::time::Timestamp;
use aval_runtime::environment::Environment;

use super::{Server, StartError, policy};
use crate::cache::{ChangeFence, MatrixAuthority as _};
use crate::config::Config;
use crate::error::Error;
use crate::matrix::{Matrix, MatrixError};
use crate::policies::{LoadedMatrix, Policies};
use crate::store::sql::{Migrator, SqlStore};

/// Why a matrix is not loaded, or what is loaded cannot be said.
#[derive(Debug, thiserror::Error)]
pub enum MatricesError {
    /// The database or the configuration.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The matrix.
    #[error(transparent)]
    Matrix(#[from] MatrixError),
    /// A matrix in the database.
    #[error("the matrix {revision} in the database cannot be read")]
    Loaded {
        /// Which.
        revision: String,
        /// Why.
        #[source]
        source: MatrixError,
    },
    /// The day is over.
    #[error("a matrix comes into force later than now, or, without a day, at once")]
    PastDay,
    /// The store refuses, or fails.
    #[error(transparent)]
    Store(#[from] Error),
}

impl Server {
    /// Loads the matrix in this file. From this day on, or at once, every instance decides
    /// by it; when this returns none decides as if it had not been loaded. The same again
    /// changes nothing.
    pub async fn load_matrix(
        config: &Config,
        environment: &Environment,
        file: &Path,
        effective_from: Option<Timestamp>,
    ) -> Result<LoadedMatrix, MatricesError> {
        let now = environment.clock.now();
        if effective_from.is_some_and(|from| from <= now) {
            return Err(MatricesError::PastDay);
        }
        let matrix = LoadedMatrix::new(Matrix::read(file)?, effective_from, now)?;
        let db = open(config).await?;
        // The service's instances are other processes, on any engine.
        let store = SqlStore::with_fence(db.clone(), ChangeFence::replicated());
        let loaded = store.load_matrix(&matrix).await?;
        db.close().await.map_err(StartError::from)?;
        Ok(loaded)
    }

    /// The policies that instances with this configuration decide by.
    pub async fn policies(config: &Config) -> Result<Policies, MatricesError> {
        let configured = policy(&config.policy)?;
        let db = open(config).await?;
        let (_, matrices) = SqlStore::new(db.clone()).matrices().await?;
        db.close().await.map_err(StartError::from)?;
        Policies::new(&configured, matrices)
            .map_err(|(revision, source)| MatricesError::Loaded { revision, source })
    }
}

async fn open(config: &Config) -> Result<Database, StartError> {
    let db = Database::connect(&config.database).await?;
    migrate::require_current::<Migrator>(&db).await?;
    Ok(db)
}
