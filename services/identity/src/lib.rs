#![doc = include_str!("../README.md")]

pub mod config;

pub mod provider;
pub mod provider_names;
pub mod psc;

pub mod activity_choice;
pub mod directory;

pub mod identity_issue;
pub mod likeness;
pub mod merge;
pub mod patient;
pub mod representation;
pub mod session;

pub mod error;
pub mod refusal;

pub mod key_rotation;
pub mod keys;
pub mod patient_keys;
pub mod refresh_token;
pub mod token_issuer;
pub mod token_keys;

pub mod app;
pub mod grpc;
pub mod store;

pub mod backchannel_logout;
pub mod closed_sessions;
pub mod directory_follower;
pub mod jwks;
pub mod likeness_filler;
mod metrics;
pub mod open_sessions;
pub mod server;
