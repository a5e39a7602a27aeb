//! The `directory_cursor` table: one row.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "directory_cursor")]
pub(in crate::store::sql) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub only: i32,
    pub followed_to: String,
}

impl ActiveModelBehavior for ActiveModel {}
