//! The `care_episodes` table.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "care_episodes")]
pub(in crate::store::sql) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub care_episode_id: Uuid,
    pub patient_id: Uuid,
    pub organization_id: Option<Uuid>,
    pub opened_by: Uuid,
    pub from_at: i64,
    pub until_at: i64,
    pub closed_at: Option<i64>,
    pub version: i64,
}

impl ActiveModelBehavior for ActiveModel {}
