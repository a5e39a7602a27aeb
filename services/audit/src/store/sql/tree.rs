//! The nodes of the tree, and the checkpoint that signs it.
//!
//! A node never changes once it is complete, so those that were used of late are remembered:
//! every way up ends in the same few. The others are read together with what everybody else
//! asks for at that moment.

use std::collections::HashMap;
use std::sync::Arc;

use aval_database::{Database, DatabaseError};
use aval_merkle_log::Hash;
use aval_merkle_log::tree::{KnownNodes, NodeId};
use futures::FutureExt;
use quick_cache::sync::Cache;
use sea_orm::sea_query::Value;
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, QuerySelect, Statement};

use super::entity::log_head;
use super::row;
use super::together::Together;
use crate::batch::completed_by;

/// How many nodes are remembered: of some 70 bytes each, and with them the upper half of a
/// tree of a hundred million leaves.
const MOST_REMEMBERED: usize = 262_144;

/// The nodes that stand with these entries, where there are such entries.
const ON_POSTGRES: &str =
    "SELECT log_index, nodes FROM events WHERE log_index = ANY ($1::bigint[])";
const ON_SQLITE: &str = "SELECT log_index, nodes FROM events \
    WHERE log_index IN (SELECT value FROM json_each($1))";

/// What `events.nodes` holds, by `log_index`.
type Rows = HashMap<i64, Vec<u8>>;

/// A node, the entry that completed it, and where among that entry's nodes it stands.
type Place = (NodeId, i64, usize);

/// The tree as it is read by many at once.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    remembered: Arc<Cache<NodeId, Hash>>,
    rows: Together<Vec<i64>, Arc<Rows>>,
    checkpoints: Together<(), Option<String>>,
}

impl Tree {
    /// The tree in this database.
    pub(super) fn of(db: &Database) -> Self {
        let there = db.clone();
        let rows = move |asked: Vec<Vec<i64>>| {
            let there = there.clone();
            async move { rows(there.reader(), asked.concat()).await.map(Arc::new) }.boxed()
        };
        let there = db.clone();
        let checkpoint = move |_| {
            let there = there.clone();
            async move { checkpoint(there.reader()).await }.boxed()
        };
        Self {
            remembered: Arc::new(Cache::new(MOST_REMEMBERED)),
            rows: Together::start(rows),
            checkpoints: Together::start(checkpoint),
        }
    }

    /// The hashes of these nodes, as far as they are complete.
    pub(super) async fn nodes(&self, ids: &[NodeId]) -> Result<KnownNodes, DatabaseError> {
        let mut known = KnownNodes::new();
        let mut unknown = Vec::new();
        for id in ids {
            match self.remembered.get(id) {
                Some(hash) => known.insert(*id, hash),
                None => unknown.push(*id),
            }
        }
        let places = places(&unknown);
        if places.is_empty() {
            return Ok(known);
        }
        let indexes = places.iter().map(|place| place.1).collect();
        let rows = self.rows.ask(indexes).await?;
        for node in nodes_of(&places, &rows) {
            let (id, hash) = node?;
            self.remembered.insert(id, hash);
            known.insert(id, hash);
        }
        Ok(known)
    }

    /// Forgets what is remembered, which turned out not to be what is signed: another history
    /// than the one it was read of may have been restored.
    pub(super) fn forget(&self) {
        self.remembered.clear();
    }

    /// The newest signed checkpoint.
    pub(super) async fn checkpoint(&self) -> Result<Option<String>, DatabaseError> {
        self.checkpoints.ask(()).await
    }
}

async fn checkpoint(connection: &impl ConnectionTrait) -> Result<Option<String>, DatabaseError> {
    let note = log_head::Entity::find_by_id(log_head::ONLY)
        .select_only()
        .column(log_head::Column::Checkpoint)
        .into_tuple::<Option<String>>()
        .one(connection)
        .await?;
    Ok(note.flatten())
}

/// The hashes of these nodes as they are stored, remembering nothing.
pub(super) async fn stored_nodes(
    connection: &impl ConnectionTrait,
    ids: &[NodeId],
) -> Result<KnownNodes, DatabaseError> {
    let places = places(ids);
    let rows = rows(connection, places.iter().map(|place| place.1).collect()).await?;
    nodes_of(&places, &rows).collect()
}

/// Where these nodes stand: with the entry that completed each.
fn places(ids: &[NodeId]) -> Vec<Place> {
    let place = |id: &NodeId| {
        let (index, position) = completed_by(*id)?;
        Some((*id, row::signed(index), position))
    };
    ids.iter().filter_map(place).collect()
}

/// Those of the nodes at these places whose entry is there.
fn nodes_of(
    places: &[Place],
    rows: &Rows,
) -> impl Iterator<Item = Result<(NodeId, Hash), DatabaseError>> {
    places.iter().filter_map(|(id, index, position)| {
        let nodes = rows.get(index)?;
        let hash = row::node_at(nodes, *position);
        let hash = hash.ok_or_else(|| DatabaseError::corrupt("events", "nodes", index));
        Some(hash.map(|hash| (*id, hash)))
    })
}

async fn rows(
    connection: &impl ConnectionTrait,
    mut indexes: Vec<i64>,
) -> Result<Rows, DatabaseError> {
    indexes.sort_unstable();
    indexes.dedup();
    let engine = connection.get_database_backend();
    let (text, asked): (_, Value) = match engine {
        DbBackend::Postgres => (ON_POSTGRES, indexes.into()),
        _ => (ON_SQLITE, json(&indexes).into()),
    };
    let asked = Statement::from_sql_and_values(engine, text, [asked]);
    let mut found = Rows::new();
    for row in connection.query_all_raw(asked).await? {
        found.insert(row.try_get_by_index(0)?, row.try_get_by_index(1)?);
    }
    Ok(found)
}

fn json(indexes: &[i64]) -> String {
    let indexes: Vec<String> = indexes.iter().map(i64::to_string).collect();
    format!("[{}]", indexes.join(","))
}
