//! The `notification_inboxes` table: how far each inbox is, what is muted and what wanted in it.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "notification_inboxes")]
pub(in crate::store::sql) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub recipient_kind: i16,
    #[sea_orm(primary_key, auto_increment = false)]
    pub recipient_id: Uuid,
    /// Of the last notification; moved while the row is locked until the commit.
    pub position: i64,
    /// A bit for each muted kind, as `NotificationPreferences` has them.
    pub muted: i32,
    /// A bit for each kind that is wanted of those that are told on demand.
    pub wanted: i32,
    pub version: i64,
}

impl ActiveModelBehavior for ActiveModel {}
