#![doc = include_str!("../README.md")]

pub mod config;
pub mod log_key;
pub mod server;

pub mod submission;

pub mod sequence;

pub mod plan;

pub mod entry;

pub mod payload;

pub mod patient_keys;

pub mod batch;

pub mod head_map;

pub mod aliases;

pub mod professionals;

pub mod standing;

pub mod withholding;

pub mod checkpoint_key;

pub mod examination;

pub mod erasure;

pub mod retention;

pub mod key_rotation;

pub mod query;

pub mod oversight;

pub mod unusual;

pub mod finding;

pub mod sentence;

pub mod export;

pub mod error;

pub mod app;

pub mod writer;

pub mod own_trail;

pub mod hearing;

pub mod tail;

mod growth;

pub mod witnessing;

pub mod store;

pub mod grpc;

mod metrics;

#[cfg(test)]
mod sample;
