//! Who turned out to be whom, as it is told to those who follow.

use aval_domain::id::PatientId;

/// How many merges came before, those taken back among them: a place in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct MergeCursor(pub u64);

/// One patient leads to another from then on, or to nobody any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MergeChange {
    /// Who leads to the other.
    pub source: PatientId,
    /// Who stays; `None`: the source's merge was taken back.
    pub target: Option<PatientId>,
    /// The place after it.
    pub cursor: MergeCursor,
}
