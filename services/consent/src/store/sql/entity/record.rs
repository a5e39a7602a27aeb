//! The `records` table: one row a patient whose record was ever open here.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "records")]
pub(in crate::store::sql) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub patient_id: Uuid,
    pub opposes_break_glass: bool,
    pub opposes_regulation_center: bool,
    pub opened_at: i64,
    pub closed_at: Option<i64>,
    pub version: i64,
}

impl ActiveModelBehavior for ActiveModel {}
