//! `person_skills`: skills of people in their professions.

use sea_orm::entity::prelude::*;
use serde::Deserialize;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "person_skills")]
pub(in crate::store::sql) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub row_key: Uuid,
    pub national_id: String,
    pub profession: String,
    pub category: String,
    pub skill_type: String,
    pub skill_code: String,
    pub skill_label: String,
}

impl ActiveModelBehavior for ActiveModel {}
