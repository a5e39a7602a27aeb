//! The `patient_heads` table: the last event of each patient.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "patient_heads")]
pub(in crate::store::sql) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub patient_id: Uuid,
    /// The first 16 bits of the patient's key in the map of heads.
    pub bucket: i32,
    /// How many events the patient has.
    pub sequence: i64,
    /// The hash of the last one's leaf.
    pub leaf: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
