//! On PostgreSQL: one statement for the whole batch, whatever its size.
//!
//! Rows travel as one array a column. The statement's text is always the same, so it
//! is planned once, and a batch costs one round trip instead of five between `BEGIN` and
//! `COMMIT`, which it does without where it is all there is to do; with as many parameters as values, binding and parsing alone
//! took a third of the time of a batch.
//!
//! The head is moved by the same statement and everything else hangs on it: a writer
//! that was fenced waits for the head's row, finds no row to move, and inserts
//! nothing.
//!
//! What entries tell goes into the part of its month; in `events` its place stays empty.

use aval_database::{Database, Transaction};
use aval_domain::id::{OrganizationId, PatientId, PractitionerId};
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement, Value};
use uuid::Uuid;

use crate::batch::{Batch, NewEntry, PatientHeads};
use crate::entry::Columns;
use crate::head_map::{MapChange, key_of};
use crate::store::CommitError;
use crate::store::sql::keys::SealedPayload;
use crate::store::sql::row;

/// Arrays hold no nulls here: the nil UUID, 0 and no bytes stand in for them.
const STORE_BATCH: &str = "\
    WITH moved AS ( \
        UPDATE log_head SET size = $3, aliases_to = $3, recorded_at = $4, checkpoint = $5 \
        WHERE fence = $1 AND size = $2 RETURNING id \
    ), entries AS ( \
        INSERT INTO events ( \
            log_index, event_id, source, epoch, sequence, recorded_at, patient_id, \
            patient_sequence, previous_leaf, commitment, nodes, occurred_at, \
            practitioner_id, organization_id, kind, outcome, is_emergency, payload, key_id \
        ) \
        SELECT log_index, event_id, source, epoch, sequence, $4, \
            nullif(patient_id, '00000000-0000-0000-0000-000000000000'), \
            nullif(patient_sequence, 0), nullif(previous_leaf, ''), commitment, nodes, \
            occurred_at, \
            nullif(practitioner_id, '00000000-0000-0000-0000-000000000000'), \
            nullif(organization_id, '00000000-0000-0000-0000-000000000000'), \
            kind, outcome, is_emergency, '', key_id \
        FROM moved, unnest( \
            $6::bigint[], $7::uuid[], $8::text[], $9::bigint[], $10::bigint[], $11::uuid[], \
            $12::bigint[], $13::bytea[], $14::bytea[], $15::bytea[], $16::bigint[], \
            $17::uuid[], $18::uuid[], $19::text[], $20::text[], $21::boolean[], \
            $23::bigint[] \
        ) AS entry ( \
            log_index, event_id, source, epoch, sequence, patient_id, patient_sequence, \
            previous_leaf, commitment, nodes, occurred_at, practitioner_id, \
            organization_id, kind, outcome, is_emergency, key_id \
        ) \
    ), told AS ( \
        INSERT INTO payloads (log_index, recorded_at, payload) \
        SELECT log_index, $4, payload \
        FROM moved, unnest($6::bigint[], $22::bytea[]) AS told (log_index, payload) \
    ), heads AS ( \
        INSERT INTO patient_heads (patient_id, bucket, sequence, leaf) \
        SELECT patient_id, bucket, sequence, leaf \
        FROM moved, unnest($24::uuid[], $25::integer[], $26::bigint[], $27::bytea[]) \
            AS head (patient_id, bucket, sequence, leaf) \
        ON CONFLICT (patient_id) DO UPDATE \
            SET sequence = excluded.sequence, leaf = excluded.leaf \
    ), tiles AS ( \
        INSERT INTO map_tiles (level, position, children) \
        SELECT level, position, children \
        FROM moved, unnest($28::integer[], $29::integer[], $30::bytea[]) \
            AS tile (level, position, children) \
        ON CONFLICT (level, position) DO UPDATE SET children = excluded.children \
    ), positions AS ( \
        INSERT INTO producers (source, epoch, last_sequence) \
        SELECT source, epoch, last_sequence \
        FROM moved, unnest($31::text[], $32::bigint[], $33::bigint[]) \
            AS position (source, epoch, last_sequence) \
        ON CONFLICT (source, epoch) DO UPDATE SET last_sequence = excluded.last_sequence \
    ) \
    SELECT id FROM moved";

pub(super) async fn store(
    tx: &Transaction,
    batch: &Batch<'_>,
    payloads: Vec<SealedPayload>,
    positions: &[(&str, u64, u64)],
) -> Result<(), CommitError> {
    let asked = statement(batch, payloads, positions);
    require_moved(tx.query_one_raw(asked).await?.as_ref())
}

/// The same for a batch that is nothing else: the statement is the whole transaction.
pub(super) async fn store_alone(
    db: &Database,
    batch: &Batch<'_>,
    payloads: Vec<SealedPayload>,
    positions: &[(&str, u64, u64)],
) -> Result<(), CommitError> {
    let asked = statement(batch, payloads, positions);
    require_moved(db.change("audit.append", asked).await?.first())
}

fn require_moved(row: Option<&QueryResult>) -> Result<(), CommitError> {
    row.map(|_| ()).ok_or(CommitError::Fenced)
}

fn statement(
    batch: &Batch<'_>,
    payloads: Vec<SealedPayload>,
    positions: &[(&str, u64, u64)],
) -> Statement {
    let mut values: Vec<Value> = vec![
        row::signed(batch.fence).into(),
        row::signed(batch.old_size).into(),
        row::signed(batch.new_size).into(),
        batch.recorded_at.as_micros().into(),
        batch.checkpoint.as_str().into(),
    ];
    values.extend(entry_arrays(&batch.entries));
    values.extend(payload_arrays(payloads));
    values.extend(head_arrays(&batch.patient_heads));
    values.extend(tile_arrays(&batch.map));
    values.extend(position_arrays(positions));
    Statement::from_sql_and_values(DbBackend::Postgres, STORE_BATCH, values)
}

/// The columns of `entry` in the statement, in their order, up to the payload.
fn entry_arrays(entries: &[NewEntry<'_>]) -> [Value; 16] {
    let columns: Vec<Columns> = entries
        .iter()
        .map(|entry| Columns::of(&entry.sealed.event))
        .collect();
    let of_entry = |value: fn(&NewEntry<'_>) -> i64| array(entries.iter().map(value));
    let bytes = |value: fn(&NewEntry<'_>) -> Vec<u8>| array(entries.iter().map(value));
    let ids = |value: fn(&Columns) -> Option<Uuid>| {
        array(
            columns
                .iter()
                .map(|columns| value(columns).unwrap_or_default()),
        )
    };
    [
        of_entry(|entry| row::signed(entry.log_index)),
        array(
            entries
                .iter()
                .map(|entry| entry.sealed.event.event_id.as_uuid()),
        ),
        array(entries.iter().map(|entry| entry.origin.source.to_owned())),
        of_entry(|entry| row::signed(entry.origin.epoch)),
        of_entry(|entry| row::signed(entry.origin.sequence)),
        ids(|columns| columns.patient_id.map(PatientId::as_uuid)),
        of_entry(|entry| row::signed(entry.leaf.patient_sequence())),
        bytes(|entry| {
            let previous = entry.leaf.previous_patient_leaf();
            previous
                .map(|hash| hash.as_bytes().to_vec())
                .unwrap_or_default()
        }),
        bytes(|entry| entry.leaf.commitment.as_bytes().to_vec()),
        bytes(row::nodes_of),
        array(
            columns
                .iter()
                .map(|columns| columns.occurred_at.as_micros()),
        ),
        ids(|columns| columns.practitioner_id.map(PractitionerId::as_uuid)),
        ids(|columns| columns.organization_id.map(OrganizationId::as_uuid)),
        array(columns.iter().map(|columns| columns.kind.code().to_owned())),
        array(
            columns
                .iter()
                .map(|columns| columns.outcome.code().to_owned()),
        ),
        array(columns.iter().map(|columns| columns.is_emergency)),
    ]
}

fn payload_arrays(payloads: Vec<SealedPayload>) -> [Value; 2] {
    let key_ids = array(payloads.iter().map(|payload| payload.key_id));
    [
        array(payloads.into_iter().map(|payload| payload.bytes)),
        key_ids,
    ]
}

fn head_arrays(heads: &PatientHeads) -> [Value; 4] {
    // In one order, so that two statements never wait for each other's rows.
    let mut heads: Vec<_> = heads.iter().collect();
    heads.sort_unstable_by_key(|(patient_id, _)| **patient_id);
    [
        array(heads.iter().map(|(patient_id, _)| patient_id.as_uuid())),
        array(heads.iter().map(|(id, _)| i32::from(key_of(**id).bucket()))),
        array(heads.iter().map(|(_, head)| row::signed(head.sequence))),
        array(heads.iter().map(|(_, head)| head.leaf.as_bytes().to_vec())),
    ]
}

fn tile_arrays(change: &MapChange) -> [Value; 3] {
    let tiles = || change.tiles.iter();
    [
        array(tiles().map(|(id, _)| i32::from(id.level))),
        array(tiles().map(|(id, _)| i32::from(id.position))),
        array(tiles().map(|(_, tile)| tile.encode())),
    ]
}

fn position_arrays(positions: &[(&str, u64, u64)]) -> [Value; 3] {
    let positions = || positions.iter();
    [
        array(positions().map(|(source, _, _)| (*source).to_owned())),
        array(positions().map(|(_, epoch, _)| row::signed(*epoch))),
        array(positions().map(|(_, _, last)| row::signed(*last))),
    ]
}

fn array<T>(values: impl Iterator<Item = T>) -> Value
where
    Vec<T>: Into<Value>,
{
    values.collect::<Vec<T>>().into()
}
