//! On PostgreSQL: one statement for the whole batch, whatever its size.
//!
//! Rows travel as one array a column. The statement's text is always the same, so it
//! is planned once, and a batch costs one round trip instead of five between `BEGIN` and
//! `COMMIT`, which it does without where it is all there is to do; with as many parameters as
//! values, binding and parsing alone took a third of the time of a batch.
//!
//! The head is moved by the same statement and everything else hangs on it: a writer
//! that was fenced waits for the head's row, finds no row to move, and inserts
//! nothing.
//!
//! What entries tell goes into the part of its month; in `events` its place stays empty.

use aval_database::parameters::{self, Encoded, Parameter};
use aval_database::{Database, DatabaseError, Transaction};
use aval_domain::id::{OrganizationId, PatientId, PractitionerId};
use sea_orm::{ConnectionTrait, DbBackend};
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
    payloads: &[SealedPayload],
    positions: &[(&str, u64, u64)],
) -> Result<(), CommitError> {
    let parameters = parameters_of(batch, payloads, positions);
    let asked = parameters::statement(DbBackend::Postgres, STORE_BATCH, parameters);
    require_moved(tx.query_all_raw(asked).await?.len())
}

/// What [`store_alone`] sends.
pub(super) fn encode(
    batch: &Batch<'_>,
    payloads: &[SealedPayload],
    positions: &[(&str, u64, u64)],
) -> Result<Encoded, DatabaseError> {
    parameters::encode(parameters_of(batch, payloads, positions))
}

/// The same for a batch that is nothing else: the statement is the whole transaction.
pub(super) async fn store_alone(db: &Database, parameters: Encoded) -> Result<(), CommitError> {
    let changed = db.change("audit.append", STORE_BATCH, parameters);
    require_moved(changed.await?)
}

fn require_moved(heads: usize) -> Result<(), CommitError> {
    if heads == 1 {
        Ok(())
    } else {
        Err(CommitError::Fenced)
    }
}

fn parameters_of<'a>(
    batch: &'a Batch<'_>,
    payloads: &'a [SealedPayload],
    positions: &[(&'a str, u64, u64)],
) -> Vec<Parameter<'a>> {
    let mut parameters = vec![
        Parameter::Bigint(row::signed(batch.fence)),
        Parameter::Bigint(row::signed(batch.old_size)),
        Parameter::Bigint(row::signed(batch.new_size)),
        Parameter::Bigint(batch.recorded_at.as_micros()),
        Parameter::Text(&batch.checkpoint),
    ];
    parameters.extend(of_entries(&batch.entries));
    parameters.extend(of_payloads(payloads));
    parameters.extend(of_heads(&batch.patient_heads));
    parameters.extend(of_tiles(&batch.map));
    parameters.extend(of_positions(positions));
    parameters
}

/// The columns of `entry` in the statement, in their order, up to the payload.
fn of_entries<'a>(entries: &'a [NewEntry<'_>]) -> [Parameter<'a>; 16] {
    let columns: Vec<Columns> = entries
        .iter()
        .map(|entry| Columns::of(&entry.sealed.event))
        .collect();
    let numbers =
        |value: fn(&NewEntry<'_>) -> i64| Parameter::Bigints(entries.iter().map(value).collect());
    let ids = |value: fn(&Columns) -> Option<Uuid>| {
        let ids = columns
            .iter()
            .map(|columns| value(columns).unwrap_or_default());
        Parameter::Uuids(ids.collect())
    };
    let texts =
        |value: fn(&Columns) -> &'static str| Parameter::Texts(columns.iter().map(value).collect());
    let event_ids = entries
        .iter()
        .map(|entry| entry.sealed.event.event_id.as_uuid());
    let sources = entries.iter().map(|entry| entry.origin.source);
    let previous = entries.iter().map(|entry| {
        let previous = entry.leaf.previous_patient_leaf();
        previous.map_or_else(Vec::new, |hash| hash.as_bytes().to_vec())
    });
    let commitments = entries
        .iter()
        .map(|entry| entry.leaf.commitment.as_bytes().as_slice());
    let occurred = columns
        .iter()
        .map(|columns| columns.occurred_at.as_micros());
    let emergencies = columns.iter().map(|columns| columns.is_emergency);
    [
        numbers(|entry| row::signed(entry.log_index)),
        Parameter::Uuids(event_ids.collect()),
        Parameter::Texts(sources.collect()),
        numbers(|entry| row::signed(entry.origin.epoch)),
        numbers(|entry| row::signed(entry.origin.sequence)),
        ids(|columns| columns.patient_id.map(PatientId::as_uuid)),
        numbers(|entry| row::signed(entry.leaf.patient_sequence())),
        Parameter::Blobs(previous.collect()),
        Parameter::Bytes(commitments.collect()),
        Parameter::Blobs(entries.iter().map(row::nodes_of).collect()),
        Parameter::Bigints(occurred.collect()),
        ids(|columns| columns.practitioner_id.map(PractitionerId::as_uuid)),
        ids(|columns| columns.organization_id.map(OrganizationId::as_uuid)),
        texts(|columns| columns.kind.code()),
        texts(|columns| columns.outcome.code()),
        Parameter::Booleans(emergencies.collect()),
    ]
}

fn of_payloads(payloads: &[SealedPayload]) -> [Parameter<'_>; 2] {
    let bytes = payloads.iter().map(|payload| payload.bytes.as_slice());
    let key_ids = payloads.iter().map(|payload| payload.key_id);
    [
        Parameter::Bytes(bytes.collect()),
        Parameter::Bigints(key_ids.collect()),
    ]
}

fn of_heads(heads: &PatientHeads) -> [Parameter<'_>; 4] {
    // In one order, so that two statements never wait for each other's rows.
    let mut heads: Vec<_> = heads.iter().collect();
    heads.sort_unstable_by_key(|(patient_id, _)| **patient_id);
    let ids = heads.iter().map(|(patient_id, _)| patient_id.as_uuid());
    let buckets = heads.iter().map(|(id, _)| key_of(**id).bucket().into());
    let sequences = heads.iter().map(|(_, head)| row::signed(head.sequence));
    let leaves = heads
        .iter()
        .map(|(_, head)| head.leaf.as_bytes().as_slice());
    [
        Parameter::Uuids(ids.collect()),
        Parameter::Integers(buckets.collect()),
        Parameter::Bigints(sequences.collect()),
        Parameter::Bytes(leaves.collect()),
    ]
}

fn of_tiles(change: &MapChange) -> [Parameter<'static>; 3] {
    let tiles = || change.tiles.iter();
    [
        Parameter::Integers(tiles().map(|(id, _)| id.level.into()).collect()),
        Parameter::Integers(tiles().map(|(id, _)| id.position.into()).collect()),
        Parameter::Blobs(tiles().map(|(_, tile)| tile.encode()).collect()),
    ]
}

fn of_positions<'a>(positions: &[(&'a str, u64, u64)]) -> [Parameter<'a>; 3] {
    let positions = || positions.iter();
    [
        Parameter::Texts(positions().map(|(source, _, _)| *source).collect()),
        Parameter::Bigints(
            positions()
                .map(|(_, epoch, _)| row::signed(*epoch))
                .collect(),
        ),
        Parameter::Bigints(positions().map(|(_, _, last)| row::signed(*last)).collect()),
    ]
}
