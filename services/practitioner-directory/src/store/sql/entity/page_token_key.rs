//! `page_token_key`: one row.

use sea_orm::entity::prelude::*;

/// The key of the one row.
pub(in crate::store::sql) const ONLY: i32 = 1;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "page_token_key")]
pub(in crate::store::sql) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i32,
    pub key: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
