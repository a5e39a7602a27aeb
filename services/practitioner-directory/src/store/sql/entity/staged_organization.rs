//! `staged_organizations`: structures on their way into the directory.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "staged_organizations")]
pub(in crate::store::sql) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub import_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub technical_id: String,
    pub organization_id: Uuid,
    pub finess: Option<String>,
    pub legal_finess: Option<String>,
    pub siret: Option<String>,
    pub siren: Option<String>,
    pub rpps_rank: Option<String>,
    pub name: String,
    pub address_line: String,
    pub postal_code: String,
    pub town: String,
    pub town_key: String,
    pub town_code: String,
    pub department_code: String,
    pub sector_code: String,
    pub sort_name: String,
    /// Separated by spaces.
    pub words: String,
    pub wording: i64,
}

impl ActiveModelBehavior for ActiveModel {}
