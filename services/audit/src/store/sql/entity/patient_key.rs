//! The `patient_keys` table: the keys under which payloads are kept, each wrapped.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "patient_keys")]
pub(in crate::store::sql) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub key_id: i64,
    /// Whose; the nil UUID for what concerns nobody, and for what is never erased.
    #[sea_orm(unique)]
    pub patient_id: Uuid,
    /// The name of the key in a file that wraps it.
    pub wrapping_key_id: String,
    pub wrapped: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
