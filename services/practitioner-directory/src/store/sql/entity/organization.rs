//! `organizations`: structures.

use sea_orm::entity::prelude::*;
use serde::Deserialize;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "organizations")]
pub(in crate::store::sql) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: Uuid,
    #[sea_orm(unique)]
    pub technical_id: String,
    pub finess: Option<String>,
    pub legal_finess: Option<String>,
    pub siret: Option<String>,
    pub siren: Option<String>,
    pub rpps_rank: Option<String>,
    pub name: String,
    pub address_line: String,
    pub postal_code: String,
    pub town: String,
    /// The town's search key.
    pub town_key: String,
    pub town_code: String,
    pub department_code: String,
    pub sector_code: String,
    /// The name's search key.
    pub sort_name: String,
    /// Whether the name is the one of the establishment of its FINESS, because its own
    /// source has none.
    pub name_lent: bool,
    /// The same of the address.
    pub address_lent: bool,
    /// The description by its own source, in short.
    pub wording: i64,
    /// Whether somebody practises there.
    pub active: bool,
    pub updated_at: i64,
    /// The revision that last changed it.
    pub revision: i64,
}

impl ActiveModelBehavior for ActiveModel {}
