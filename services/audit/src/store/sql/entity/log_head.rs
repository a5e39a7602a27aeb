//! The `log_head` table: one row.

use sea_orm::entity::prelude::*;

/// The key of the one row.
pub(in crate::store::sql) const ONLY: i32 = 1;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "log_head")]
pub(in crate::store::sql) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i32,
    /// Which writer may write: each that takes over raises it.
    pub fence: i64,
    /// How many entries there are.
    pub size: i64,
    /// When the last of them was recorded.
    pub recorded_at: i64,
    /// The signed checkpoint of this size; absent until the first writer signs one.
    pub checkpoint: Option<String>,
    /// How many entries `patient_aliases` knows. Fewer than there are only where a program
    /// wrote that did not know of it.
    pub aliases_to: i64,
}

impl ActiveModelBehavior for ActiveModel {}
