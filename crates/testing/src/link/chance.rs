//! What a bad network does to what is sent over it, as who reads a TCP connection sees it.

use std::time::Duration;

use aval_domain::random::{self, SeededRandom};

/// How long TCP waits at least until it sends again what nobody has confirmed; each time it
/// waits for twice as long as the last.
const SENT_AGAIN_AFTER: Duration = Duration::from_millis(200);

/// What happens to a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Passes,
    /// A packet of it was lost, once or several times, and was sent again so much later. What
    /// comes behind it waits.
    IsLate(Duration),
    /// It comes byte by byte.
    Trickles,
    /// The connection is reset in the middle of it.
    IsCutShort,
    /// Nothing comes any more in its direction, it neither.
    IsTheLast,
}

/// The fates of the pieces of one direction of a connection.
#[derive(Debug)]
pub(super) struct Chance {
    random: SeededRandom,
}

impl Chance {
    /// Of the direction of this number; the same for the same seed.
    pub(super) fn new(seed: u64, direction: u64) -> Self {
        // Neighbouring seeds have nothing in common, nor have neighbouring directions.
        let seed = seed.wrapping_add(direction.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        Self {
            random: SeededRandom::new(seed),
        }
    }

    /// That of the next piece.
    pub(super) fn fate(&mut self) -> Fate {
        let drawn = u32::from_be_bytes(random::bytes(&self.random)) % 1000;
        match drawn {
            0 => Fate::IsTheLast,
            1..=3 => Fate::IsCutShort,
            4..=13 => Fate::Trickles,
            14..=43 => Fate::IsLate(SENT_AGAIN_AFTER * (1 << (drawn % 3))),
            _ => Fate::Passes,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn fates(seed: u64, direction: u64) -> Vec<Fate> {
        let mut chance = Chance::new(seed, direction);
        std::iter::repeat_with(|| chance.fate())
            .take(10_000)
            .collect()
    }

    #[test]
    fn a_seed_gives_each_direction_fates_of_its_own_and_the_same_again() {
        assert_eq!(fates(7, 0), fates(7, 0));
        assert_ne!(fates(7, 0), fates(7, 1));
        assert_ne!(fates(7, 0), fates(8, 0));
    }

    #[test]
    fn most_pieces_pass_and_everything_that_can_happen_happens() {
        let mut times = BTreeMap::<String, usize>::new();
        for fate in fates(1, 0) {
            *times.entry(format!("{fate:?}")).or_default() += 1;
        }
        assert_eq!(times.len(), 7, "three delays and four others: {times:?}");
        assert!(times["Passes"] > 9_000, "{times:?}");
    }
}
