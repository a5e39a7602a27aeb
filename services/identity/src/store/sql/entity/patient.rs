//! The `patients` table.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "patients")]
pub(in crate::store::sql) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub patient_id: Uuid,
    /// Keyed digests, 32 bytes each.
    #[sea_orm(unique)]
    pub ins_digest: Vec<u8>,
    pub traits_digest: Vec<u8>,
    /// The key of both; empty in a row from before keys had names.
    pub digest_key_id: String,
    /// The key that encrypted `sealed_identity`.
    pub key_id: String,
    pub sealed_identity: Vec<u8>,
    pub status: String,
    pub registered_at: i64,
    pub updated_at: i64,
    pub version: i64,
    /// The patient whom this one turned out to be.
    pub merged_into: Option<Uuid>,
    /// A keyed digest of 32 bytes, of the traits whose digest `likeness_of` is: of none
    /// where that is not `traits_digest`.
    pub likeness_digest: Option<Vec<u8>>,
    pub likeness_of: Option<Vec<u8>>,
}

impl ActiveModelBehavior for ActiveModel {}
