//! Structures.

use std::collections::BTreeMap;

use aval_database::{DatabaseError, Transaction};
use aval_domain::id::OrganizationId;
use sea_orm::prelude::Uuid;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::entity::organization;
use super::mailboxes;
use crate::error::Error;
use crate::identifier::Identifier;
use crate::organization::{Organization, OrganizationNumbers};

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
        .filter(organization::Column::OrganizationId.is_in(keys))
        .all(tx)
        .await
        .map_err(DatabaseError::from)?;
    let holders = rows.iter().flat_map(mailboxes::holders_of).collect();
    let mailboxes = mailboxes::of_holders(tx, holders).await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let held = mailboxes::holders_of(&row).filter_map(|holder| mailboxes.get(&holder));
            let mut held: Vec<Identifier> = held.flatten().cloned().collect();
            held.sort_by(|one, other| one.value.cmp(&other.value));
            held.dedup();
            (row.organization_id, organization_of(row, held))
        })
        .collect())
}

fn organization_of(row: organization::Model, mailboxes: Vec<Identifier>) -> Organization {
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
    }
}
