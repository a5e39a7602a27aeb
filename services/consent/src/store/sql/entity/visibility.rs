//! The `document_visibilities` table: settings that hold, and those taken back.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "document_visibilities")]
pub(in crate::store::sql) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub mask_id: Uuid,
    pub patient_id: Uuid,
    pub document_id: String,
    pub kind: String,
    pub practitioner_id: Option<Uuid>,
    pub set_by: Option<Uuid>,
    pub set_at: i64,
    pub release_at: Option<i64>,
    pub removed_at: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
