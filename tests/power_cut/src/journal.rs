//! What is written down, and how who writes it is told: shared by the source with who reads it,
//! who must not be linked with these functions.
//!
//! A record is four numbers of 64 bits, the least significant byte first (what, which file,
//! where in it, how many bytes follow), and then these bytes. A file is known by the number
//! that the file system gave it; one that is made may have the number of one that is gone.

/// The variable that names the folder, as the program names it: absolute.
pub(crate) const FOLDER_VARIABLE: &str = "AVAL_POWER_CUT_FOLDER";
/// The variable that names the file to write to, which is elsewhere.
pub(crate) const JOURNAL_VARIABLE: &str = "AVAL_POWER_CUT_JOURNAL";
/// The variable that says before which of the calls the process is killed, from 1.
pub(crate) const ENDS_BEFORE_VARIABLE: &str = "AVAL_POWER_CUT_ENDS_BEFORE";
/// The variable for a disk that lies: to sync a file whose name ends so does nothing, and says
/// that it is done. The folder itself is called `/`.
pub(crate) const FORGETS_VARIABLE: &str = "AVAL_POWER_CUT_FORGETS";

/// What is no file to be kept: where SQLite's processes find what is in the journal. It is
/// mapped, and computed anew by whoever opens the database first.
pub(crate) const NOT_KEPT: &str = "-shm";

/// A file of this name was made; it is not sure to be found again before its folder is synced.
pub(crate) const CREATED: u64 = 1;
/// The file of this name was opened.
pub(crate) const OPENED: u64 = 2;
/// These bytes were written there.
pub(crate) const WRITTEN: u64 = 3;
/// The file ends there now.
pub(crate) const RESIZED: u64 = 4;
/// What was done to the file is kept.
pub(crate) const SYNCED: u64 = 5;
/// What files there are is kept.
pub(crate) const FOLDER_SYNCED: u64 = 6;
/// The file of this name was removed.
pub(crate) const REMOVED: u64 = 7;

/// Numbers before the bytes of a record.
pub(crate) const NUMBERS: usize = 4;
