//! What an operator is told: which key is needed for how much, and which file may go.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use aval_runtime::key_file::{self, KeyFileError, Missing};

use super::Rotated;
use crate::config::PatientKeyFiles;
use crate::patient_keys::{digest_key_id, encryption_key_id};

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// It encrypts.
    Encryption,
    /// Patients are found through it.
    Digest,
}

/// A configured key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFile {
    /// What it does.
    pub kind: KeyKind,
    /// Its name in the database.
    pub key_id: String,
    /// Where it is.
    pub path: PathBuf,
    /// Whether it makes what is kept from now on.
    pub is_current: bool,
}

/// What a rotation did, and what is under which key after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What it did.
    pub rotated: Rotated,
    /// The configured keys.
    pub files: Vec<KeyFile>,
}

/// Everything is under the current keys.
const FINISHED: u8 = 0;
/// Something is not.
const UNFINISHED: u8 = 22;

impl KeyFile {
    /// The keys in these files.
    pub fn all(files: &PatientKeyFiles) -> Result<Vec<Self>, KeyFileError> {
        let key = |kind, path: &Path, is_current| {
            let secret = key_file::base64(path, Missing::Refuse)?;
            let key_id = match kind {
                KeyKind::Encryption => encryption_key_id(&secret),
                KeyKind::Digest => digest_key_id(&secret),
            };
            let path = path.to_owned();
            Ok(Self {
                kind,
                key_id,
                path,
                is_current,
            })
        };
        let mut all = vec![
            key(KeyKind::Encryption, &files.encryption_key_file, true)?,
            key(KeyKind::Digest, &files.digest_key_file, true)?,
        ];
        for path in &files.other_encryption_key_files {
            all.push(key(KeyKind::Encryption, path, false)?);
        }
        for path in &files.other_digest_key_files {
            all.push(key(KeyKind::Digest, path, false)?);
        }
        Ok(all)
    }
}

impl Report {
    /// Whether everything is under the current keys. What is bound to a digest key for
    /// ever does not count.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        let current = |kind| {
            self.files
                .iter()
                .find(move |file| file.kind == kind && file.is_current)
        };
        let is_only = |counts: &BTreeMap<String, u64>, kind| {
            counts
                .keys()
                .all(|key_id| current(kind).is_some_and(|file: &KeyFile| file.key_id == *key_id))
        };
        let counts = &self.rotated.counts;
        self.rotated.collided.is_empty()
            && self.rotated.unreadable.is_empty()
            && is_only(&counts.encryption, KeyKind::Encryption)
            && is_only(&counts.digest, KeyKind::Digest)
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

    fn counts(&self, kind: KeyKind) -> &BTreeMap<String, u64> {
        match kind {
            KeyKind::Encryption => &self.rotated.counts.encryption,
            KeyKind::Digest => &self.rotated.counts.digest,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rotated {
            patients,
            former,
            collided,
            unreadable,
            counts,
        } = &self.rotated;
        writeln!(
            formatter,
            "put under the current keys: {patients} identities, {former} former matricules"
        )?;
        for file in &self.files {
            let rows = self.counts(file.kind).get(&file.key_id).copied();
            let (rows, path) = (rows.unwrap_or_default(), file.path.display());
            let verdict = match (file.is_current, rows) {
                (true, _) => "current",
                (false, 0) => "not needed",
                (false, _) => "needed",
            };
            let (kind, key_id) = (file.kind, &file.key_id);
            writeln!(formatter, "{kind} {key_id} {rows} {verdict} {path}")?;
        }
        for kind in [KeyKind::Encryption, KeyKind::Digest] {
            let is_configured = |key_id: &str| {
                let mut files = self.files.iter();
                files.any(|file| file.kind == kind && file.key_id == key_id)
            };
            for (key_id, rows) in self.counts(kind) {
                if !is_configured(key_id) {
                    writeln!(formatter, "{kind} {key_id:?} {rows} not configured")?;
                }
            }
        }
        if counts.bound_former > 0 {
            let bound = counts.bound_former;
            writeln!(
                formatter,
                "{bound} former matricules are found through the first digest key alone, \
                 and no more without it"
            )?;
        }
        for patient_id in collided {
            writeln!(
                formatter,
                "patient {patient_id}: another has their matricule"
            )?;
        }
        for patient_id in unreadable {
            writeln!(formatter, "patient {patient_id}: altered in the database")?;
        }
        Ok(())
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Encryption => "encryption",
            Self::Digest => "digest",
        })
    }
}
