//! `activities`: practice situation.

use sea_orm::entity::prelude::*;
use serde::Deserialize;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "activities")]
pub(in crate::store::sql) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub activity_id: Uuid,
    /// The natural key, hashed.
    #[sea_orm(unique)]
    pub situation: Uuid,
    pub practitioner_id: Uuid,
    /// The entry that a merge moved it from; `None`: it was never moved.
    pub entry_id: Option<Uuid>,
    pub profession: String,
    pub category: String,
    pub mode: String,
    pub sector: String,
    pub function: String,
    pub kind: String,
    pub organization_id: Option<Uuid>,
    pub active: bool,
    /// Whether the place is a local correction.
    pub is_overridden: bool,
}

impl ActiveModelBehavior for ActiveModel {}
