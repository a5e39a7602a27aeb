//! The policies, from memory as long as no load can have changed them.

use std::sync::{Arc, PoisonError, RwLock};

use super::change::{Dependency, Position};
use super::knowledge::{Freshness, Generation};
use crate::decision::Policy;
use crate::error::Error;
use crate::policies::{LoadedMatrix, Policies, PolicySource};
use crate::store::Answer;

/// Where loaded matrices are read. Whoever implements it promises that both are of one
/// state of the database that takes the writes.
pub trait MatrixAuthority: std::fmt::Debug + Send + Sync {
    /// How far the clock of what spans patients is, and every matrix.
    fn matrices(&self) -> Answer<'_, (Position, Vec<LoadedMatrix>)>;
}

/// Gives the policies from memory while the rule of [`super`] permits it, and reads them
/// otherwise.
#[derive(Debug)]
pub struct CachedPolicies {
    authority: Arc<dyn MatrixAuthority>,
    configured: Policy,
    /// `None`: nothing is answered from memory.
    freshness: Option<Arc<Freshness>>,
    kept: RwLock<Option<Kept>>,
}

#[derive(Debug, Clone)]
struct Kept {
    as_of: Position,
    generation: Generation,
    policies: Arc<Policies>,
}

impl CachedPolicies {
    /// The policy of the configuration until this database has a matrix in force.
    #[must_use]
    pub fn new(
        authority: Arc<dyn MatrixAuthority>,
        configured: Policy,
        freshness: Option<Arc<Freshness>>,
    ) -> Self {
        Self {
            authority,
            configured,
            freshness,
            kept: RwLock::default(),
        }
    }

    /// What is kept, if no matrix can have been loaded since it was read.
    fn remembered(&self) -> Option<Arc<Policies>> {
        let freshness = self.freshness.as_ref()?;
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        let kept = kept.as_ref()?;
        let judged = freshness.judge_one(Dependency::Policy, kept.as_of, kept.generation);
        judged.ok().map(|()| Arc::clone(&kept.policies))
    }

    async fn read(&self) -> Result<Arc<Policies>, Error> {
        // Before the database is asked: what is read is at least of this life of it.
        let generation = self.freshness.as_ref().and_then(|known| known.generation());
        let (as_of, matrices) = self.authority.matrices().await?;
        let policies = Policies::new(&self.configured, matrices);
        let policies = Arc::new(policies.map_err(|(revision, error)| {
            tracing::error!(%error, matrix.revision = revision, "a loaded matrix cannot be read");
            aval_database::DatabaseError::corrupt("matrices", "content", &revision)
        })?);
        if let Some((generation, _)) = generation {
            let kept = Kept {
                as_of,
                generation,
                policies: Arc::clone(&policies),
            };
            *self.kept.write().unwrap_or_else(PoisonError::into_inner) = Some(kept);
        }
        Ok(policies)
    }
}

impl PolicySource for CachedPolicies {
    fn policies(&self) -> Answer<'_, Arc<Policies>> {
        Box::pin(async move {
            match self.remembered() {
                Some(policies) => Ok(policies),
                None => self.read().await,
            }
        })
    }
}
