//! Who bears the name of somebody else.

use std::collections::HashSet;

use aval_database::{DatabaseError, Transaction};
use sea_orm::ConnectionTrait;
use sea_orm::prelude::Uuid;
use sea_orm::sea_query::{Expr, ExprTrait, Query};

use crate::error::Error;
use crate::store::sql::one_of::one_of;

/// Those of these people whose name another active practitioner bears.
pub(super) async fn among(tx: &Transaction, ids: &[Uuid]) -> Result<HashSet<Uuid>, Error> {
    const ONE: &str = "one";
    const OTHER: &str = "other";

    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let mut other = Query::select();
    other
        .expr(Expr::val(1))
        .from_as("practitioners", OTHER)
        .and_where(Expr::col((OTHER, "active")).eq(true))
        .and_where(Expr::col((OTHER, "sort_name")).equals((ONE, "sort_name")))
        .and_where(Expr::col((OTHER, "practitioner_id")).ne(Expr::col((ONE, "practitioner_id"))));
    let mut query = Query::select();
    query
        .column((ONE, "practitioner_id"))
        .expr(Expr::exists(other))
        .from_as("practitioners", ONE)
        .and_where(one_of(
            tx,
            Expr::col((ONE, "practitioner_id")),
            ids.iter().copied(),
        ));
    let mut homonyms = HashSet::new();
    for row in tx.query_all(&query).await.map_err(DatabaseError::from)? {
        if row.try_get_by_index(1).map_err(DatabaseError::from)? {
            homonyms.insert(row.try_get_by_index(0).map_err(DatabaseError::from)?);
        }
    }
    Ok(homonyms)
}
