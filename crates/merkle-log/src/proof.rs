//! Proofs that a leaf is in a tree, and that a tree has only grown.
//!
//! Made as RFC 6962 §2.1.1 and §2.1.2 say, verified as RFC 9162 §2.1.3.2 and
//! §2.1.4.2 say: the two share no code, so that neither can excuse the other.

mod consistency;
mod inclusion;

pub use consistency::ConsistencyProof;
pub use inclusion::InclusionProof;

/// Why a proof does not prove, or cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The tree has no leaf at this index.
    #[error("a tree of {tree_size} leaves has no index {index}")]
    IndexOutOfRange {
        /// The index asked for.
        index: u64,
        /// The number of leaves.
        tree_size: u64,
    },
    /// A tree does not shrink.
    #[error("a tree of {old_size} leaves cannot become one of {new_size}")]
    SizesReversed {
        /// Leaves of the tree said to be the older.
        old_size: u64,
        /// Leaves of the tree said to be the newer.
        new_size: u64,
    },
    /// Elements are missing from the path.
    #[error("the proof is too short")]
    TooShort,
    /// The path has elements that nothing calls for.
    #[error("the proof is too long")]
    TooLong,
    /// The path leads to another root than the (newer) tree's.
    #[error("the proof leads to another root")]
    RootMismatch,
    /// The path leads to another root than the older tree's.
    #[error("the proof leads to another older root")]
    OldRootMismatch,
}

/// Why a proof could not be computed from stored nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ComputeError<E> {
    /// There is no such proof.
    #[error(transparent)]
    Impossible(#[from] ProofError),
    /// A node could not be had from the source.
    #[error("a node of the tree cannot be read")]
    Source(#[source] E),
}
