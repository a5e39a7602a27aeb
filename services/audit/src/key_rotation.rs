//! Changing the key that wraps the patients' keys, while the service is used.
//!
//! Each step is on every instance before the next begins: the new key is known; it wraps
//! what is made from now on; everything is wrapped under it, here; the last one goes. No
//! event is touched, but for those in clear from before there were keys: they are encrypted.

use std::fmt;

use aval_database::DatabaseError;

use crate::patient_keys::{PatientKeys, WrappingKeyFile};
use crate::store::{KeyCounts, Store};

/// What was made under the last key meanwhile is found by another pass; while some instance
/// still uses it there is no end.
const PASSES: usize = 3;

/// Everything is under the current key.
const FINISHED: u8 = 0;
/// Something is not.
const UNFINISHED: u8 = 22;

/// The database holds what no configured key unwraps.
#[derive(Debug, thiserror::Error)]
pub enum KeyGone {
    /// A key was taken away that is still needed, or the file holds another one.
    #[error(
        "patients' keys are wrapped by the key {key_id}, which none of the files of \
         encryption.key_files holds: put it back"
    )]
    Missing {
        /// Its name.
        key_id: String,
    },
    /// It could not be asked.
    #[error("what the keys are needed for could not be read")]
    Store(#[from] DatabaseError),
}

/// What a rotation did, and what is under which key after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// How many patients' keys were wrapped anew.
    pub rewrapped: u64,
    /// How many payloads were encrypted.
    pub encrypted: u64,
    /// How many rows cannot be read.
    pub unreadable: u64,
    /// What is under which key now.
    pub counts: KeyCounts,
    /// The configured keys, the current one first.
    pub files: Vec<WrappingKeyFile>,
}

/// Refuses keys without which something that is kept cannot be read.
pub async fn require_keys(store: &dyn Store, keys: &PatientKeys) -> Result<(), KeyGone> {
    let in_use = store.wrapping_keys_in_use().await?;
    match in_use.into_iter().find(|id| !keys.can_unwrap(id)) {
        Some(key_id) => Err(KeyGone::Missing { key_id }),
        None => Ok(()),
    }
}

/// Puts everything under the current key, a few rows at a time, whoever serves meanwhile,
/// and says how much was done to `progress`. It can be broken off and begun again at any
/// time, and several may do it at once.
pub async fn rotate(
    store: &dyn Store,
    keys: &PatientKeys,
    files: Vec<WrappingKeyFile>,
    mut progress: impl FnMut(u64),
) -> Result<Report, DatabaseError> {
    let mut report = Report {
        rewrapped: 0,
        encrypted: 0,
        unreadable: 0,
        counts: KeyCounts::default(),
        files,
    };
    for _ in 0..PASSES {
        report.unreadable = 0;
        let in_use = store.wrapping_keys_in_use().await?;
        let mut found = false;
        for other in in_use.iter().filter(|id| *id != keys.wrapping_key_id()) {
            let mut after = -1;
            loop {
                let done = store.rewrap(other, after).await?;
                report.rewrapped += done.changed;
                report.unreadable += done.unreadable;
                progress(report.rewrapped + report.encrypted);
                let Some(reached) = done.reached else { break };
                (after, found) = (reached, true);
            }
        }
        let mut after = -1;
        loop {
            let done = store.encrypt(after).await?;
            report.encrypted += done.changed;
            report.unreadable += done.unreadable;
            progress(report.rewrapped + report.encrypted);
            let Some(reached) = done.reached else { break };
            (after, found) = (reached, true);
        }
        if !found {
            break;
        }
    }
    report.counts = store.key_counts().await?;
    Ok(report)
}

impl Report {
    /// Whether everything is under the current key.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        let current = self.files.first().map(|file| &file.key_id);
        let mut used = self.counts.keys.keys();
        self.unreadable == 0
            && self.counts.in_clear == 0
            && used.all(|key_id| Some(key_id) == current)
    }

    /// What the program ends with.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if self.is_finished() {
            FINISHED
        } else {
            UNFINISHED
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            formatter,
            "put under the current key: {} patients' keys; encrypted: {} events",
            self.rewrapped, self.encrypted
        )?;
        for (position, file) in self.files.iter().enumerate() {
            let keys = self.counts.keys.get(&file.key_id).copied();
            let (keys, path) = (keys.unwrap_or_default(), file.path.display());
            let verdict = match (position, keys) {
                (0, _) => "current",
                (_, 0) => "not needed",
                _ => "needed",
            };
            writeln!(formatter, "{} {keys} {verdict} {path}", file.key_id)?;
        }
        for (key_id, keys) in &self.counts.keys {
            if !self.files.iter().any(|file| file.key_id == *key_id) {
                writeln!(formatter, "{key_id:?} {keys} not configured")?;
            }
        }
        if self.counts.in_clear > 0 {
            writeln!(formatter, "in clear: {} events", self.counts.in_clear)?;
        }
        if self.unreadable > 0 {
            writeln!(
                formatter,
                "altered in the database: {} rows",
                self.unreadable
            )?;
        }
        Ok(())
    }
}
