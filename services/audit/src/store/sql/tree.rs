//! The nodes of the tree, and the checkpoint that signs it.
//!
//! A node never changes once it is complete, so what was used of late is remembered: whole
//! groups of them, each out of one row, and of groups that are not complete yet single nodes.
//! What is not remembered is read together with what everybody else asks for at that moment.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use aval_database::{Database, DatabaseError};
use aval_merkle_log::Hash;
use aval_merkle_log::tree::{Group, GroupId, KnownNodes, NodeId};
use futures::FutureExt;
use quick_cache::sync::Cache;
use sea_orm::sea_query::Value;
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, QuerySelect, Statement};

use super::entity::log_head;
use super::row;
use super::together::Together;
use crate::batch::completed_by;

/// How many groups are remembered, of some 2 KB each: with them all but the lowest level of a
/// tree of ten million leaves.
const MOST_GROUPS: usize = 12_288;

/// How many nodes beside them, of some 70 bytes each, some 9 MB: what a log holds from before
/// there were groups is remembered in this way alone, and few of them make proofs there slow.
const MOST_NODES: usize = 131_072;

/// The last entry of a log that has none.
const NOTHING: i64 = -1;

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
    groups: Arc<Cache<GroupId, Arc<Group>>>,
    nodes: Arc<Cache<NodeId, Hash>>,
    /// The last entry that was seen to be there: it says which groups are complete.
    seen: Arc<AtomicI64>,
    rows: Together<Vec<i64>, Arc<Rows>>,
    checkpoints: Together<(), Option<String>>,
}

/// What is to be read: groups of which nodes are wanted, each with the entry that completed
/// it, and single nodes.
#[derive(Debug, Default)]
struct Unknown {
    groups: BTreeMap<GroupId, (i64, Vec<NodeId>)>,
    nodes: Vec<NodeId>,
}

impl Unknown {
    fn is_empty(&self) -> bool {
        self.groups.is_empty() && self.nodes.is_empty()
    }
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
            groups: Arc::new(Cache::new(MOST_GROUPS)),
            nodes: Arc::new(Cache::new(MOST_NODES)),
            seen: Arc::new(AtomicI64::new(NOTHING)),
            rows: Together::start(rows),
            checkpoints: Together::start(checkpoint),
        }
    }

    /// The hashes of these nodes, as far as they are complete.
    pub(super) async fn nodes(&self, ids: &[NodeId]) -> Result<KnownNodes, DatabaseError> {
        let mut known = KnownNodes::new();
        let mut unknown = self.remembered(ids, &mut known);
        while !unknown.is_empty() {
            unknown = self.read(unknown, &mut known).await?;
        }
        Ok(known)
    }

    /// Adds those that are remembered to what is known, and says what is to be read.
    fn remembered(&self, ids: &[NodeId], known: &mut KnownNodes) -> Unknown {
        let seen = self.seen.load(Ordering::Relaxed);
        let mut unknown = Unknown::default();
        let mut last: Option<Arc<Group>> = None;
        for id in ids {
            if let Some(hash) = last.as_ref().and_then(|group| group.node(*id)) {
                known.insert(*id, hash);
                continue;
            }
            let group = GroupId::of(*id);
            if let Some((_, wanted)) = unknown.groups.get_mut(&group) {
                wanted.push(*id);
            } else if let Some(found) = self.groups.get(&group) {
                known.extend(found.node(*id).map(|hash| (*id, hash)));
                last = Some(found);
            } else if let Some(hash) = self.nodes.get(id) {
                known.insert(*id, hash);
            } else {
                match completed_by(group.top()).map(|(entry, _)| row::signed(entry)) {
                    Some(entry) if entry <= seen => {
                        unknown.groups.insert(group, (entry, vec![*id]));
                    }
                    _ => unknown.nodes.push(*id),
                }
            }
        }
        unknown
    }

    /// Reads and remembers them. What is left to be read are the nodes of groups that are not
    /// kept as such, in a log from before there were any.
    async fn read(
        &self,
        unknown: Unknown,
        known: &mut KnownNodes,
    ) -> Result<Unknown, DatabaseError> {
        let places = places(&unknown.nodes);
        let entries = unknown.groups.values().map(|(entry, _)| *entry);
        let entries: Vec<i64> = entries.chain(places.iter().map(|place| place.1)).collect();
        let mut left = Unknown::default();
        if entries.is_empty() {
            return Ok(left);
        }
        let rows = self.rows.ask(entries.clone()).await?;
        let there = entries.into_iter().filter(|entry| rows.contains_key(entry));
        let last = there.max().unwrap_or(NOTHING);
        self.seen.fetch_max(last, Ordering::Relaxed);
        for node in nodes_of(&places, &rows) {
            let (id, hash) = node?;
            self.nodes.insert(id, hash);
            known.insert(id, hash);
        }
        for (id, (entry, wanted)) in unknown.groups {
            let Some(group) = rows
                .get(&entry)
                .and_then(|row| row::group_in(row, id, entry))
            else {
                left.nodes.extend(wanted);
                continue;
            };
            let found = wanted
                .iter()
                .filter_map(|node| Some((*node, group.node(*node)?)));
            known.extend(found);
            self.groups.insert(id, Arc::new(group));
        }
        Ok(left)
    }

    /// Forgets what is remembered, which turned out not to be what is signed: another history
    /// than the one it was read of may have been restored.
    pub(super) fn forget(&self) {
        self.seen.store(NOTHING, Ordering::Relaxed);
        self.groups.clear();
        self.nodes.clear();
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
