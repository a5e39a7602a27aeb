//! The tables.

pub(super) mod alias;
pub(super) mod event;
pub(super) mod log_head;
pub(super) mod map_tile;
pub(super) mod patient_head;
pub(super) mod patient_key;
pub(super) mod producer;
pub(super) mod witnessed;
