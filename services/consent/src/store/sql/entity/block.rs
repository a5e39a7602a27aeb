//! The `blocks` table.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "blocks")]
pub(in crate::store::sql) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub block_id: Uuid,
    pub patient_id: Uuid,
    /// Exactly one of these two is there.
    pub practitioner_id: Option<Uuid>,
    pub organization_id: Option<Uuid>,
    pub grantee_name: Option<String>,
    pub from_at: i64,
    pub until_at: Option<i64>,
    pub immediate: bool,
    /// Neither lifted nor replaced after its end.
    pub standing: bool,
    pub created_at: i64,
    pub removed_at: Option<i64>,
    pub version: i64,
}

impl ActiveModelBehavior for ActiveModel {}
