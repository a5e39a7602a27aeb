//! The service over real connections: mutual TLS, a development identity provider, a
//! directory and a trail made for these tests.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod calls;
mod certified;
mod cli;
mod clinic;
mod closing;
mod crooked;
mod denials;
mod family;
mod following;
mod hostile;
mod identities;
mod key_rotation;
mod keys;
mod merge_feed;
mod merges;
mod neighbours;
mod patient;
mod patients;
mod practitioner;
mod provider_faults;
mod provider_logout;
mod refreshing;
mod representatives;
mod searching;
mod sessions;
mod stand;
mod tls;
