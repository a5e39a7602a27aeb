//! One entry to and from its row. What cannot be read names its row.

use aval_database::DatabaseError;
use aval_domain::event::{EventKind, Outcome};
use aval_domain::id::{OrganizationId, PatientId, PractitionerId};
use aval_domain::time::Timestamp;
use aval_merkle_log::Hash;
use aval_merkle_log::leaf::{LeafContent, PatientLink};
use sea_orm::ActiveValue::Set;
use sea_orm::DerivePartialModel;
use uuid::Uuid;

use super::entity::event;
use crate::batch::NewEntry;
use crate::entry::{Columns, Salt, StoredEntry};

/// The columns of which a leaf is made.
#[derive(Debug, DerivePartialModel)]
#[sea_orm(entity = "event::Entity")]
pub(super) struct LeafRow {
    pub(super) log_index: i64,
    event_id: Uuid,
    recorded_at: i64,
    patient_id: Option<Uuid>,
    patient_sequence: Option<i64>,
    previous_leaf: Option<Vec<u8>>,
    commitment: Vec<u8>,
}

impl LeafRow {
    pub(super) fn of(row: &event::Model) -> Self {
        Self {
            log_index: row.log_index,
            event_id: row.event_id,
            recorded_at: row.recorded_at,
            patient_id: row.patient_id,
            patient_sequence: row.patient_sequence,
            previous_leaf: row.previous_leaf.clone(),
            commitment: row.commitment.clone(),
        }
    }
}

pub(super) fn of_entry(entry: &NewEntry<'_>) -> event::ActiveModel {
    let columns = Columns::of(&entry.sealed.event);
    let leaf = &entry.leaf;
    let is_of_patient = columns.patient_id.is_some();
    event::ActiveModel {
        log_index: Set(signed(entry.log_index)),
        event_id: Set(entry.sealed.event.event_id.as_uuid()),
        source: Set(entry.origin.source.to_owned()),
        epoch: Set(signed(entry.origin.epoch)),
        sequence: Set(signed(entry.origin.sequence)),
        recorded_at: Set(leaf.recorded_at_micros),
        patient_id: Set(columns.patient_id.map(PatientId::as_uuid)),
        patient_sequence: Set(is_of_patient.then(|| signed(leaf.patient_sequence()))),
        previous_leaf: Set(leaf
            .previous_patient_leaf()
            .map(|hash| hash.as_bytes().to_vec())),
        commitment: Set(leaf.commitment.as_bytes().to_vec()),
        nodes: Set(nodes_of(entry)),
        occurred_at: Set(columns.occurred_at.as_micros()),
        practitioner_id: Set(columns.practitioner_id.map(PractitionerId::as_uuid)),
        organization_id: Set(columns.organization_id.map(OrganizationId::as_uuid)),
        kind: Set(columns.kind.code().to_owned()),
        outcome: Set(columns.outcome.code().to_owned()),
        is_emergency: Set(columns.is_emergency),
        payload: Set(Some(entry.sealed.canonical.clone())),
        salt: Set(Some(entry.sealed.salt.0.to_vec())),
    }
}

/// The hashes of the leaf and of each subtree that it completes, one after the other.
pub(super) fn nodes_of(entry: &NewEntry<'_>) -> Vec<u8> {
    let nodes = entry.nodes.iter();
    nodes.flat_map(|hash| *hash.as_bytes()).collect()
}

/// The entry of a row; `None` if its payload was erased.
pub(super) fn entry_of(row: event::Model) -> Result<Option<StoredEntry>, DatabaseError> {
    let index = row.log_index;
    let corrupt = |column| DatabaseError::corrupt("events", column, &index);
    let leaf = LeafRow::of(&row);
    let (Some(canonical), Some(salt)) = (row.payload, row.salt) else {
        return Ok(None);
    };
    Ok(Some(StoredEntry {
        log_index: unsigned(index, "events", "log_index", &index)?,
        leaf: leaf_of(&leaf)?,
        leaf_hash: node_at(&row.nodes, 0).ok_or_else(|| corrupt("nodes"))?,
        columns: Columns {
            occurred_at: Timestamp::from_micros(row.occurred_at),
            patient_id: row.patient_id.map(PatientId::from_uuid),
            practitioner_id: row.practitioner_id.map(PractitionerId::from_uuid),
            organization_id: row.organization_id.map(OrganizationId::from_uuid),
            kind: EventKind::from_code(&row.kind).ok_or_else(|| corrupt("kind"))?,
            outcome: Outcome::from_code(&row.outcome).ok_or_else(|| corrupt("outcome"))?,
            is_emergency: row.is_emergency,
        },
        canonical,
        salt: Salt(salt.try_into().map_err(|_| corrupt("salt"))?),
    }))
}

pub(super) fn leaf_of(row: &LeafRow) -> Result<LeafContent, DatabaseError> {
    let corrupt = |column| DatabaseError::corrupt("events", column, &row.log_index);
    let patient = match (row.patient_id, row.patient_sequence) {
        (None, None) => None,
        (Some(patient_id), Some(sequence)) => {
            let sequence = u64::try_from(sequence).map_err(|_| corrupt("patient_sequence"))?;
            let previous = row.previous_leaf.as_deref().map(Hash::try_from);
            let previous = previous.transpose().map_err(|_| corrupt("previous_leaf"))?;
            let link = PatientLink::new(*patient_id.as_bytes(), sequence, previous);
            Some(link.map_err(|_| corrupt("previous_leaf"))?)
        }
        _ => return Err(corrupt("patient_sequence")),
    };
    Ok(LeafContent {
        event_id: *row.event_id.as_bytes(),
        patient,
        recorded_at_micros: row.recorded_at,
        commitment: Hash::try_from(row.commitment.as_slice()).map_err(|_| corrupt("commitment"))?,
    })
}

/// The hash at this position of a row's `nodes`.
pub(super) fn node_at(nodes: &[u8], position: usize) -> Option<Hash> {
    let (hashes, rest) = nodes.as_chunks();
    let hash = hashes.get(position).copied().map(Hash::from_bytes);
    hash.filter(|_| rest.is_empty())
}

/// A size, index or sequence as it is stored: they are far below 2^63, which the
/// parsers of what comes in make sure of.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A size, index or sequence as it was stored.
pub(super) fn unsigned(
    number: i64,
    table: &'static str,
    column: &'static str,
    row: &dyn std::fmt::Display,
) -> Result<u64, DatabaseError> {
    u64::try_from(number).map_err(|_| DatabaseError::corrupt(table, column, row))
}
