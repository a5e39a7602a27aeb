//! `merges`: merges of entries and their undoing, each a revision.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "merges")]
pub(in crate::store::sql) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub revision: i64,
    pub source_practitioner_id: Uuid,
    pub target_practitioner_id: Uuid,
    pub is_undo: bool,
    pub author: String,
    pub reason: String,
    pub created_at: i64,
}

impl ActiveModelBehavior for ActiveModel {}
