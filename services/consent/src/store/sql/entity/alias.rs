//! The `practitioner_aliases` table: the entries of every human who has more than one.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "practitioner_aliases")]
pub(in crate::store::sql) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub practitioner_id: Uuid,
    /// The entry that it was merged into; none for the human's present one.
    pub leads_to: Option<Uuid>,
    /// The human's present entry.
    pub human_id: Uuid,
}

impl ActiveModelBehavior for ActiveModel {}
