//! `staged_person_skills`: skills of people on their way into the directory.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "staged_person_skills")]
pub(in crate::store::sql) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub import_id: Uuid,
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
