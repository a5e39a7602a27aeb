//! The `matrices` table: every matrix of access rights that was ever loaded.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "matrices")]
pub(in crate::store::sql) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub revision: String,
    pub content: String,
    pub effective_from: Option<i64>,
    pub loaded_at: i64,
}

impl ActiveModelBehavior for ActiveModel {}
