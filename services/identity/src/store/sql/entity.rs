//! The tables.

pub(super) mod directory_cursor;
pub(super) mod former_matricule;
pub(super) mod identity_issue;
pub(super) mod logout_token;
pub(super) mod patient;
pub(super) mod representation;
pub(super) mod session;
