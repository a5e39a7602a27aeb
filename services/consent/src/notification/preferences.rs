//! Which kinds a person wants.

use std::collections::BTreeSet;

use aval_domain::etag::{Etag, Version};
use serde::{Deserialize, Serialize};

use super::NotificationKind;
use crate::error::Error;

/// What a person chose. Who never chose wants everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotificationPreferences {
    /// The kinds that are not wanted; never one that is always told.
    pub muted: BTreeSet<NotificationKind>,
    /// How often it was chosen, and once for the beginning.
    pub version: Version,
}

/// A new choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PreferencesPatch {
    /// The kinds that are not wanted.
    pub muted: BTreeSet<NotificationKind>,
    /// What the person saw.
    pub etag: Etag,
}

impl Default for NotificationPreferences {
    fn default() -> Self {
        Self {
            muted: BTreeSet::new(),
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
        if patch.etag.version() != self.version {
            return Err(Error::EtagMismatch);
        }
        Ok((patch.muted != self.muted).then(|| Self {
            muted: patch.muted.clone(),
            version: self.version.next(),
        }))
    }

    /// The muted kinds as bits of a row.
    #[must_use]
    pub fn bits(&self) -> i32 {
        let bit = |kind: &NotificationKind| 1 << kind.number();
        self.muted.iter().map(bit).fold(0, |bits, bit| bits | bit)
    }

    /// The preferences of a row; `None` when a bit is no kind's or of one that is always
    /// told.
    #[must_use]
    pub fn from_bits(bits: i32, version: Version) -> Option<Self> {
        let is_muted = |kind: &NotificationKind| bits & (1 << kind.number()) != 0;
        let muted: BTreeSet<_> = NotificationKind::ALL.into_iter().filter(is_muted).collect();
        let read = Self { muted, version };
        let is_sound = !read.muted.iter().any(|kind| kind.is_always_told());
        (is_sound && read.bits() == bits).then_some(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn muting(kinds: &[NotificationKind], version: u64) -> PreferencesPatch {
        PreferencesPatch {
            muted: kinds.iter().copied().collect(),
            etag: Version(version).etag(),
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
        let bits = 1 << NotificationKind::EmergencyAccess.number();
        assert_eq!(
            NotificationPreferences::from_bits(bits, Version::FIRST),
            None
        );
    }

    #[test]
    fn every_choice_reads_back_from_its_bits_and_no_other_bit_is_one() {
        let may_be_muted = NotificationKind::ALL
            .into_iter()
            .filter(|kind| !kind.is_always_told());
        let all = NotificationPreferences {
            muted: may_be_muted.collect(),
            version: Version(3),
        };
        assert_eq!(all.muted.len(), 10);
        let read = NotificationPreferences::from_bits(all.bits(), Version(3));
        assert_eq!(read, Some(all));
        for bits in [1, 1 << 12, -1] {
            let read = NotificationPreferences::from_bits(bits, Version::FIRST);
            assert_eq!(read, None);
        }
    }
}
