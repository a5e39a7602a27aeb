//! `practitioner_identifiers`: national identifiers of people.

use sea_orm::entity::prelude::*;
use serde::Deserialize;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "practitioner_identifiers")]
pub(in crate::store::sql) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub national_id: String,
    pub practitioner_id: Uuid,
    /// The entry that a merge moved it from; `None`: it was never moved.
    pub entry_id: Option<Uuid>,
    /// The names that the source gives under this number, in short.
    pub wording: i64,
}

impl ActiveModelBehavior for ActiveModel {}
