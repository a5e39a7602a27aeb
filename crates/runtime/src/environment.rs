//! What a service takes from the world outside it, passed in.

use std::sync::Arc;

use aval_domain::random::{Random, SystemRandom};
use aval_domain::time::{Clock, SystemClock};

/// The clock and the source of randomness of a process.
#[derive(Debug, Clone)]
pub struct Environment {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes identifiers and keys.
    pub random: Arc<dyn Random>,
}

impl Environment {
    /// The machine's clock and entropy.
    #[must_use]
    pub fn system() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
        }
    }
}
