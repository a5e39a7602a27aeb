//! `practitioners`: people.

use sea_orm::entity::prelude::*;
use serde::Deserialize;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "practitioners")]
pub(in crate::store::sql) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub practitioner_id: Uuid,
    pub family_name: String,
    pub given_name: String,
    pub civility: String,
    /// The search key of both names: the order of answers, and what homonyms share.
    pub sort_name: String,
    pub active: bool,
    pub updated_at: i64,
    /// The revision that last changed it.
    pub revision: i64,
    /// The entry that this one leads to, if it was merged.
    pub merged_into: Option<Uuid>,
}

impl ActiveModelBehavior for ActiveModel {}
