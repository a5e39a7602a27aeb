//! Patients by the million, for measuring at the size of a country.
//!
//! Registered one by one through the services they would take hours. So their rows are
//! written as [`SqlStore`](super::SqlStore) writes them: each patient has an open record,
//! five grants, the first of them to the doctor who asks, and two masked documents.

use aval_database::{Database, DatabaseConfig, DatabaseError};
use aval_domain::id::{PatientId, PractitionerId};
use aval_domain::time::Timestamp;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use uuid::Uuid;

/// How many patients one transaction writes: nobody else writes meanwhile.
const AT_ONCE: u32 = 20_000;
/// One after the other they would lie side by side in every index, as nobody does.
const MIXED_BY: u64 = 2_654_435_761;

/// What a row is about: a part of its identifier.
#[derive(Debug, Clone, Copy)]
enum Of {
    Patient = 1,
    Practitioner = 2,
    Grant = 3,
    Mask = 4,
}

/// The tables, their columns, and what stands in them for each patient `n`: with `$1 <= n
/// < $2`, at the instant `$3`, by the doctor `$4`. `{patient}` and the like become
/// identifiers, `{numbers}` a table of numbers.
const ROWS: [&str; 3] = [
    "INSERT INTO records (patient_id, opposes_break_glass, opposes_regulation_center, \
        opened_at, version) \
     SELECT {patient}, FALSE, FALSE, $3, 1 FROM {numbers} WHERE $4 = $4",
    "INSERT INTO grants (grant_id, patient_id, practitioner_id, classes, from_at, origin, \
        status, created_at, updated_at, version) \
     SELECT {grant}, {patient}, CASE WHEN k = 0 THEN $4 ELSE {practitioner} END, 2047, $3, \
        'patient', 'given', $3, $3, 1 \
     FROM {numbers} CROSS JOIN (SELECT 0 AS k UNION ALL SELECT 1 UNION ALL SELECT 2 \
        UNION ALL SELECT 3 UNION ALL SELECT 4) AS five",
    "INSERT INTO document_visibilities (mask_id, patient_id, document_id, kind, set_at) \
     SELECT {mask}, {patient}, 'masque-' || k, 'masked', $3 \
     FROM {numbers} CROSS JOIN (SELECT 0 AS k UNION ALL SELECT 1) AS two WHERE $4 = $4",
];

/// Writes so many patients, who all granted this doctor access. To be called once for a
/// database, and never for one that serves patients.
pub async fn write(
    database: &DatabaseConfig,
    count: u32,
    doctor: PractitionerId,
    now: Timestamp,
) -> Result<(), DatabaseError> {
    let db = Database::connect(database).await?;
    for first in (0..count).step_by(AT_ONCE as usize) {
        let until = first.saturating_add(AT_ONCE).min(count);
        db.transaction("consent.population", async |tx| {
            let engine = ConnectionTrait::get_database_backend(&tx);
            for rows in ROWS {
                let values = [
                    i64::from(first).into(),
                    i64::from(until).into(),
                    now.as_micros().into(),
                    doctor.as_uuid().into(),
                ];
                let text = written_for(rows, engine);
                let insert = Statement::from_sql_and_values(engine, text, values);
                tx.execute_raw(insert).await?;
            }
            Ok::<(), DatabaseError>(())
        })
        .await?;
    }
    // Plans follow what was seen of the tables.
    db.transaction("consent.population.analyze", async |tx| {
        tx.execute_unprepared("ANALYZE").await?;
        Ok::<(), DatabaseError>(())
    })
    .await
}

/// At least `wanted` of `count` patients, if there are as many, from everywhere among them.
pub fn some_of(count: u32, wanted: u32) -> impl Iterator<Item = PatientId> {
    let step = (count / wanted.max(1)).max(1);
    (0..count)
        .step_by(step as usize)
        .map(|number| PatientId::from_uuid(identifier(Of::Patient, u64::from(number))))
}

fn identifier(of: Of, number: u64) -> Uuid {
    let mixed = u128::from(number.wrapping_mul(MIXED_BY) % (1 << 32));
    let version = 0x7000_u128 | of as u128;
    Uuid::from_u128(mixed << 96 | version << 64 | 0x8000 << 48 | u128::from(number))
}

/// The statement as this engine takes it.
fn written_for(rows: &str, engine: DbBackend) -> String {
    let numbers = match engine {
        DbBackend::Postgres => "generate_series($1, $2 - 1) AS numbers (n)".to_owned(),
        _ => "(WITH RECURSIVE numbers (n) AS (SELECT $1 UNION ALL \
            SELECT n + 1 FROM numbers WHERE n + 1 < $2) SELECT n FROM numbers) AS numbers"
            .to_owned(),
    };
    // Others than the doctor are ten thousand.
    let places = [
        ("{patient}", Of::Patient, "n"),
        ("{practitioner}", Of::Practitioner, "((n * 4 + k) % 10000)"),
        ("{grant}", Of::Grant, "(n * 5 + k)"),
        ("{mask}", Of::Mask, "(n * 2 + k)"),
    ];
    let text = rows.replace("{numbers}", &numbers);
    places.into_iter().fold(text, |text, (place, of, number)| {
        text.replace(place, &identifier_of(of, number, engine))
    })
}

/// [`identifier`], computed by the engine.
fn identifier_of(of: Of, number: &str, engine: DbBackend) -> String {
    let mixed = format!("({number} * {MIXED_BY}) % 4294967296");
    let middle = format!("700{}8000", of as u8);
    match engine {
        DbBackend::Postgres => format!(
            "(lpad(to_hex({mixed}), 8, '0') || '0000{middle}' || \
             lpad(to_hex({number}), 12, '0'))::uuid"
        ),
        _ => format!("unhex(printf('%08x0000{middle}%012x', {mixed}, {number}))"),
    }
}

#[cfg(test)]
mod tests {
    use aval_database::migrate;
    use aval_database::testing::test_databases;
    use aval_domain::document::DocumentClasses;
    use aval_domain::id::DocumentId;

    use super::super::{Migrator, SqlStore};
    use super::*;
    use crate::access_basis::{AccessBasisSource, AccessQuery};

    #[tokio::test]
    async fn the_service_reads_each_as_its_own() {
        for database in test_databases("consent.population").await {
            migrate::migrate::<Migrator>(&database.db).await.unwrap();
            let doctor = PractitionerId::from_uuid(Uuid::from_u128(7));
            let now = Timestamp::from_micros(1_000);
            write(database.config(), 50, doctor, now).await.unwrap();
            let store = SqlStore::new(database.db.clone());
            let masked: DocumentId = "masque-1".parse().unwrap();
            let queries: Vec<_> = some_of(50, 50)
                .map(|patient_id| AccessQuery {
                    patient_id,
                    practitioner_id: Some(doctor),
                    organization_id: None,
                    documents: vec![&masked],
                })
                .collect();
            assert_eq!(queries.len(), 50);
            for basis in store.access_bases(&queries).await.unwrap() {
                assert!(basis.record.is_some_and(|record| record.open));
                assert_eq!(basis.grants.len(), 1);
                assert_eq!(basis.grants[0].classes, DocumentClasses::ALL);
                assert_eq!(basis.visibilities.len(), 1);
            }
            for (table, rows) in [
                ("records", 50),
                ("grants", 250),
                ("document_visibilities", 100),
            ] {
                let count = format!("SELECT COUNT(*) AS rows_there FROM {table}");
                let reader = database.db.reader();
                let count = Statement::from_string(reader.get_database_backend(), count);
                let counted = reader.query_one_raw(count).await.unwrap().unwrap();
                let there: i64 = counted.try_get("", "rows_there").unwrap();
                assert_eq!(there, rows, "{table}");
            }
        }
    }

    #[test]
    fn some_are_from_everywhere_among_all() {
        let some: Vec<PatientId> = some_of(1_000, 10).collect();
        assert_eq!(some.len(), 10);
        assert_eq!(some[9].as_uuid(), identifier(Of::Patient, 900));
        assert_eq!(some_of(5, 10).count(), 5);
    }
}
