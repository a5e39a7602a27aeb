//! The `notifications` table.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "notifications")]
pub(in crate::store::sql) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub notification_id: Uuid,
    pub recipient_kind: i16,
    pub recipient_id: Uuid,
    pub position: i64,
    pub kind: i16,
    pub patient_id: Uuid,
    pub practitioner_id: Option<Uuid>,
    pub subject_id: Option<Uuid>,
    pub created_at: i64,
    pub acknowledged_at: Option<i64>,
    /// Whether who represents the patient does not read it.
    pub holder_alone: bool,
}

impl ActiveModelBehavior for ActiveModel {}
