//! The `grants` table.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "grants")]
pub(in crate::store::sql) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub grant_id: Uuid,
    pub patient_id: Uuid,
    /// Exactly one of these three is there.
    pub practitioner_id: Option<Uuid>,
    pub organization_id: Option<Uuid>,
    pub rpps: Option<String>,
    pub grantee_name: Option<String>,
    /// A bit for each class, as `DocumentClasses` has them.
    pub classes: i32,
    pub from_at: i64,
    pub until_at: Option<i64>,
    pub origin: String,
    pub status: String,
    pub created_by: Option<Uuid>,
    /// Both or neither: for what was requested.
    pub purpose: Option<String>,
    pub answer_by_at: Option<i64>,
    /// Of what was requested and approved: whether its period had begun when it was.
    pub begun_when_answered: Option<bool>,
    pub created_at: i64,
    pub updated_at: i64,
    pub ended_at: Option<i64>,
    pub version: i64,
}

impl ActiveModelBehavior for ActiveModel {}
