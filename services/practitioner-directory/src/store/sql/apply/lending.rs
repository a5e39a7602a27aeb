//! What establishments of the register lend to the structures of their FINESS: their name
//! to one that has none, and their address, as a whole, to one that has none.
//!
//! Whoever describes a structure takes what was lent back with the same statement; it is
//! lent anew then, if it still has to be. A structure's own words are never mixed with
//! lent ones: one that has a name has the words of that.

use aval_database::{DatabaseError, Transaction};
use sea_orm::prelude::Uuid;

use super::steps::{execute, words};

/// Which structures may be lent something.
#[derive(Debug, Clone, Copy)]
pub(super) enum To {
    /// Those that the import describes.
    Described,
    /// Those whose establishments the import describes.
    Registered,
    /// All of them, of a first import.
    Everybody,
}

const NAMES: &str = "\
    UPDATE organizations SET name = e.name, sort_name = e.sort_name, name_lent = TRUE \
    FROM establishments e WHERE e.finess = organizations.finess \
        AND (organizations.name_lent OR organizations.name = '') AND {which}";

const ADDRESSES: &str = "\
    UPDATE organizations SET address_line = e.address_line, postal_code = e.postal_code, \
        town = e.town, town_key = e.town_key, town_code = e.town_code, \
        department_code = e.department_code, address_lent = TRUE \
    FROM establishments e WHERE e.finess = organizations.finess \
        AND (organizations.address_lent OR (organizations.address_line = '' \
            AND organizations.postal_code = '' AND organizations.town = '')) AND {which}";

const FORGET_WORDS: &str = "\
    DELETE FROM organization_words WHERE organization_id IN ( \
        SELECT organizations.organization_id FROM organizations \
        WHERE organizations.name_lent AND {which})";

const ADD_WORDS: &str = "\
    INSERT INTO organization_words (active, word, sort_name, organization_id) \
    SELECT organizations.active, w.value, organizations.sort_name, \
        organizations.organization_id \
    FROM organizations JOIN establishments s ON s.finess = organizations.finess \
    CROSS JOIN {words} WHERE organizations.name_lent AND w.value <> '' AND {which}";

impl To {
    const fn which(self) -> &'static str {
        match self {
            Self::Described => {
                "organizations.technical_id IN ( \
                    SELECT d.technical_id FROM staged_organizations d WHERE d.import_id = $1)"
            }
            // It names the import, as the others do.
            Self::Everybody => "CAST($1 AS uuid) IS NOT NULL",
            Self::Registered => {
                "organizations.finess IN ( \
                    SELECT d.finess FROM staged_establishments d WHERE d.import_id = $1)"
            }
        }
    }
}

/// Lends what establishments have to structures that do not.
pub(super) async fn lend(tx: &Transaction, import_id: Uuid, to: To) -> Result<(), DatabaseError> {
    for sql in [NAMES, ADDRESSES, FORGET_WORDS, ADD_WORDS] {
        let sql = sql
            .replace("{which}", to.which())
            .replace("{words}", words(tx));
        execute(tx, &sql, vec![import_id.into()]).await?;
    }
    Ok(())
}
