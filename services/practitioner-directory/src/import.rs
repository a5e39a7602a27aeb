//! An import: a published file on its way into the directory.
//!
//! The directory is compared with the file as three sets of facts ([`facts`]): who
//! somebody is, what a structure is, and that somebody practises so and there. What
//! the directory knows already is passed over ([`known`]); the rest is staged
//! ([`staged`]) and applied in one step. A fact that the file no longer holds ends.
//!
//! That is the file of practice situations. The others say more of people whom it names:
//! each of their rows is one fact, which begins and ends with the row. Who a row is about
//! need not be known: the fact waits for them. An establishment of the register is worded
//! like a structure, and leaves the register rather than ends.
//!
//! Where rows of one file describe one person or one structure in different words,
//! the first row holds.

pub mod comparison;
pub mod facts;
pub mod founding;
pub mod known;
pub mod limits;
pub mod staged;
pub mod trace;

use aval_domain::id::ImportId;
use aval_domain::time::Timestamp;

use crate::reason::Reason;
use crate::source::Source;

/// An import and its report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Which.
    pub import_id: ImportId,
    /// Which file it is.
    pub source: Source,
    /// Its name as it was sent.
    pub file_name: String,
    /// Where it stands.
    pub state: ImportState,
    /// Why it was suspended or failed: fixed sentences; empty otherwise.
    pub state_reason: String,
    /// When the source generated the file, if its name says so.
    pub generated_at: Option<Timestamp>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it was applied, suspended or failed.
    pub finished_at: Option<Timestamp>,
    /// What it found and did.
    pub report: ImportReport,
    /// Who approved or rejected it, if somebody did, and why.
    pub decided: Option<Decided>,
}

/// What a person decided about a suspended import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// The name of the software in whose name they called.
    pub by: String,
    /// Why, as they wrote it.
    pub reason: Reason,
}

/// Where an import stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ImportState {
    /// Being received.
    Receiving,
    /// Waits for a person.
    Suspended,
    /// In use, or replaced by a newer one.
    Applied,
    /// Discarded by a person.
    Rejected,
    /// Refused or broken off; nothing changed.
    Failed,
}

impl ImportState {
    /// Every state.
    pub const ALL: [Self; 5] = [
        Self::Receiving,
        Self::Suspended,
        Self::Applied,
        Self::Rejected,
        Self::Failed,
    ];

    /// Its name in the store.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Receiving => "receiving",
            Self::Suspended => "suspended",
            Self::Applied => "applied",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
        }
    }

    /// The state of that name.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}

/// What an import found and did. For one that is suspended: what it would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Rows read, without the header.
    pub row_count: u64,
    /// Rows put aside.
    pub quarantined_count: u64,
    /// SHA-256 of the file, in hexadecimal; empty until its last byte was read.
    pub file_sha256: String,
    /// What it does to the directory.
    pub changes: Changes,
}

/// What an import does to the directory. Of another file than that of practice
/// situations, a practitioner is active while the file says something of them; of the
/// register of establishments these count, not people.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Changes {
    /// Practitioners who were active before it.
    pub practitioners_before: u64,
    /// Practitioners who are active after it: the people in the file.
    pub practitioner_count: u64,
    /// Those among the people in the file whom the directory does not know.
    pub practitioners_unknown: u64,
    /// Practitioners added.
    pub practitioners_added: u64,
    /// Practitioners changed: their names, their practice situations or their skills.
    pub practitioners_changed: u64,
    /// Practitioners deactivated.
    pub practitioners_deactivated: u64,
    /// Active practice situations after it.
    pub activity_count: u64,
    /// Structures in which somebody practises after it.
    pub organization_count: u64,
    /// Local corrections of attachments with which the source agrees now.
    pub overrides_retired: u64,
}

impl Changes {
    /// How many practitioners are not what they were.
    #[must_use]
    pub const fn touched_count(&self) -> u64 {
        self.practitioners_added + self.practitioners_changed + self.practitioners_deactivated
    }

    /// Whether that is a tenth of them or more: searches in such a directory want to be
    /// planned anew.
    #[must_use]
    pub const fn are_many(&self) -> bool {
        let touched = self.touched_count();
        touched > 0 && touched.saturating_mul(10) >= self.practitioner_count
    }
}

/// A row that was put aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantinedRow {
    /// Its line in the file, the header being line 1.
    pub line: u64,
    /// The column at fault, as the file words it; empty: the row as a whole.
    pub column: String,
    /// The rule that it breaks.
    pub reason: String,
}
