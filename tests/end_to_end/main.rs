//! Aval from outside: the four services and the development identity provider on
//! real sockets, as patients, professionals, integrators and attackers meet them.
//!
//! What the tests stand on comes first: a stack with people in it ([`scene`],
//! [`world`]), the contract as data ([`contract`], [`sample`]), and calls made with
//! any bytes ([`raw`], [`refusal`]).

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(clippy::large_futures, reason = "a test awaits one world, once")]

mod contract;
mod patience;
mod raw;
mod refusal;
mod sample;
mod scene;
mod world;

mod authorization;
#[path = "../faults/mod.rs"]
mod faults;
mod following;
mod full_disk;
mod generated_clients;
mod health;
mod hostile_input;
mod joined_history;
mod later_version;
mod merging;
mod observed;
mod procedure;
mod readers;
mod served;
mod telemetry;
mod unusual;
