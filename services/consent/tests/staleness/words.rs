//! What a scene and its instances say to each other: a line of JSON each.

use std::path::{Path, PathBuf};
use std::time::Duration;

use aval_consent::cache::redis::RedisConfig;
use aval_database::DatabaseConfig;
use aval_domain::id::{GrantId, PatientId, PractitionerId};
use aval_runtime::boot_clock::{BootClock, SystemBootClock};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What an instance stands on, as whoever starts it knows it.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    pub(crate) database: DatabaseConfig,
    pub(crate) redis_urls: Vec<String>,
    pub(crate) is_cluster: bool,
    /// About whom it is asked, and asks itself.
    pub(crate) people: Vec<(PatientId, PractitionerId)>,
    /// How much it may remember.
    pub(crate) largest_bytes: u64,
}

/// The same, as it is told.
#[derive(Debug, Deserialize)]
pub(crate) struct Told {
    /// Where it takes its orders.
    pub(crate) socket: PathBuf,
    pub(crate) database: DatabaseConfig,
    pub(crate) redis: RedisConfig,
    pub(crate) people: Vec<(PatientId, PractitionerId)>,
    pub(crate) largest_bytes: u64,
}

/// What an instance is to do, and the number under which it says that it has.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Order {
    /// Look whether the professional of that lane may see the record.
    Check { number: u64, lane: usize },
    /// Say the revision of the policy in force.
    Policy { number: u64 },
}

/// What an instance has done since its last report.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Report {
    /// How many checks were answered. Whatever they permitted is in this report.
    pub(crate) checks: usize,
    pub(crate) permits: Vec<Permit>,
    pub(crate) answers: Vec<Answer>,
    /// How often it found a cached answer wrong, since it began.
    pub(crate) mismatches: u64,
}

/// A check found that the professional may see the record.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Permit {
    pub(crate) lane: usize,
    /// By this grant.
    pub(crate) grant_id: GrantId,
    /// When the check began.
    pub(crate) began: Instant,
}

/// An order was carried out.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) number: u64,
    /// The revision that was asked for, if it could be read.
    pub(crate) policy: Option<String>,
}

/// By the clock that every process of the machine reads alike and that nobody sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Instant(Duration);

impl Instant {
    pub(crate) fn now() -> Self {
        Self(SystemBootClock.now())
    }
}

impl Setting {
    /// What an instance is told that takes its orders there.
    pub(crate) fn told(&self, socket: &Path) -> String {
        let told = json!({
            "socket": socket,
            "database": { "url": self.database.url, "schema": self.database.schema },
            "redis": {
                "urls": self.redis_urls,
                "cluster": self.is_cluster,
                // What Redis holds is used again soon after each fault.
                "answer_timeout": "50ms",
                "connect_timeout": "200ms",
                "retry_after": "50ms",
            },
            "people": self.people,
            "largest_bytes": self.largest_bytes,
        });
        told.to_string()
    }
}

impl Order {
    pub(crate) const fn number(&self) -> u64 {
        match self {
            Self::Check { number, .. } | Self::Policy { number } => *number,
        }
    }
}
