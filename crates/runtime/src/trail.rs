//! The way of events to the trail: [`relay`] hands over what waits in a producer's
//! outbox, through a [`TrailClient`], and [`observe_backlog`] says how much that is.

mod backlog;
mod client;
mod relay;

pub use backlog::observe_backlog;
pub use client::{TrailClient, TrailError};
pub use relay::relay;
