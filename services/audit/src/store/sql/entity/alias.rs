//! The `patient_aliases` table: the identifiers of every human who has more than one.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "patient_aliases")]
pub(in crate::store::sql) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub patient_id: Uuid,
    /// The patient whom this one was merged into; none for the human's present identifier.
    pub leads_to: Option<Uuid>,
    /// The human's present identifier.
    pub human_id: Uuid,
}

impl ActiveModelBehavior for ActiveModel {}
