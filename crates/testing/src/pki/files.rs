//! The folder: names, modes, writing so that a reader never sees half a file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::PkiError;

/// Stem of the authority's certificate.
pub(super) const AUTHORITY: &str = "ca";
/// Stem of the authority's key: nobody should take it for anything else.
pub(super) const AUTHORITY_KEY: &str = "development-ca";

const LOCK: &str = ".lock";

pub(super) fn certificate_path(dir: &Path, name: &str) -> PathBuf {
    dir.join(format!("{}.pem", stem(name)))
}

pub(super) fn key_path(dir: &Path, name: &str) -> PathBuf {
    dir.join(format!("{}.key", stem(name)))
}

/// `software.clinic-a` for `software/clinic-a`: all files stand in one folder, and no
/// name holds a dot.
fn stem(name: &str) -> String {
    name.replace('/', ".")
}

pub(super) fn authority_certificate_path(dir: &Path) -> PathBuf {
    certificate_path(dir, AUTHORITY)
}

pub(super) fn create_folder(dir: &Path) -> Result<(), PkiError> {
    fs::create_dir_all(dir).map_err(|source| failure(dir, source))
}

/// Held while the folder's files are examined and written, by this process or
/// another.
pub(super) fn lock(dir: &Path) -> Result<File, PkiError> {
    let path = dir.join(LOCK);
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .and_then(|file| file.lock().map(|()| file))
        .map_err(|source| failure(&path, source))
}

/// The names that have a certificate in the folder, the authority's apart.
pub(super) fn issued_names(dir: &Path) -> Result<Vec<String>, PkiError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(|source| failure(dir, source))? {
        let entry = entry.map_err(|source| failure(dir, source))?;
        let file_name = entry.file_name();
        let Some(name) = file_name
            .to_str()
            .and_then(|name| name.strip_suffix(".pem"))
        else {
            continue;
        };
        let name = name.replace('.', "/");
        if super::is_name(&name) {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// The file's text; `None` when there is no such file.
pub(super) fn read(path: &Path) -> Result<Option<String>, PkiError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(failure(path, source)),
    }
}

/// Writes a private key, readable by its owner alone from its first byte on.
pub(super) fn write_key(path: &Path, pem: &str) -> Result<(), PkiError> {
    write(path, pem, 0o600)
}

/// Writes a certificate.
pub(super) fn write_certificate(path: &Path, pem: &str) -> Result<(), PkiError> {
    write(path, pem, 0o644)
}

/// Writes beside the file and renames: whoever opens the path reads the old
/// text or the new one.
fn write(path: &Path, text: &str, mode: u32) -> Result<(), PkiError> {
    let beside = path.with_extension("new");
    let written = (|| {
        // What a crash left behind would keep its own mode.
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = create(&beside, mode)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    })();
    written.map_err(|source| failure(&beside, source))?;
    fs::rename(&beside, path).map_err(|source| failure(path, source))
}

#[cfg(unix)]
fn create(path: &Path, mode: u32) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
}

#[cfg(not(unix))]
fn create(path: &Path, _mode: u32) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

fn failure(path: &Path, source: io::Error) -> PkiError {
    PkiError::File {
        path: path.to_owned(),
        source,
    }
}
