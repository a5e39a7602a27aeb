//! The acts of the story, in their order.

pub(crate) mod access;
pub(crate) mod directory;
pub(crate) mod emergency;
pub(crate) mod grant;
pub(crate) mod history;
pub(crate) mod impostors;
pub(crate) mod masking;
pub(crate) mod patient;
pub(crate) mod practitioner;
pub(crate) mod receipt;
pub(crate) mod revocation;
pub(crate) mod search;
