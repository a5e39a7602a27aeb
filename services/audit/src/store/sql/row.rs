//! One entry to and from its row. What cannot be read names its row.

use aval_database::DatabaseError;
use aval_domain::event::{EventKind, Outcome};
use aval_domain::id::{OrganizationId, PatientId, PractitionerId};
use aval_domain::time::Timestamp;
use aval_merkle_log::Hash;
use aval_merkle_log::leaf::{LeafContent, PatientLink};
use aval_merkle_log::tree::{Group, GroupId};
use aval_runtime::sealing::{Altered, SealingKey};
use sea_orm::ActiveValue::Set;
use sea_orm::{ConnectionTrait, DerivePartialModel};
use uuid::Uuid;

use super::entity::event;
use super::keys::{self, Opening, SealedPayload};
use crate::batch::NewEntry;
use crate::entry::{Columns, Content, Salt, StoredEntry};
use crate::patient_keys::PatientKeys;
use crate::payload;

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

pub(super) fn of_entry(entry: &NewEntry<'_>, payload: SealedPayload) -> event::ActiveModel {
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
        payload: Set(Some(payload.bytes)),
        salt: Set(None),
        key_id: Set(Some(payload.key_id)),
        erased_by: Set(None),
    }
}

/// The hashes of the leaf and of each subtree that it completes, one after the other, then
/// those of the groups that it completes.
pub(super) fn nodes_of(entry: &NewEntry<'_>) -> Vec<u8> {
    let mut nodes = Vec::with_capacity(entry.nodes.len() * Hash::LENGTH);
    for hash in &entry.nodes {
        nodes.extend_from_slice(hash.as_bytes());
    }
    nodes
}

/// The entries of these rows, in their order, without those whose payload was erased.
pub(super) async fn entries_of(
    connection: &impl ConnectionTrait,
    keys: &PatientKeys,
    rows: &[event::Model],
) -> Result<Vec<StoredEntry>, DatabaseError> {
    let opening = keys::opening_of(connection, keys, rows).await?;
    rows.iter()
        .filter_map(|row| entry_of(row, &opening).transpose())
        .collect()
}

/// The entry of a row; `None` if its payload was erased.
pub(super) fn entry_of(
    row: &event::Model,
    opening: &Opening,
) -> Result<Option<StoredEntry>, DatabaseError> {
    let index = row.log_index;
    let corrupt = |column| DatabaseError::corrupt("events", column, &index);
    let Some(content) = content_of(row, opening) else {
        return Ok(None);
    };
    let leaf = LeafRow::of(row);
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
        content,
    }))
}

/// What a row tells; `None` if that was erased.
fn content_of(row: &event::Model, opening: &Opening) -> Option<Content> {
    let payload = opening.payload(row.log_index, row.payload.as_deref());
    content(
        row.event_id,
        row.key_id,
        payload,
        row.salt.as_deref(),
        opening,
    )
}

/// What stands in these columns, decrypted; `None` if it was erased. This is the one place
/// that decrypts. Rows from before there were keys are in clear.
pub(super) fn content(
    event_id: Uuid,
    key_id: Option<i64>,
    payload: Option<&[u8]>,
    salt: Option<&[u8]>,
    opening: &Opening,
) -> Option<Content> {
    let payload = payload?;
    let content = match (key_id, salt) {
        (None, Some(salt)) => in_clear(payload, salt),
        (Some(key_id), None) => match opening.get(key_id) {
            Some(key) => encrypted(event_id, payload, key),
            None => Content::Unreadable("key"),
        },
        (None, None) | (Some(_), Some(_)) => Content::Unreadable("salt"),
    };
    Some(content)
}

fn in_clear(payload: &[u8], salt: &[u8]) -> Content {
    let told = salt.try_into().map(|salt| Content::Told {
        canonical: payload.to_vec(),
        salt: Salt(salt),
    });
    told.unwrap_or(Content::Unreadable("salt"))
}

fn encrypted(event_id: Uuid, payload: &[u8], key: &SealingKey) -> Content {
    match payload::open(key, event_id, payload) {
        Ok((salt, canonical)) => Content::Told { canonical, salt },
        Err(Altered) => Content::Unreadable("payload"),
    }
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

/// All hashes of a row's `nodes`.
pub(super) fn hashes(nodes: &[u8]) -> Option<Vec<Hash>> {
    let (hashes, rest) = nodes.as_chunks();
    let hashes = hashes.iter().copied().map(Hash::from_bytes).collect();
    rest.is_empty().then_some(hashes)
}

/// The group that the entry at `last` completed, if it is kept among its row's `nodes`.
pub(super) fn group_in(nodes: &[u8], id: GroupId, last: i64) -> Option<Group> {
    Group::among(id, last.try_into().ok()?, &hashes(nodes)?)
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
