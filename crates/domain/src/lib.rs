//! The field's types: identifiers, professions, documents, periods, events, time. No I/O.
//!
//! A value of one of these types is valid by construction. Text is parsed at
//! the edge, once, by total parsers that say which rule failed and never repeat
//! what they were given ([`InvalidValue`]); below the edge nobody checks again.
//!
//! Time and randomness are passed in ([`time::Clock`], [`random::Random`]): a
//! rule that depends on either can be tested without waiting or guessing.
//!
//! Reading order: what is passed in ([`time`], [`random`]), how things are
//! named ([`id`], [`ins`], [`rpps`] and the other public numbers), what the code
//! lists say ([`code`], [`document`]), and what the services tell each other
//! ([`access`], [`event`]).

#[macro_use]
mod serde_text;
#[macro_use]
mod closed_list;
mod code_text;
mod digits;
mod invalid;
mod local_register;
mod luhn;
#[cfg(test)]
mod testing;

pub mod random;
pub mod time;

pub mod etag;
pub mod id;
pub mod page;
pub mod period;

pub mod adeli;
pub mod finess;
pub mod id_nat_ps;
pub mod id_nat_struct;
pub mod ins;
pub mod mssante;
pub mod rpps;
pub mod siren;
pub mod siret;

pub mod code;
pub mod document;
pub mod name;

pub mod access;
pub mod aliases;
pub mod event;

pub use invalid::InvalidValue;
