//! Answers from memory that no change which has returned can make wrong.
//!
//! **The rule.** An instance answers from a cache only while it knows, from a poll of
//! the database that began less than [`LEASE`] ago, that nothing the [`Entry`] rests
//! on has changed since the entry was read. And a change returns only once every such
//! promise made before it has run out.
//!
//! ```text
//! writer    change ── commit at c ────────── waits LEASE ──────────→ returns at r ≥ c + LEASE
//! instance      poll began at t ─ answers from its cache until t + LEASE, less a margin
//! ```
//!
//! A check that begins after `r` and finds a valid lease knows of a poll with
//! `t > r - LEASE ≥ c`: the poll began after the commit, so it brought the change, and
//! what was read before the change is refused. Nothing in the argument asks what
//! Redis does, which messages arrive, or how fast anybody is.
//!
//! - **Positions** ([`Position`], [`Shard`]). Each transaction that changes what a
//!   decision rests on moves its shard's clock as its last statement. The row stays
//!   locked until the commit, so positions are in the order of commits, and whoever
//!   reads position *p* reads every change up to *p*. A sequence has no such order.
//! - **Entries** ([`Entry`]) hold facts with their periods, and the position they were
//!   read at, in one statement. Time is told at decision time: expiry is exact.
//! - **The poll** ([`Poller`]) asks for the changes it does not know yet. What it knows
//!   is its [`Freshness`]: the last change of each [`Dependency`], and how far back it
//!   knows them all (the floor).
//! - **The wait** ([`ChangeFence`]) is what a change does before it returns.
//! - **Tiers** ([`CachedBases`]): this process' memory, then one that the instances may
//!   share and that may lose, repeat or bring back anything, then the database. What
//!   any tier gives is judged the same way.
//!
//! What is assumed: the monotonic clocks of two machines run at rates that differ by
//! less than the margin; a machine's boot-time clock goes on while it is suspended (if
//! it does not, the wall clock tells); a database that fails over to its standby has
//! lost no commit that was acknowledged.

mod answers;
mod change;
mod entry;
mod fence;
mod knowledge;
mod metrics;
mod policies;
mod poller;
pub mod redis;
mod sampler;
mod sealed;
pub mod shared;
mod shared_entries;
mod tier;

pub use answers::{Authority, CacheSettings, CachedBases};
pub use change::{Change, Dependency, News, Position, Shard};
pub use entry::{AccessKey, Entry, EntryVisibilities, MOST_VISIBILITIES, OtherPosition, Positions};
pub use fence::ChangeFence;
pub use knowledge::{Freshness, Generation, PollBegan, Refused};
pub use policies::{CachedPolicies, MatrixAuthority};
pub use poller::{POLL_EVERY, Poller};

use std::time::Duration;

/// For how long what a poll brought may be relied on, counted from its beginning; and
/// for how long a change waits before it returns. Every instance of the service must
/// have the same, which is why it is no setting.
pub const LEASE: Duration = Duration::from_millis(250);

/// What a lease is shorter by than the wait: for clocks that do not run alike.
pub const LEASE_MARGIN: Duration = Duration::from_millis(12);
