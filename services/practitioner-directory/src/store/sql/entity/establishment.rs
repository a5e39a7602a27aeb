//! `establishments`: sites of the FINESS register.

use sea_orm::entity::prelude::*;
use serde::Deserialize;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "establishments")]
pub(in crate::store::sql) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub row_key: Uuid,
    /// A number of no structure, of one, or of several.
    pub finess: String,
    pub name: String,
    /// The name's search key.
    pub sort_name: String,
    /// The words of the name, separated by spaces.
    pub words: String,
    pub address_line: String,
    pub postal_code: String,
    pub town: String,
    /// The town's search key.
    pub town_key: String,
    pub town_code: String,
    pub department_code: String,
    pub category_code: String,
    pub category_label: String,
    /// As a year, month and day with hyphens; may be empty.
    pub opened_on: String,
    /// The description, in short.
    pub wording: i64,
    /// Whether the register still names it.
    pub active: bool,
}

impl ActiveModelBehavior for ActiveModel {}
