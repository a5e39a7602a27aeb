//! What a program asks of the files in one folder, written down: each write with its bytes,
//! and each moment from which on something is sure to be kept.
//!
//! The dynamic linker loads this before the C library (`LD_PRELOAD`), so that these functions
//! are called in the place of those of the same names. Each asks the kernel the same, and for
//! a file in the folder that is watched it writes down afterwards what was done. One call is
//! let through at a time, so that what stands there is in the order in which it was done. A
//! program that it is not told to watch notices nothing.
//!
//! The environment tells it which folder, where to write, after how many of these calls the
//! process is to be killed, and what is to be forgotten although it was synced
//! (`journal.rs`, which has the format too).
//!
//! Whoever reads it must hold what it comes to against the folder itself: a call that is not
//! among these, a renaming for one, goes by unseen.

#![expect(
    unsafe_code,
    reason = "functions of the C library are taken the place of, with the pointers that they are given"
)]

mod journal;
mod watch;

use std::ffi::CStr;
use std::slice;

use libc::{
    AT_FDCWD, O_CREAT, O_TRUNC, SEEK_CUR, SYS_close, SYS_fdatasync, SYS_fsync, SYS_ftruncate,
    SYS_openat, SYS_pwrite64, SYS_unlinkat, SYS_write, SYS_writev, c_char, c_int, c_long, c_void,
    iovec, mode_t, off_t, size_t, ssize_t,
};

use watch::{Place, Turn, Watch, Watched};

/// The kernel's answer as the C library gives it; both have the same size here.
fn as_size(answer: c_long) -> ssize_t {
    ssize_t::try_from(answer).unwrap_or(-1)
}

fn as_int(answer: c_long) -> c_int {
    c_int::try_from(answer).unwrap_or(-1)
}

/// The bytes of a path that a caller gave.
///
/// # Safety
/// As of the C library's functions: it is null, or text that ends.
unsafe fn bytes_of<'path>(path: *const c_char) -> &'path [u8] {
    if path.is_null() {
        return &[];
    }
    // Safety: the caller's.
    unsafe { CStr::from_ptr(path) }.to_bytes()
}

fn exists(path: *const c_char) -> bool {
    // Safety: the path is what the caller gave, and only read.
    unsafe { libc::access(path, libc::F_OK) == 0 }
}

/// Opens, and from then on knows the file if it is in the folder.
///
/// # Safety
/// As of `openat`.
unsafe fn open_from(at: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    // Safety: all of it is the caller's.
    let call = || as_int(unsafe { libc::syscall(SYS_openat, at, path, flags, mode) });
    // Safety: the caller's.
    let place =
        Watch::here().and_then(|watch| Some((watch, watch.place(unsafe { bytes_of(path) })?)));
    let Some((watch, place)) = place else {
        let file = call();
        watch::is_none_of_ours(file);
        return file;
    };
    let turn = watch.turn();
    let is_new = flags & O_CREAT != 0 && !exists(path);
    let file = call();
    let Some(watched) = watch::is_ours(file, &place, watch) else {
        return file;
    };
    if let Place::File(name) = place {
        let what = if is_new {
            journal::CREATED
        } else {
            journal::OPENED
        };
        turn.note(what, watched.number, 0, name);
        if flags & O_TRUNC != 0 && !is_new {
            turn.note(journal::RESIZED, watched.number, 0, &[]);
        }
    }
    file
}

/// Makes a call about an open file; one that is watched has its turn, and what was done is
/// written down if anything was.
fn about(
    file: c_int,
    call: impl FnOnce() -> c_long,
    note: impl FnOnce(&Turn<'_>, Watched, c_long),
) -> c_long {
    let watched = Watch::here().and_then(|watch| Some((watch, watch::watched(file)?)));
    let Some((watch, watched)) = watched else {
        return call();
    };
    let turn = watch.turn();
    let answer = call();
    if answer >= 0 {
        note(&turn, watched, answer);
    }
    answer
}

/// Writes at this place, or at the file's own.
///
/// # Safety
/// As of `pwrite`.
unsafe fn write_at(
    file: c_int,
    bytes: *const c_void,
    length: size_t,
    place: Option<off_t>,
) -> ssize_t {
    // Safety: all of it is the caller's.
    let call = || unsafe {
        match place {
            Some(place) => libc::syscall(SYS_pwrite64, file, bytes, length, place),
            None => libc::syscall(SYS_write, file, bytes, length),
        }
    };
    as_size(about(file, call, |turn, watched, count| {
        let place = place.unwrap_or_else(|| end_of_last(file) - count);
        let count = usize::try_from(count).unwrap_or_default();
        // Safety: the kernel has just read so many from there.
        let bytes = unsafe { slice::from_raw_parts(bytes.cast(), count) };
        turn.note(journal::WRITTEN, watched.number, place, bytes);
    }))
}

/// Where the file goes on.
fn end_of_last(file: c_int) -> off_t {
    // Safety: nothing is read or written through a pointer.
    unsafe { libc::lseek(file, 0, SEEK_CUR) }
}

fn resize(file: c_int, length: off_t) -> c_int {
    // Safety: no pointer is given.
    let call = || unsafe { libc::syscall(SYS_ftruncate, file, length) };
    as_int(about(file, call, |turn, watched, _| {
        turn.note(journal::RESIZED, watched.number, length, &[]);
    }))
}

fn sync(file: c_int, which: c_long) -> c_int {
    if watch::watched(file).is_some_and(|watched| watched.is_forgotten) {
        return 0;
    }
    // Safety: no pointer is given.
    let call = || unsafe { libc::syscall(which, file) };
    as_int(about(file, call, |turn, watched, _| {
        let what = if watched.is_the_folder {
            journal::FOLDER_SYNCED
        } else {
            journal::SYNCED
        };
        turn.note(what, watched.number, 0, &[]);
    }))
}

// What follows is called by who knows the C library's functions, and keeps their promises.
// The mode is read by the kernel where a file is made; elsewhere it is whatever was there.

#[unsafe(no_mangle)]
unsafe extern "C" fn open(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    // Safety: the caller's.
    unsafe { open_from(AT_FDCWD, path, flags, mode) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn open64(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    // Safety: the caller's.
    unsafe { open_from(AT_FDCWD, path, flags, mode) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn openat(at: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    // Safety: the caller's.
    unsafe { open_from(at, path, flags, mode) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn openat64(at: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    // Safety: the caller's.
    unsafe { open_from(at, path, flags, mode) }
}

#[unsafe(no_mangle)]
extern "C" fn close(file: c_int) -> c_int {
    watch::is_none_of_ours(file);
    // Safety: no pointer is given.
    as_int(unsafe { libc::syscall(SYS_close, file) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn write(file: c_int, bytes: *const c_void, length: size_t) -> ssize_t {
    // Safety: the caller's.
    unsafe { write_at(file, bytes, length, None) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn pwrite(
    file: c_int,
    bytes: *const c_void,
    length: size_t,
    place: off_t,
) -> ssize_t {
    // Safety: the caller's.
    unsafe { write_at(file, bytes, length, Some(place)) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn pwrite64(
    file: c_int,
    bytes: *const c_void,
    length: size_t,
    place: off_t,
) -> ssize_t {
    // Safety: the caller's.
    unsafe { write_at(file, bytes, length, Some(place)) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn writev(file: c_int, pieces: *const iovec, count: c_int) -> ssize_t {
    // Safety: all of it is the caller's.
    let call = || unsafe { libc::syscall(SYS_writev, file, pieces, count) };
    as_size(about(file, call, |turn, watched, written| {
        let mut place = end_of_last(file) - written;
        let mut left = usize::try_from(written).unwrap_or_default();
        let mut piece = pieces;
        while left > 0 {
            // Safety: the kernel has written more than the pieces before, so there is this one.
            let iovec { iov_base, iov_len } = unsafe { *piece };
            let length = iov_len.min(left);
            if length > 0 {
                // Safety: the kernel has just read so many from there.
                let bytes = unsafe { slice::from_raw_parts(iov_base.cast_const().cast(), length) };
                turn.note(journal::WRITTEN, watched.number, place, bytes);
            }
            place += off_t::try_from(length).unwrap_or_default();
            left -= length;
            // Safety: it is at most one past the last piece, and not read there.
            piece = unsafe { piece.add(1) };
        }
    }))
}

#[unsafe(no_mangle)]
extern "C" fn ftruncate(file: c_int, length: off_t) -> c_int {
    resize(file, length)
}

#[unsafe(no_mangle)]
extern "C" fn ftruncate64(file: c_int, length: off_t) -> c_int {
    resize(file, length)
}

#[unsafe(no_mangle)]
extern "C" fn fsync(file: c_int) -> c_int {
    sync(file, SYS_fsync)
}

#[unsafe(no_mangle)]
extern "C" fn fdatasync(file: c_int) -> c_int {
    sync(file, SYS_fdatasync)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn unlink(path: *const c_char) -> c_int {
    // Safety: the caller's.
    let call = || as_int(unsafe { libc::syscall(SYS_unlinkat, AT_FDCWD, path, 0) });
    // Safety: the caller's.
    let place =
        Watch::here().and_then(|watch| Some((watch, watch.place(unsafe { bytes_of(path) })?)));
    let Some((watch, Place::File(name))) = place else {
        return call();
    };
    let turn = watch.turn();
    let answer = call();
    if answer == 0 {
        turn.note(journal::REMOVED, 0, 0, name);
    }
    answer
}
