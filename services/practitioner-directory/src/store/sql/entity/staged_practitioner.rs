//! `staged_practitioners`: people on their way into the directory.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "staged_practitioners")]
pub(in crate::store::sql) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub import_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub national_id: String,
    /// Whose, if the number is new.
    pub practitioner_id: Uuid,
    pub family_name: String,
    pub given_name: String,
    pub civility: String,
    pub sort_name: String,
    /// Separated by spaces.
    pub words: String,
    pub wording: i64,
}

impl ActiveModelBehavior for ActiveModel {}
