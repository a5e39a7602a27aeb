//! What is drawn.

use aval_domain::random::{self, SeededRandom, SystemRandom};

/// The same draws for the same seed.
pub(crate) struct Draws(SeededRandom);

impl Draws {
    pub(crate) fn new(seed: u64) -> Self {
        Self(SeededRandom::new(seed))
    }

    /// A seed that is easily typed.
    pub(crate) fn any_seed() -> u64 {
        u64::from(u32::from_le_bytes(random::bytes(&SystemRandom)))
    }

    pub(crate) fn below(&self, end: u64) -> u64 {
        u64::from_le_bytes(random::bytes(&self.0)) % end
    }

    pub(crate) fn chance(&self, percent: u64) -> bool {
        self.below(100) < percent
    }
}
