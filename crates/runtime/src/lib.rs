//! What the four services share at run time: configuration, telemetry, servers and channels,
//! callers and tokens, errors to statuses.
//!
//! Reading order: what a process is given ([`config`], [`key_file`], [`sealing`],
//! [`environment`], [`boot_clock`], [`telemetry`]), who is on the other side ([`tls`],
//! [`caller`], [`token`]), what a use case gets of that ([`context`]), how values and errors
//! cross the wire ([`convert`], [`page`], [`status`]), and the two ends of a connection
//! ([`server`], [`ops`] on an [`http_listener`], the [`condition`] that they tell of, and the [`vitals`] that are a
//! part of it; [`channel`], [`following`] and [`trail`]; [`call`] between them; [`flights`] for
//! what many read at once). [`program`] is what starts it all, and [`schema`] opens its
//! database.

pub mod boot_clock;
pub mod config;
pub mod environment;
pub mod key_file;
pub mod sealing;
pub mod telemetry;

pub mod caller;
pub mod tls;
pub mod token;

pub mod context;

pub mod convert;
pub mod page;
pub mod status;

pub mod call;
pub mod channel;
pub mod condition;
pub mod flights;
pub mod following;
pub mod http_listener;
pub mod ops;
pub mod program;
pub mod schema;
pub mod server;
pub mod trail;
pub mod vitals;

/// Of every program that serves or calls: what a call allocates is many, small, and gone
/// with it, which the C library's allocator takes a quarter of the server's time for.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod answer;
mod bounded_tasks;
mod deadline;
mod methods;
