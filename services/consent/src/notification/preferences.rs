//! Which kinds a person wants.

use std::collections::BTreeSet;

use aval_domain::etag::{Etag, Version};
use serde::{Deserialize, Serialize};

use super::NotificationKind;
use crate::error::Error;

/// What a person chose. Who never chose wants everything but what is told on demand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotificationPreferences {
    /// The kinds that are not wanted; never one that is always told, or on demand.
    pub muted: BTreeSet<NotificationKind>,
    /// The kinds that are wanted of those that are told on demand.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub wanted: BTreeSet<NotificationKind>,
    /// How often it was chosen, and once for the beginning.
    pub version: Version,
}

/// Kinds as bits, each at its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bits {
    /// Those that are not wanted.
    pub muted: i32,
    /// Those that are wanted of those that are told on demand.
    pub wanted: i32,
}

/// A new choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PreferencesPatch {
    /// The kinds that are not wanted.
    pub muted: BTreeSet<NotificationKind>,
    /// The kinds that are wanted of those that are told on demand.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub wanted: BTreeSet<NotificationKind>,
    /// What the person saw.
    pub etag: Etag,
}

impl Default for NotificationPreferences {
    fn default() -> Self {
        Self {
            muted: BTreeSet::new(),
            wanted: BTreeSet::new(),
            version: Version::FIRST,
        }
    }
}

impl NotificationPreferences {
    /// The new choice, `None` when it is the present one.
    pub fn choose(&self, patch: &PreferencesPatch) -> Result<Option<Self>, Error> {
        if patch.muted.iter().any(|kind| kind.is_always_told()) {
            return Err(Error::Invalid {
                field: "preferences.muted_kinds",
                rule: "emergency accesses are always told",
            });
        }
        if patch.muted.iter().any(|kind| kind.is_told_on_demand()) {
            return Err(Error::Invalid {
                field: "preferences.muted_kinds",
                rule: "unusual accesses are not told unless they are wanted",
            });
        }
        if !patch.wanted.iter().all(|kind| kind.is_told_on_demand()) {
            return Err(Error::Invalid {
                field: "preferences.wanted_kinds",
                rule: "must be kinds that are told on demand",
            });
        }
        if patch.etag.version() != self.version {
            return Err(Error::EtagMismatch);
        }
        let changes = patch.muted != self.muted || patch.wanted != self.wanted;
        Ok(changes.then(|| Self {
            muted: patch.muted.clone(),
            wanted: patch.wanted.clone(),
            version: self.version.next(),
        }))
    }

    /// The muted and the wanted kinds as bits of a row.
    #[must_use]
    pub fn bits(&self) -> Bits {
        let of = |kinds: &BTreeSet<NotificationKind>| {
            kinds.iter().fold(0, |bits, kind| bits | bit(*kind))
        };
        Bits {
            muted: of(&self.muted),
            wanted: of(&self.wanted),
        }
    }

    /// The preferences of a row; `None` when a bit is no kind's, or of one that cannot be
    /// muted, or wanted.
    #[must_use]
    pub fn from_bits(bits: Bits, version: Version) -> Option<Self> {
        let of = |bits: i32| {
            let all = NotificationKind::ALL.into_iter();
            all.filter(|kind| bits & bit(*kind) != 0).collect()
        };
        let read = Self {
            muted: of(bits.muted),
            wanted: of(bits.wanted),
            version,
        };
        let cannot_be_muted =
            |kind: &NotificationKind| kind.is_always_told() || kind.is_told_on_demand();
        let is_sound = !read.muted.iter().any(cannot_be_muted)
            && read.wanted.iter().all(|kind| kind.is_told_on_demand());
        (is_sound && read.bits() == bits).then_some(read)
    }
}

impl Bits {
    /// Whether who chose this is told of this kind.
    #[must_use]
    pub const fn has_told(self, kind: NotificationKind) -> bool {
        if kind.is_told_on_demand() {
            self.wanted & bit(kind) != 0
        } else {
            self.muted & bit(kind) == 0
        }
    }
}

const fn bit(kind: NotificationKind) -> i32 {
    1 << kind.number()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn muting(kinds: &[NotificationKind], version: u64) -> PreferencesPatch {
        PreferencesPatch {
            muted: kinds.iter().copied().collect(),
            wanted: BTreeSet::new(),
            etag: Version(version).etag(),
        }
    }

    fn wanting(kinds: &[NotificationKind], version: u64) -> PreferencesPatch {
        PreferencesPatch {
            wanted: kinds.iter().copied().collect(),
            ..muting(&[], version)
        }
    }

    #[test]
    fn what_is_told_on_demand_is_told_to_who_wants_it_alone() {
        use NotificationKind::{FirstAccess, UnusualAccess};
        let nothing = NotificationPreferences::default();
        assert!(!nothing.bits().has_told(UnusualAccess));
        assert!(nothing.bits().has_told(FirstAccess));
        let asked = nothing.choose(&wanting(&[UnusualAccess], 1));
        let asked = asked.unwrap().unwrap();
        assert!(asked.bits().has_told(UnusualAccess));
        assert_eq!(asked.choose(&wanting(&[UnusualAccess], 2)).unwrap(), None);
        let no_more = asked.choose(&muting(&[FirstAccess], 2)).unwrap().unwrap();
        assert!(!no_more.bits().has_told(UnusualAccess));
        assert!(!no_more.bits().has_told(FirstAccess));
        for (patch, named) in [
            (muting(&[UnusualAccess], 1), "preferences.muted_kinds"),
            (wanting(&[FirstAccess], 1), "preferences.wanted_kinds"),
        ] {
            let refused = nothing.choose(&patch);
            assert!(
                matches!(refused, Err(Error::Invalid { field, .. }) if field == named),
                "{refused:?}"
            );
        }
    }

    #[test]
    fn what_was_chosen_holds_until_it_is_chosen_anew() {
        let everything = NotificationPreferences::default();
        let chosen = everything.choose(&muting(&[NotificationKind::FirstAccess], 1));
        let chosen = chosen.unwrap().unwrap();
        assert_eq!(chosen.version, Version(2));
        let same = chosen.choose(&muting(&[NotificationKind::FirstAccess], 2));
        assert_eq!(same.unwrap(), None);
        let stale = chosen.choose(&muting(&[], 1));
        assert!(matches!(stale, Err(Error::EtagMismatch)));
        assert!(chosen.choose(&muting(&[], 2)).unwrap().is_some());
    }

    #[test]
    fn an_emergency_is_never_muted() {
        let refused = NotificationPreferences::default().choose(&muting(
            &[
                NotificationKind::GrantExpired,
                NotificationKind::EmergencyAccess,
            ],
            1,
        ));
        assert!(matches!(
            refused,
            Err(Error::Invalid {
                field: "preferences.muted_kinds",
                ..
            })
        ));
        let bits = Bits {
            muted: bit(NotificationKind::EmergencyAccess),
            wanted: 0,
        };
        assert_eq!(
            NotificationPreferences::from_bits(bits, Version::FIRST),
            None
        );
    }

    #[test]
    fn every_choice_reads_back_from_its_bits_and_no_other_bit_is_one() {
        let (on_demand, others): (BTreeSet<_>, BTreeSet<_>) = NotificationKind::ALL
            .into_iter()
            .partition(|kind| kind.is_told_on_demand());
        let may_be_muted = others.into_iter().filter(|kind| !kind.is_always_told());
        let all = NotificationPreferences {
            muted: may_be_muted.collect(),
            wanted: on_demand,
            version: Version(3),
        };
        assert_eq!((all.muted.len(), all.wanted.len()), (10, 1));
        let read = NotificationPreferences::from_bits(all.bits(), Version(3));
        assert_eq!(read, Some(all));
        for (muted, wanted) in [
            (1, 0),
            (1 << 12, 0),
            (1 << 13, 0),
            (-1, 0),
            (0, 1),
            (0, 1 << 9),
            (0, 1 << 13),
            (0, -1),
        ] {
            let bits = Bits { muted, wanted };
            let read = NotificationPreferences::from_bits(bits, Version::FIRST);
            assert_eq!(read, None, "{bits:?}");
        }
    }
}
