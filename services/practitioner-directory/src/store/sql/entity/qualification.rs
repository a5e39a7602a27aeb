//! `qualifications`: diplomas of people and authorisations to practise.

use sea_orm::entity::prelude::*;
use serde::Deserialize;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "qualifications")]
pub(in crate::store::sql) struct Model {
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
