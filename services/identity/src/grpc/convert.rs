//! The messages of the contract, to and from the domain's types.

pub(super) mod exchange;
pub(super) mod identity_change;
pub(super) mod identity_issue;
pub(super) mod merge;
pub(super) mod patient;
pub(super) mod representation;
mod search;
pub(super) mod session;
