//! `staged_qualifications`: diplomas and authorisations on their way into the directory.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "staged_qualifications")]
pub(in crate::store::sql) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub import_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub row_key: Uuid,
    pub national_id: String,
    pub kind: String,
    pub type_code: String,
    pub type_label: String,
    pub code: String,
    pub label: String,
}

impl ActiveModelBehavior for ActiveModel {}
