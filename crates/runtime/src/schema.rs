//! A service's database, on a schema that this program may serve on.

use aval_database::migrate::{self, SchemaError, Steps};
use aval_database::{Database, DatabaseConfig};
use opentelemetry::KeyValue;

use crate::telemetry::metrics::meter;

/// Connects `service` to its database, and brings the schema up to date first if `migrate`
/// says so. A schema that is behind, or ahead by a step that is not for this program, is
/// refused; one that is ahead otherwise is served, and the log and a metric say so.
pub async fn open_database<M: Steps>(
    service: &'static str,
    config: &DatabaseConfig,
    migrate: bool,
) -> Result<Database, SchemaError> {
    let db = Database::connect(config).await?;
    if migrate {
        migrate::migrate::<M>(&db).await?;
    }
    let ahead = migrate::require_fit::<M>(&db).await?;
    if ahead > 0 {
        tracing::warn!(
            schema.steps_ahead = ahead,
            "the schema is ahead of this program, which may serve on it: a later version was \
             here, and is being rolled out or was rolled back"
        );
    }
    let gauge = meter()
        .u64_gauge("aval.schema.ahead")
        .with_description("How many steps of the schema this program does not know.")
        .build();
    let ahead = u64::try_from(ahead).unwrap_or(u64::MAX);
    gauge.record(ahead, &[KeyValue::new("source", service)]);
    Ok(db)
}
