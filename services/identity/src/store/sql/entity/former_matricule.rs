//! The `former_matricules` table: waiting numbers that a NIR has replaced.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "former_matricules")]
pub(in crate::store::sql) struct Model {
    /// A keyed digest, 32 bytes.
    #[sea_orm(primary_key, auto_increment = false)]
    pub ins_digest: Vec<u8>,
    pub patient_id: Uuid,
    pub replaced_at: i64,
    /// The key of the digest; empty in a row from before keys had names.
    pub digest_key_id: String,
    /// The number itself, encrypted, and by which key; absent in a row from before it was
    /// kept.
    pub sealed_ins: Option<Vec<u8>>,
    pub key_id: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
