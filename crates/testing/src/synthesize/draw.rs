//! Drawing from lists, the same way for the same seed in every version: a
//! published generator (`SplitMix64`) written out, so that no dependency's update
//! changes the files.

/// A sequence of draws.
#[derive(Debug, Clone)]
pub(super) struct Draw(u64);

impl Draw {
    /// The sequence of one thing: of one `subject`, such as people, and one rank.
    pub(super) fn of(seed: u64, subject: u64, rank: u32) -> Self {
        Self(mixed(
            mixed(seed.wrapping_add(subject)).wrapping_add(u64::from(rank)),
        ))
    }

    /// A number below `bound`, which is at least 1.
    pub(super) fn below(&mut self, bound: u32) -> u32 {
        let high = self.next() >> 32;
        u32::try_from((high * u64::from(bound)) >> 32).expect("a product of two halves, halved")
    }

    /// True `per_thousand` times out of 1,000.
    pub(super) fn chance(&mut self, per_thousand: u32) -> bool {
        self.below(1_000) < per_thousand
    }

    /// One of `items`, all as often.
    pub(super) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(length(items)) as usize]
    }

    /// One of `items`, the first ones much more often than the last.
    pub(super) fn pick_frequent<T: Copy>(&mut self, items: &[T]) -> T {
        let fraction = u64::from(self.below(1 << 16));
        let position = (fraction * fraction * u64::from(length(items))) >> 32;
        items[usize::try_from(position).expect("a position in a list")]
    }

    /// One of `items`, each as often as its weight says.
    pub(super) fn weighted<'a, T>(&mut self, items: &'a [T], weight: impl Fn(&T) -> u32) -> &'a T {
        let mut ticket = self.below(items.iter().map(&weight).sum());
        for item in items {
            match ticket.checked_sub(weight(item)) {
                Some(rest) => ticket = rest,
                None => return item,
            }
        }
        unreachable!("the ticket is below the sum of the weights")
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        finalized(self.0)
    }
}

fn mixed(value: u64) -> u64 {
    finalized(value.wrapping_add(0x9E37_79B9_7F4A_7C15))
}

fn finalized(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

fn length<T>(items: &[T]) -> u32 {
    u32::try_from(items.len()).expect("the lists are short")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_is_a_frequency() {
        let mut draw = Draw::of(1, 1, 1);
        let heads = (0..10_000)
            .filter(|_| *draw.weighted(&[(3, true), (1, false)], |item| item.0) == (3, true))
            .count();
        assert!((7_300..7_700).contains(&heads), "{heads}");
    }

    #[test]
    fn neighbouring_ranks_draw_differently() {
        let (mut first, mut second) = (Draw::of(1, 1, 1), Draw::of(1, 1, 2));
        let same = (0..1_000)
            .filter(|_| first.below(1_000) == second.below(1_000))
            .count();
        assert!(same < 10, "{same}");
    }
}
