//! Servers that a task needs: found or installed, started on free ports for one run,
//! and gone after it.

mod collector;
mod postgres;
mod redis;
mod supervised;

pub(crate) use collector::Collector;
pub(crate) use postgres::{Durability, Postgres, postgres_programs};
pub(crate) use redis::Redis;
