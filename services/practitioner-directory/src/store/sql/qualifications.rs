//! Qualifications, by whose they are.

use std::collections::HashMap;

use aval_database::DatabaseError;

use super::entity::qualification;
use crate::error::Error;
use crate::qualification::{Qualification, QualificationKind};

/// The qualifications under each national identifier.
pub(super) fn by_holder(
    rows: Vec<qualification::Model>,
) -> Result<HashMap<String, Vec<Qualification>>, Error> {
    let mut held: HashMap<String, Vec<Qualification>> = HashMap::new();
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
