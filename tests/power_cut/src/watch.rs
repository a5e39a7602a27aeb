//! What is watched, and whose turn it is.

use std::env;
use std::ffi::CString;
use std::os::unix::ffi::OsStringExt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use libc::{
    AT_FDCWD, O_APPEND, O_CLOEXEC, O_CREAT, O_WRONLY, SIGKILL, SYS_openat, SYS_write, c_int, off_t,
};

use crate::journal::{
    ENDS_BEFORE_VARIABLE, FOLDER_VARIABLE, FORGETS_VARIABLE, JOURNAL_VARIABLE, NOT_KEPT, NUMBERS,
};

/// A program that has more files open at once than this is not made for it.
const MOST_FILES: usize = 4096;

/// What is known of each open file, by its descriptor; 0: it is none of ours.
static FILES: [AtomicU64; MOST_FILES] = [const { AtomicU64::new(0) }; MOST_FILES];

const IS_THE_FOLDER: u64 = 1;
const IS_FORGOTTEN: u64 = 2;
const FLAGS: u32 = 2;

/// What this process was told.
pub(crate) struct Watch {
    folder: Vec<u8>,
    journal: c_int,
    ends_before: Option<u64>,
    forgets: Option<Vec<u8>>,
    calls: Mutex<u64>,
}

/// What a path leads to.
pub(crate) enum Place<'path> {
    Folder,
    File(&'path [u8]),
}

/// An open file that is watched.
#[derive(Clone, Copy)]
pub(crate) struct Watched {
    pub(crate) number: u64,
    pub(crate) is_the_folder: bool,
    pub(crate) is_forgotten: bool,
}

/// As long as it is there nobody else makes a call.
pub(crate) struct Turn<'watch> {
    journal: c_int,
    _calls: MutexGuard<'watch, u64>,
}

impl Watch {
    /// What this process was told, if it was told anything.
    pub(crate) fn here() -> Option<&'static Self> {
        static WATCH: OnceLock<Option<Watch>> = OnceLock::new();
        WATCH.get_or_init(Self::told).as_ref()
    }

    fn told() -> Option<Self> {
        let told = |variable| env::var_os(variable).map(OsStringExt::into_vec);
        let folder = told(FOLDER_VARIABLE)?;
        let journal = CString::new(told(JOURNAL_VARIABLE)?).ok()?;
        let ends_before = env::var(ENDS_BEFORE_VARIABLE).ok();
        Some(Self {
            folder,
            journal: open_to_append(&journal),
            ends_before: ends_before.and_then(|calls| calls.parse().ok()),
            forgets: told(FORGETS_VARIABLE),
            calls: Mutex::new(0),
        })
    }

    /// Whether the path leads into the folder, and to what there.
    pub(crate) fn place<'path>(&self, path: &'path [u8]) -> Option<Place<'path>> {
        let below = path.strip_prefix(self.folder.as_slice())?;
        let Some(name) = below.strip_prefix(b"/").filter(|name| !name.is_empty()) else {
            return (below.is_empty() || below == b"/").then_some(Place::Folder);
        };
        (!name.ends_with(NOT_KEPT.as_bytes())).then_some(Place::File(name))
    }

    /// Waits until nobody else makes a call. The one that was said to be the last is not made.
    pub(crate) fn turn(&self) -> Turn<'_> {
        let calls = self.calls.lock();
        let mut calls = calls.unwrap_or_else(PoisonError::into_inner);
        *calls += 1;
        if Some(*calls) == self.ends_before {
            // Safety: no pointer is given; nothing comes after it.
            unsafe {
                libc::kill(libc::getpid(), SIGKILL);
                libc::pause();
            }
        }
        Turn {
            journal: self.journal,
            _calls: calls,
        }
    }

    fn forgets(&self, place: &Place<'_>) -> bool {
        let name: &[u8] = match place {
            Place::Folder => b"/",
            Place::File(name) => name,
        };
        let forgets = self.forgets.as_ref();
        forgets.is_some_and(|ending| name.ends_with(ending))
    }
}

impl Turn<'_> {
    /// Writes down what was done. A process that cannot goes no further.
    pub(crate) fn note(&self, what: u64, file: u64, place: off_t, bytes: &[u8]) {
        let place = u64::try_from(place).unwrap_or(u64::MAX);
        let numbers: [u64; NUMBERS] = [what, file, place, bytes.len() as u64];
        let mut record: Vec<u8> = numbers.into_iter().flat_map(u64::to_le_bytes).collect();
        record.extend_from_slice(bytes);
        let mut rest = record.as_slice();
        while !rest.is_empty() {
            // Safety: the bytes are there as long as the call takes.
            let written =
                unsafe { libc::syscall(SYS_write, self.journal, rest.as_ptr(), rest.len()) };
            match usize::try_from(written) {
                Ok(written) if written > 0 => rest = &rest[written..],
                _ => std::process::abort(),
            }
        }
    }
}

fn open_to_append(path: &CString) -> c_int {
    let flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC;
    // Safety: the path ends, and is there as long as the call takes.
    let file = unsafe { libc::syscall(SYS_openat, AT_FDCWD, path.as_ptr(), flags, 0o600) };
    c_int::try_from(file).unwrap_or(-1)
}

/// Knows the file that was opened there from now on, if it was.
pub(crate) fn is_ours(file: c_int, place: &Place<'_>, watch: &Watch) -> Option<Watched> {
    let known = FILES.get(usize::try_from(file).ok()?)?;
    // Safety: zeros are such a value, and the kernel fills it.
    let mut status: libc::stat = unsafe { std::mem::zeroed() };
    // Safety: it lives longer than the call.
    if unsafe { libc::fstat(file, &raw mut status) } != 0 {
        return None;
    }
    let watched = Watched {
        number: status.st_ino,
        is_the_folder: matches!(place, Place::Folder),
        is_forgotten: watch.forgets(place),
    };
    let flag = |is: bool, flag| if is { flag } else { 0 };
    let flags =
        flag(watched.is_the_folder, IS_THE_FOLDER) | flag(watched.is_forgotten, IS_FORGOTTEN);
    known.store(watched.number << FLAGS | flags, Ordering::Relaxed);
    Some(watched)
}

/// Whatever has this descriptor from now on is not in the folder.
pub(crate) fn is_none_of_ours(file: c_int) {
    let known = usize::try_from(file).ok().and_then(|file| FILES.get(file));
    if let Some(known) = known {
        known.store(0, Ordering::Relaxed);
    }
}

/// What is known of an open file.
pub(crate) fn watched(file: c_int) -> Option<Watched> {
    let known = FILES.get(usize::try_from(file).ok()?)?;
    let known = known.load(Ordering::Relaxed);
    (known != 0).then_some(Watched {
        number: known >> FLAGS,
        is_the_folder: known & IS_THE_FOLDER != 0,
        is_forgotten: known & IS_FORGOTTEN != 0,
    })
}
