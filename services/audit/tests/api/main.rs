//! The service over real connections: mTLS, callers, people, every RPC.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod appending;
mod callers;
mod completeness;
mod coverage;
mod deeds;
mod delivery_receipts;
mod erasing;
mod exporting;
mod exporting_ends;
mod findings;
mod history;
mod jwks;
mod keys;
mod merging;
mod one_event;
mod ops;
mod oversight;
mod own_trail;
mod paging;
mod people;
mod professionals;
mod refusals;
mod reporting;
mod stand;
mod tampering;
mod transparency;
mod treating_doctor;
mod unusual;
mod watching;
mod watching_ends;
mod withheld;
mod witness;
mod witness_trouble;
mod witnessed;
