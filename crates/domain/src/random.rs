//! The randomness that is passed in.

use std::fmt::{self, Debug};
use std::sync::{Arc, Mutex, PoisonError};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// Where random bytes come from. Use cases take it from their context.
pub trait Random: Send + Sync + Debug {
    /// Fills `bytes` with random ones.
    fn fill(&self, bytes: &mut [u8]);
}

impl<R: Random + ?Sized> Random for Arc<R> {
    fn fill(&self, bytes: &mut [u8]) {
        (**self).fill(bytes);
    }
}

/// `N` random bytes.
#[must_use]
pub fn bytes<const N: usize>(random: &dyn Random) -> [u8; N] {
    let mut bytes = [0; N];
    random.fill(&mut bytes);
    bytes
}

/// Fit for keys, nonces and identifiers: each thread's own cryptographic generator, which
/// the operating system seeds, and seeds anew as it goes on. Every call needs some
/// identifiers, and a system call for each would cost more than all that is done with them.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    /// # Panics
    ///
    /// When the operating system has no entropy source: nothing safe can be
    /// done then.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is what passes randomness in"
    )]
    fn fill(&self, bytes: &mut [u8]) {
        rand::rng().fill_bytes(bytes);
    }
}

/// The same bytes for the same seed, call after call: for tests and synthetic
/// data, never for keys. Clones share the generator.
#[derive(Clone)]
pub struct SeededRandom(Arc<Mutex<StdRng>>);

impl SeededRandom {
    /// The sequence of `seed`. It may change with another version of this
    /// crate's generator, so its bytes are not to be stored as expectations.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .fill_bytes(bytes);
    }
}

impl Debug for SeededRandom {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SeededRandom")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_sequence() {
        let (first, second) = (SeededRandom::new(7), SeededRandom::new(7));
        assert_eq!(bytes::<32>(&first), bytes::<32>(&second));
        assert_ne!(bytes::<32>(&first), bytes::<32>(&SeededRandom::new(8)));
    }

    #[test]
    fn a_sequence_moves_on_with_every_call() {
        let random = SeededRandom::new(7);
        assert_ne!(bytes::<16>(&random), bytes::<16>(&random));
    }

    #[test]
    fn system_entropy_does_not_repeat() {
        assert_ne!(bytes::<32>(&SystemRandom), bytes::<32>(&SystemRandom));
    }
}
