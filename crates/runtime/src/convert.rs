//! The shared words of the contract to and from the field's types.
//!
//! `…_from_proto` notes what is wrong in a [`FieldErrors`](crate::status::FieldErrors)
//! under the field's name and answers `None`; an enum number that the contract does
//! not know is such a violation, never a default. `…_to_proto` cannot fail.

mod access;
mod document;
pub mod event;
mod time;

pub use access::{
    access_action_from_proto, access_action_to_proto, access_mode_from_proto, access_mode_to_proto,
    authentication_strength_from_proto, authentication_strength_to_proto,
};
pub use document::{
    document_class_from_proto, document_class_to_proto, document_classes_from_proto,
    document_classes_to_proto, document_ref_from_proto, document_ref_to_proto,
};
pub use time::{
    optional_timestamp_from_proto, period_from_proto, period_to_proto, timestamp_from_proto,
    timestamp_to_proto,
};

/// What every unknown or absent value of an enum breaks.
const NOT_A_VALUE: &str = "must be one of the values of the contract";
