//! The server and the channel over real connections on the loopback.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod authority;
mod callers;
mod certificates;
mod drain;
mod exported;
mod gone;
mod handshakes;
mod health;
mod instances;
mod late_bodies;
mod limits;
mod never_repeated;
mod observed;
mod pki;
mod stand;
mod tokens;
mod trail;
