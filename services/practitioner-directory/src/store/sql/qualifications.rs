//! Qualifications, by whose they are.

use std::collections::HashMap;

use aval_database::{DatabaseError, Transaction};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::entity::qualification;
use super::one_of::one_of;
use crate::error::Error;
use crate::qualification::{Qualification, QualificationKind};

/// The qualifications under each of these national identifiers.
pub(super) async fn of_holders(
    tx: &Transaction,
    holders: Vec<String>,
) -> Result<HashMap<String, Vec<Qualification>>, Error> {
    let mut held: HashMap<String, Vec<Qualification>> = HashMap::new();
    if holders.is_empty() {
        return Ok(held);
    }
    let rows = qualification::Entity::find()
        .filter(one_of(
            tx,
            qualification::Column::NationalId.into_expr(),
            holders,
        ))
        .all(tx)
        .await
        .map_err(DatabaseError::from)?;
    for row in rows {
        let kind = QualificationKind::from_code(&row.kind)
            .ok_or_else(|| DatabaseError::corrupt("qualifications", "kind", &row.row_key))?;
        held.entry(row.national_id)
            .or_default()
            .push(Qualification {
                kind,
                type_code: row.type_code,
                type_label: row.type_label,
                code: row.code,
                label: row.label,
            });
    }
    Ok(held)
}
