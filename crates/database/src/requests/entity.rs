//! The `requests` table.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "requests")]
pub(super) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub actor: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub request_id: Uuid,
    pub operation: String,
    pub fingerprint: Vec<u8>,
    /// Absent only inside the transaction that does the work.
    pub result: Option<String>,
    pub claimed_at: i64,
}

impl ActiveModelBehavior for ActiveModel {}
