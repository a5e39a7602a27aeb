//! The changes of the directory, page by page.

use std::collections::HashMap;

use aval_database::{DatabaseError, Transaction};
use sea_orm::prelude::Uuid;
use sea_orm::sea_query::{Expr, Order, Query, SelectStatement};
use sea_orm::{ConnectionTrait, ExprTrait};

use super::{count, merges, organizations, practitioners, stored};
use crate::change::{Change, ChangeKind, ChangePosition};
use crate::error::Error;
use crate::merge::Merge;
use crate::organization::Organization;
use crate::practitioner::Practitioner;

/// The first changes of these kinds after a position, in order, at most so many.
pub(super) async fn after(
    tx: &Transaction,
    kinds: &[ChangeKind],
    position: ChangePosition,
    most: u64,
) -> Result<Vec<(ChangePosition, Change)>, Error> {
    let mut positions = Vec::new();
    for kind in kinds {
        positions.extend(positions_of(tx, *kind, position, most).await?);
    }
    positions.sort_unstable();
    positions.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    let mut entries = Entries::of(tx, &positions).await?;
    let entries = positions
        .into_iter()
        .filter_map(|position| Some((position, entries.take(position)?)));
    Ok(entries.collect())
}

/// Of each kind as many as are wanted of all: the others are cut afterwards. Only an
/// index is read.
async fn positions_of(
    tx: &Transaction,
    kind: ChangeKind,
    after: ChangePosition,
    most: u64,
) -> Result<Vec<ChangePosition>, Error> {
    let rows = tx.query_all(&query(kind, after, most)).await;
    rows.map_err(DatabaseError::from)?
        .into_iter()
        .map(|row| {
            let revision: i64 = row.try_get_by_index(0).map_err(DatabaseError::from)?;
            Ok(ChangePosition {
                revision: count(table_of(kind).0, "revision", revision)?,
                kind,
                id: row.try_get_by_index(1).map_err(DatabaseError::from)?,
            })
        })
        .collect()
}

fn query(kind: ChangeKind, after: ChangePosition, most: u64) -> SelectStatement {
    let (table, id) = table_of(kind);
    let revision = stored(after.revision);
    let mut query = Query::select();
    query.column("revision").column(id).from(table);
    // Within the revision of the position, kinds before its own are told already and
    // kinds after it are not.
    let last = match kind.cmp(&after.kind) {
        std::cmp::Ordering::Less => Some(Uuid::max()),
        std::cmp::Ordering::Equal => Some(after.id),
        std::cmp::Ordering::Greater => None,
    };
    match last {
        None => query.and_where(Expr::col("revision").gte(revision)),
        Some(last) => {
            let place = Expr::tuple([Expr::col("revision"), Expr::col(id)]);
            query.and_where(place.gt(Expr::tuple([Expr::val(revision), Expr::val(last)])))
        }
    };
    query
        .order_by("revision", Order::Asc)
        .order_by(id, Order::Asc)
        .limit(most);
    query
}

const fn table_of(kind: ChangeKind) -> (&'static str, &'static str) {
    match kind {
        ChangeKind::Organization => ("organizations", "organization_id"),
        ChangeKind::Practitioner => ("practitioners", "practitioner_id"),
        ChangeKind::Merge => ("merges", "source_practitioner_id"),
    }
}

/// What is told, whole.
struct Entries {
    organizations: HashMap<Uuid, Organization>,
    practitioners: HashMap<Uuid, Practitioner>,
    merges: HashMap<u64, Merge>,
}

impl Entries {
    async fn of(tx: &Transaction, positions: &[ChangePosition]) -> Result<Self, Error> {
        let ids = |kind| {
            let of_kind = positions.iter().filter(move |place| place.kind == kind);
            of_kind.map(|place| place.id)
        };
        let people: Vec<Uuid> = ids(ChangeKind::Practitioner).collect();
        let structures = organizations::by_ids(tx, ids(ChangeKind::Organization)).await?;
        let merges = positions
            .iter()
            .filter(|place| place.kind == ChangeKind::Merge)
            .map(|place| place.revision);
        Ok(Self {
            organizations: structures.into_iter().collect(),
            practitioners: practitioners::entries(tx, &people).await?,
            merges: merges::of_revisions(tx, merges).await?,
        })
    }

    fn take(&mut self, position: ChangePosition) -> Option<Change> {
        match position.kind {
            ChangeKind::Organization => {
                let structure = self.organizations.remove(&position.id)?;
                Some(Change::Organization(structure))
            }
            ChangeKind::Practitioner => {
                let person = self.practitioners.remove(&position.id)?;
                Some(Change::Practitioner(person))
            }
            ChangeKind::Merge => Some(Change::Merge(self.merges.remove(&position.revision)?)),
        }
    }
}
