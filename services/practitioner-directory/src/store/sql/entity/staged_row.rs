//! `staged_rows`: rows on their way into the directory.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "staged_rows")]
pub(in crate::store::sql) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub import_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub row_key: Uuid,
    pub situation: Uuid,
    /// Of the practice situation, if it is new.
    pub activity_id: Uuid,
    pub national_id: String,
    pub technical_id: Option<String>,
    pub profession: String,
    pub category: String,
    pub mode: String,
    pub sector: String,
    pub function: String,
    pub kind: String,
    pub skill_type: String,
    pub skill_code: String,
    pub skill_label: String,
}

impl ActiveModelBehavior for ActiveModel {}
