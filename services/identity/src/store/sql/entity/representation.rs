//! The `representations` table.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "representations")]
pub(in crate::store::sql) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub representation_id: Uuid,
    pub patient_id: Uuid,
    pub representative_patient_id: Uuid,
    pub kind: String,
    pub started_at: i64,
    pub end_at: Option<i64>,
    pub removed_at: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
