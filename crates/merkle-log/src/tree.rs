//! The append-only tree: what a writer keeps, and what it stores.
//!
//! A writer keeps a [`Frontier`], whose size is the logarithm of the tree's, and
//! persists the nodes that every append completes. Proofs are computed later from
//! those nodes alone, through [`Nodes`]. How they are kept so that a proof reads few pieces is
//! what [`OpenGroups`] and [`Group`] are for.

mod frontier;
mod groups;
mod nodes;

pub use frontier::{Appended, Frontier, FrontierError, Node, TreeFull};
pub use groups::{Group, GroupId, OpenGroups};
pub use nodes::{KnownNodes, MissingNode, NodeId, Nodes};
pub(crate) use nodes::{complete_subtrees, join_subtrees, range_root, split};
