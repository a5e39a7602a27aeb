//! Connections, named transactions, migrations, idempotent requests, the outbox and its relay.
//!
//! One store implementation serves two engines: SQLite, embedded, and
//! PostgreSQL. What differs between them is here and nowhere else: how to
//! connect ([`DatabaseConfig`], [`Database::connect`]), how to begin and when to
//! try again ([`Database::transaction`], [`Database::snapshot`]), how many rows are
//! written at once ([`rows`], [`Load`]) or read ([`Database::copy_out`]), what a failure
//! means ([`DatabaseError`]), and who may do what only one may do ([`ExclusiveLock`]).
//!
//! On top of that, three things that every service's schema has: its migrations
//! ([`migrate`]), the requests already answered ([`requests`]), and the events
//! that wait for the trail ([`outbox`]).
//!
//! [`testing`] and [`conformance`] give other crates' tests a fresh database of
//! each engine, so that a store keeps its promises on both.
//!
//! One service, one database: a file for SQLite, a schema for PostgreSQL. Two
//! services never share tables, and meet through their contracts.

mod config;
mod connect;
mod copy_out;
mod database;
mod error;
mod load;
mod lock;
mod presence;
mod silence;
mod transaction;

pub mod baseline;
pub mod migrate;
pub mod outbox;
pub mod parameters;
pub mod requests;
pub mod rows;

pub mod conformance;
pub mod testing;

pub use config::{DatabaseConfig, is_this_machine};
pub use database::{Backend, Database};
pub use error::DatabaseError;
pub use load::{CopiedRow, CopiedRows, Load};
pub use lock::ExclusiveLock;
pub use silence::{LONGEST_SILENCE, answered, answered_within};
pub use transaction::{Isolation, Transaction};
