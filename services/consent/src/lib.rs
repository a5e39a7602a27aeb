#![doc = include_str!("../README.md")]

pub mod config;

pub mod asked_period;
pub mod authorized;
pub mod block;
pub mod care_episode;
pub mod grant;
pub mod grantee;
pub mod notification;
pub mod record;
pub mod visibility;

pub mod decision;
pub mod matrix;
pub mod policies;

pub mod error;

pub mod app;
pub mod directory;
pub mod findings;
pub mod follower;
pub mod identity_changes;
pub mod trail_backlog;

pub mod access_basis;
pub mod cache;
pub mod canary;
pub mod decision_log;
mod decision_metrics;
pub mod doorbell;
pub mod inbox;
pub mod store;

pub mod grpc;
pub mod housekeeping;
pub mod server;
