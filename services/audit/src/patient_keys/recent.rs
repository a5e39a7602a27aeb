//! What was used of late, in bounded memory.

use std::collections::HashMap;
use std::hash::Hash;

/// Two generations: what is used moves into the younger one, and when that is full the
/// older one goes. Nothing used among the last half of `most` others is forgotten.
pub(super) struct Recent<K, V> {
    most_young: usize,
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K: Eq + Hash + Clone, V: Clone> Recent<K, V> {
    /// At most twice as many.
    pub(super) fn new(most_young: usize) -> Self {
        Self {
            most_young,
            young: HashMap::new(),
            old: HashMap::new(),
        }
    }

    pub(super) fn get(&mut self, key: &K) -> Option<V> {
        if let Some(value) = self.young.get(key) {
            return Some(value.clone());
        }
        let (key, value) = self.old.remove_entry(key)?;
        self.put(key, value.clone());
        Some(value)
    }

    pub(super) fn put(&mut self, key: K, value: V) {
        if self.young.len() >= self.most_young {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }

    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        let old = self.old.remove(key);
        self.young.remove(key).or(old)
    }

    pub(super) fn retain(&mut self, keep: impl Fn(&V) -> bool) {
        self.young.retain(|_, value| keep(value));
        self.old.retain(|_, value| keep(value));
    }

    pub(super) fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_what_is_not_goes() {
        let mut recent = Recent::new(10);
        for number in 0..100 {
            recent.put(number, number);
            assert_eq!(recent.get(&0), Some(0));
            assert!(recent.young.len() + recent.old.len() <= 21);
        }
        assert_eq!(recent.get(&50), None);
        assert_eq!(recent.get(&99), Some(99));
        assert_eq!(recent.remove(&99), Some(99));
        assert_eq!(recent.get(&99), None);
        recent.clear();
        assert_eq!(recent.get(&0), None);
    }
}
