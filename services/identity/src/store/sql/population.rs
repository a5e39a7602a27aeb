//! Open sessions by the thousand, for measuring at the size of a country.
//!
//! Opened one by one through the service they would take hours. So their rows are written
//! as [`SqlStore`](super::SqlStore) writes them, without their traces.

use std::time::Duration;

use aval_database::{Database, DatabaseConfig, DatabaseError};
use aval_domain::id::{PatientId, SessionId};
use aval_domain::random::SystemRandom;
use aval_domain::time::Timestamp;
use aval_runtime::token::AuthenticationStrength;
use sea_orm::EntityTrait;

use super::entity::session::Entity;
use super::session::row_of;
use crate::session::{Bearer, Person, Session};

/// How many one statement writes: SQLite takes 32,766 values.
const AT_ONCE: u32 = 500;
/// Longer than any measurement.
const OPEN_FOR: Duration = Duration::from_hours(4);

/// Opens so many sessions of patients of whom nobody else knows. Never for a database that
/// serves patients.
pub async fn open_sessions(
    database: &DatabaseConfig,
    count: u32,
    now: Timestamp,
) -> Result<(), DatabaseError> {
    let db = Database::connect(database).await?;
    for first in (0..count).step_by(AT_ONCE as usize) {
        let sessions = first..first.saturating_add(AT_ONCE).min(count);
        let rows = sessions.map(|_| row_of(&session(now)));
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        db.transaction("identity.population", async |tx| {
            Entity::insert_many(rows.clone())
                .exec_without_returning(&tx)
                .await?;
            Ok::<(), DatabaseError>(())
        })
        .await?;
    }
    db.close().await
}

fn session(now: Timestamp) -> Session {
    let end = now.saturating_add(OPEN_FOR);
    Session {
        session_id: SessionId::new(now, &SystemRandom),
        bearer: Bearer {
            person: Person::Patient {
                patient_id: PatientId::new(now, &SystemRandom),
                representative: None,
            },
            strength: AuthenticationStrength::Substantial,
            authenticated_at: now,
        },
        software: "gateway".to_owned(),
        thumbprint: None,
        opened_at: now,
        last_used_at: now,
        lapses_at: end,
        expires_at: end,
        generation: 0,
        at_provider: None,
        closed: None,
    }
}
