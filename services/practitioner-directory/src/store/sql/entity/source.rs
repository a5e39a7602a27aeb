//! `sources`: what the directory was last made from.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sources")]
pub(in crate::store::sql) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub source: String,
    /// The import in use.
    pub import_id: Option<Uuid>,
    pub generated_at: Option<i64>,
    /// The newest generation ever applied: what is older is outdated, also when the
    /// file in use does not say its time.
    pub newest_at: Option<i64>,
    pub imported_at: Option<i64>,
    pub changed_count: i64,
    pub practitioner_count: i64,
    pub activity_count: i64,
    pub organization_count: i64,
}

impl ActiveModelBehavior for ActiveModel {}
