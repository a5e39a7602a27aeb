//! Structures.

use std::collections::{BTreeMap, HashMap};

use aval_database::{DatabaseError, Transaction};
use aval_domain::id::OrganizationId;
use sea_orm::prelude::Uuid;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::entity::{establishment, organization};
use super::mailboxes;
use super::one_of::one_of;
use crate::error::Error;
use crate::identifier::Identifier;
use crate::organization::{Establishment, Organization, OrganizationNumbers};

/// Those of these structures that exist.
pub(super) async fn by_ids(
    tx: &Transaction,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<BTreeMap<Uuid, Organization>, Error> {
    let mut keys: Vec<Uuid> = ids.into_iter().collect();
    keys.sort_unstable();
    keys.dedup();
    if keys.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows = organization::Entity::find()
        .filter(one_of(
            tx,
            organization::Column::OrganizationId.into_expr(),
            keys,
        ))
        .all(tx)
        .await
        .map_err(DatabaseError::from)?;
    let holders = rows.iter().flat_map(mailboxes::holders_of).collect();
    let mailboxes = mailboxes::of_holders(tx, holders).await?;
    let establishments = registered(tx, &rows).await?;
    Ok(known(
        rows,
        &mailboxes::by_holder(mailboxes),
        establishments,
    ))
}

/// Structures with their mailboxes and what the register says of their sites.
pub(super) fn known(
    rows: Vec<organization::Model>,
    mailboxes: &HashMap<String, Vec<Identifier>>,
    establishments: Vec<establishment::Model>,
) -> BTreeMap<Uuid, Organization> {
    let registered: HashMap<String, Box<Establishment>> =
        establishments.into_iter().map(by_finess).collect();
    rows.into_iter()
        .map(|row| {
            let held = mailboxes::holders_of(&row).filter_map(|holder| mailboxes.get(&holder));
            let mut held: Vec<Identifier> = held.flatten().cloned().collect();
            held.sort_by(|one, other| one.value.cmp(&other.value));
            held.dedup();
            let establishment = row.finess.as_ref();
            let establishment = establishment.and_then(|finess| registered.get(finess).cloned());
            (
                row.organization_id,
                organization_of(row, held, establishment),
            )
        })
        .collect()
}

/// What the register says of the sites of these structures.
async fn registered(
    tx: &Transaction,
    rows: &[organization::Model],
) -> Result<Vec<establishment::Model>, Error> {
    let numbers: Vec<&str> = rows
        .iter()
        .filter_map(|row| row.finess.as_deref())
        .collect();
    if numbers.is_empty() {
        return Ok(Vec::new());
    }
    establishment::Entity::find()
        .filter(one_of(
            tx,
            establishment::Column::Finess.into_expr(),
            numbers,
        ))
        .all(tx)
        .await
        .map_err(|error| DatabaseError::from(error).into())
}

fn by_finess(row: establishment::Model) -> (String, Box<Establishment>) {
    let establishment = Establishment {
        name: row.name,
        category_code: row.category_code,
        category_label: row.category_label,
        opened_on: row.opened_on,
        is_listed: row.active,
    };
    (row.finess, Box::new(establishment))
}

fn organization_of(
    row: organization::Model,
    mailboxes: Vec<Identifier>,
    establishment: Option<Box<Establishment>>,
) -> Organization {
    Organization {
        organization_id: OrganizationId::from_uuid(row.organization_id),
        mailboxes,
        numbers: OrganizationNumbers {
            technical: row.technical_id,
            finess: row.finess.unwrap_or_default(),
            legal_finess: row.legal_finess.unwrap_or_default(),
            siret: row.siret.unwrap_or_default(),
            siren: row.siren.unwrap_or_default(),
            rpps_rank: row.rpps_rank.unwrap_or_default(),
        },
        name: row.name,
        address_line: row.address_line,
        postal_code: row.postal_code,
        town: row.town,
        town_code: row.town_code,
        department_code: row.department_code,
        sector_code: row.sector_code,
        establishment,
    }
}
