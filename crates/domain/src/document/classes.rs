//! A set of categories, as a grant names them.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::DocumentClass;

/// A set of [`DocumentClass`]: sixteen bits, copied freely. In serde the list
/// of the codes in the order of the code list.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct DocumentClasses(u16);

impl DocumentClasses {
    /// No category.
    pub const NONE: Self = Self(0);
    /// All eleven.
    pub const ALL: Self = Self((1 << DocumentClass::ALL.len()) - 1);

    /// The category alone.
    #[must_use]
    pub const fn only(class: DocumentClass) -> Self {
        Self(1 << class as u16)
    }

    /// Whether the set has `class`.
    #[must_use]
    pub const fn contains(self, class: DocumentClass) -> bool {
        self.0 & Self::only(class).0 != 0
    }

    /// Whether the set has every category of `other`.
    #[must_use]
    pub const fn contains_all(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The set and `class`.
    #[must_use]
    pub const fn with(self, class: DocumentClass) -> Self {
        Self(self.0 | Self::only(class).0)
    }

    /// The set without `class`.
    #[must_use]
    pub const fn without(self, class: DocumentClass) -> Self {
        Self(self.0 & !Self::only(class).0)
    }

    /// What is in either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether the set has no category.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many categories the set has.
    #[must_use]
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// The categories, in the order of the code list.
    pub fn iter(self) -> impl Iterator<Item = DocumentClass> {
        DocumentClass::ALL
            .iter()
            .copied()
            .filter(move |class| self.contains(*class))
    }

    /// The set as one number, for a row: bit *n* is the *n*-th class of
    /// [`DocumentClass::ALL`].
    #[must_use]
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// The set of a stored number, `None` when it has a bit that no class has.
    #[must_use]
    pub const fn from_bits(bits: u16) -> Option<Self> {
        if bits & !Self::ALL.0 == 0 {
            Some(Self(bits))
        } else {
            None
        }
    }
}

impl FromIterator<DocumentClass> for DocumentClasses {
    fn from_iter<I: IntoIterator<Item = DocumentClass>>(classes: I) -> Self {
        classes.into_iter().fold(Self::NONE, Self::with)
    }
}

impl fmt::Debug for DocumentClasses {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.iter()).finish()
    }
}

impl Serialize for DocumentClasses {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for DocumentClasses {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<DocumentClass>::deserialize(deserializer).map(Self::from_iter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_what_was_put_in_and_nothing_else() {
        for class in DocumentClass::ALL.iter().copied() {
            let only = DocumentClasses::only(class);
            assert_eq!(only.iter().collect::<Vec<_>>(), [class]);
            assert!(!DocumentClasses::ALL.without(class).contains(class));
            assert_eq!(DocumentClasses::ALL.without(class).len(), 10);
        }
        assert_eq!(DocumentClasses::ALL.len(), 11);
        assert!(DocumentClasses::NONE.is_empty());
    }

    #[test]
    fn a_set_is_the_list_of_its_codes() {
        let set: DocumentClasses = [DocumentClass::Prescription, DocumentClass::Report]
            .into_iter()
            .collect();
        let json = serde_json::to_string(&set).unwrap();
        assert_eq!(json, r#"["10","42"]"#);
        assert_eq!(serde_json::from_str::<DocumentClasses>(&json).unwrap(), set);
        assert!(serde_json::from_str::<DocumentClasses>(r#"["12"]"#).is_err());
    }

    #[test]
    fn every_stored_number_round_trips_or_is_refused() {
        for bits in 0..=u16::MAX {
            match DocumentClasses::from_bits(bits) {
                Some(set) => {
                    assert_eq!(set.bits(), bits);
                    assert_eq!(set.iter().collect::<DocumentClasses>(), set);
                }
                None => assert!(bits >= 1 << 11),
            }
        }
    }

    #[test]
    fn sets_combine_as_sets() {
        let reports = DocumentClasses::only(DocumentClass::Report);
        let both = reports.with(DocumentClass::Imaging);
        assert_eq!(both.intersection(reports), reports);
        assert_eq!(reports.union(both), both);
        assert!(both.contains_all(reports));
        assert!(!reports.contains_all(both));
    }
}
