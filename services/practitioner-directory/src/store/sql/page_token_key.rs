//! The key that seals page tokens.
//!
//! It lies beside what it protects: a page token authorises nothing, and who reads
//! this table reads the whole directory anyway. So instances agree on a key without
//! anybody handing it out.

use aval_database::{Database, DatabaseError};
use sea_orm::ActiveValue::Set;
use sea_orm::EntityTrait;

use super::entity::page_token_key::{self, ONLY};
use crate::error::Error;

pub(super) async fn agree(db: &Database, proposed: [u8; 32]) -> Result<[u8; 32], Error> {
    db.transaction(
        "practitioner_directory.page_token_key",
        move |tx| async move {
            let row = page_token_key::ActiveModel {
                id: Set(ONLY),
                key: Set(proposed.to_vec()),
            };
            page_token_key::Entity::insert(row)
                .on_conflict_do_nothing()
                .exec_without_returning(&tx)
                .await
                .map_err(DatabaseError::from)?;
            let agreed = page_token_key::Entity::find_by_id(ONLY)
                .one(&tx)
                .await
                .map_err(DatabaseError::from)?;
            let key = agreed.and_then(|row| <[u8; 32]>::try_from(row.key).ok());
            Ok(key.ok_or_else(|| DatabaseError::corrupt("page_token_key", "key", &ONLY))?)
        },
    )
    .await
}
