//! Who or what is known under a number.

use std::collections::BTreeSet;

use aval_database::{DatabaseError, Transaction};
use aval_domain::id::PractitionerId;
use sea_orm::prelude::Uuid;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use super::entity::{organization, practitioner_identifier};
use super::{mailboxes, organizations, practitioners};
use crate::error::Error;
use crate::identifier::{Identifier, IdentifierKind};
use crate::store::{Resolved, Sourced};

/// Two are too many: more are not read.
const MOST: u64 = 2;
/// Of one address, more holders are not looked up: some may not be known.
const MOST_HOLDERS: u64 = 50;

/// Everybody and everything known under one of these numbers, each once, at most two.
pub(super) async fn by_numbers(
    tx: &Transaction,
    numbers: &[Identifier],
) -> Result<Sourced<Vec<Resolved>>, Error> {
    let mut people = BTreeSet::new();
    let mut structures = BTreeSet::new();
    for number in numbers {
        if number.kind == IdentifierKind::MssAddress {
            let holders = mailboxes::holders_of_address(tx, &number.value, MOST_HOLDERS).await?;
            for holder in holders {
                match holder.strip_prefix('=') {
                    Some(number) => structures.extend(organizations_of(tx, number).await?),
                    None => people.extend(practitioner_of(tx, holder).await?),
                }
            }
            continue;
        }
        match column_of(number.kind) {
            Some(column) => structures.extend(organizations_by(tx, column, &number.value).await?),
            None => people.extend(practitioner_by(tx, number).await?),
        }
    }
    let people: Vec<PractitionerId> = people.into_iter().map(PractitionerId::from_uuid).collect();
    let people = practitioners::by_ids(tx, &people).await?;
    let as_of = people.as_of;
    let structures = organizations::by_ids(tx, structures).await?;
    let mut resolved: Vec<Resolved> = people
        .value
        .into_iter()
        .flatten()
        .map(Resolved::Practitioner)
        .collect();
    resolved.extend(structures.into_values().map(Resolved::Organization));
    Ok(Sourced {
        value: resolved,
        as_of,
    })
}

/// The column of the structures that holds this kind; `None` for what names a person,
/// and for addresses.
const fn column_of(kind: IdentifierKind) -> Option<organization::Column> {
    match kind {
        IdentifierKind::Finess => Some(organization::Column::Finess),
        IdentifierKind::LegalFiness => Some(organization::Column::LegalFiness),
        IdentifierKind::Siret => Some(organization::Column::Siret),
        IdentifierKind::Siren => Some(organization::Column::Siren),
        IdentifierKind::RppsRank => Some(organization::Column::RppsRank),
        IdentifierKind::Technical => Some(organization::Column::TechnicalId),
        IdentifierKind::Rpps
        | IdentifierKind::Adeli
        | IdentifierKind::NationalPerson
        | IdentifierKind::MssAddress => None,
    }
}

async fn practitioner_by(tx: &Transaction, number: &Identifier) -> Result<Option<Uuid>, Error> {
    let Some(national_id) = number.national_person_id() else {
        return Ok(None);
    };
    practitioner_of(tx, national_id).await
}

async fn practitioner_of(tx: &Transaction, national_id: String) -> Result<Option<Uuid>, Error> {
    let known = practitioner_identifier::Entity::find_by_id(national_id)
        .one(tx)
        .await
        .map_err(DatabaseError::from)?;
    Ok(known.map(|row| row.practitioner_id))
}

/// The structures of which a mailbox's holder is a number.
async fn organizations_of(tx: &Transaction, number: &str) -> Result<Vec<Uuid>, Error> {
    let mut found = Vec::new();
    for column in [
        organization::Column::TechnicalId,
        organization::Column::Finess,
        organization::Column::Siret,
        organization::Column::RppsRank,
    ] {
        found.extend(organizations_by(tx, column, number).await?);
    }
    Ok(found)
}

async fn organizations_by(
    tx: &Transaction,
    column: organization::Column,
    number: &str,
) -> Result<Vec<Uuid>, Error> {
    organization::Entity::find()
        .select_only()
        .column(organization::Column::OrganizationId)
        .filter(column.eq(number))
        .limit(MOST)
        .into_tuple()
        .all(tx)
        .await
        .map_err(|error| DatabaseError::from(error).into())
}
