//! `activity_rows`: rows of the source: a practice situation with one skill, or with none.

use sea_orm::entity::prelude::*;
use serde::Deserialize;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "activity_rows")]
pub(in crate::store::sql) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub row_key: Uuid,
    pub activity_id: Uuid,
    pub skill_type: String,
    /// Empty: no skill.
    pub skill_code: String,
    pub skill_label: String,
    /// Whether the source still holds the row. The rows of a practice situation that
    /// ended are kept: they say what it was.
    pub active: bool,
}

impl ActiveModelBehavior for ActiveModel {}
