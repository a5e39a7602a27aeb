//! The `witnessed` table: at most one row.

use sea_orm::entity::prelude::*;

/// The key of the one row.
pub(in crate::store::sql) const ONLY: i32 = 1;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "witnessed")]
pub(in crate::store::sql) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i32,
    /// The size of the checkpoint.
    pub size: i64,
    /// The checkpoint with its cosignatures.
    pub checkpoint: String,
}

impl ActiveModelBehavior for ActiveModel {}
