//! The service as its callers meet it: over mutual TLS on the loopback, and as a program.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cli;
mod deciding;
mod denials;
mod files;
mod freshness;
mod importing;
mod issuer;
mod merging;
mod more_files;
mod overriding;
mod paging;
mod reading;
mod stand;
mod trail;
mod watching;
