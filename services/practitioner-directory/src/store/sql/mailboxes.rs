//! Mailboxes, by whose they are and by address.

use std::collections::HashMap;

use aval_database::{DatabaseError, Transaction};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::entity::{mailbox, organization};
use super::one_of::one_of;
use crate::error::Error;
use crate::identifier::{Identifier, IdentifierKind};

/// The mailboxes of these holders.
pub(super) async fn of_holders(
    tx: &Transaction,
    holders: Vec<String>,
) -> Result<Vec<mailbox::Model>, Error> {
    if holders.is_empty() {
        return Ok(Vec::new());
    }
    mailbox::Entity::find()
        .filter(one_of(tx, mailbox::Column::Holder.into_expr(), holders))
        .all(tx)
        .await
        .map_err(|error| DatabaseError::from(error).into())
}

/// The addresses of each holder, in order.
pub(super) fn by_holder(mut rows: Vec<mailbox::Model>) -> HashMap<String, Vec<Identifier>> {
    rows.sort_by(|one, other| one.address.cmp(&other.address));
    let mut addresses: HashMap<String, Vec<Identifier>> = HashMap::new();
    for row in rows {
        let address = Identifier::published(IdentifierKind::MssAddress, row.address);
        addresses.entry(row.holder).or_default().push(address);
    }
    addresses
}

/// Under which holders a structure's mailboxes may stand.
pub(super) fn holders_of(structure: &organization::Model) -> impl Iterator<Item = String> {
    let numbers = [
        Some(&structure.technical_id),
        structure.finess.as_ref(),
        structure.siret.as_ref(),
        structure.rpps_rank.as_ref(),
    ];
    numbers
        .into_iter()
        .flatten()
        .map(|number| format!("={number}"))
}

/// Whose an address is: at most so many.
pub(super) async fn holders_of_address(
    tx: &Transaction,
    address: &str,
    most: u64,
) -> Result<Vec<String>, Error> {
    mailbox::Entity::find()
        .select_only()
        .column(mailbox::Column::Holder)
        .filter(mailbox::Column::Address.eq(address))
        .order_by_asc(mailbox::Column::Holder)
        .limit(most)
        .into_tuple()
        .all(tx)
        .await
        .map_err(|error| DatabaseError::from(error).into())
}
