//! The service over real connections: mTLS, callers, people, every RPC.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod acts_for_many;
mod authorized;
mod care_episodes;
mod denials;
mod documents;
mod emergencies;
mod grant_requests;
mod jwks;
mod lists;
mod neighbours;
mod notifications;
mod people;
mod policy;
mod refusals;
mod repetitions;
mod stand;
mod weak_sign_in;
mod whole_life;
mod wrong_people;
