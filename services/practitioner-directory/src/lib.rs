#![doc = include_str!("../README.md")]

pub mod config;
pub mod server;

pub mod extraction;
pub mod identifier;
pub mod organization;
pub mod practitioner;
pub mod qualification;
pub mod source;
pub mod words;

pub mod change;
pub mod freshness;
pub mod import;
pub mod merge;
pub mod page;
pub mod reason;
pub mod search;

pub mod app;
pub mod error;
pub mod grpc;
pub mod index;
pub mod lease;
mod metrics;
pub mod people;
pub mod records;
pub mod store;
