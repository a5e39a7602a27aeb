//! The append-only tree: what a writer keeps, and what it stores.
//!
//! A writer keeps a [`Frontier`], whose size is the logarithm of the tree's, and
//! persists the nodes that every append completes. Proofs are computed later from
//! those nodes alone, through [`Nodes`].

mod frontier;
mod nodes;

pub use frontier::{Appended, Frontier, FrontierError, Node, TreeFull};
pub use nodes::{KnownNodes, MissingNode, NodeId, Nodes};
pub(crate) use nodes::{complete_subtrees, join_subtrees, range_root, split};
