//! The `identity_issues` table.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "identity_issues")]
pub(in crate::store::sql) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub issue_id: Uuid,
    pub kind: String,
    pub patient_id: Uuid,
    /// The other one whom it concerns, where there are two.
    pub other_patient_id: Option<Uuid>,
    /// Names of traits, separated by commas; never values.
    pub evidence: String,
    pub found_at: i64,
}

impl ActiveModelBehavior for ActiveModel {}
