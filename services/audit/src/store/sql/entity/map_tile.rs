//! The `map_tiles` table: the upper levels of the map of patients' heads.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "map_tiles")]
pub(in crate::store::sql) struct Model {
    /// From the root, 0.
    #[sea_orm(primary_key, auto_increment = false)]
    pub level: i32,
    /// The bits of the way to it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    /// The roots of the 16 subtrees below, 32 bytes each.
    pub children: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
