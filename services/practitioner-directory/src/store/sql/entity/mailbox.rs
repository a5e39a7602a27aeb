//! `mailboxes`: addresses of the secure health mail and whose they are.

use sea_orm::entity::prelude::*;
use serde::Deserialize;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "mailboxes")]
pub(in crate::store::sql) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub row_key: Uuid,
    /// A person's national identifier, or `=` and the number of a structure; nobody and
    /// nothing may be known under it.
    pub holder: String,
    /// In lower case.
    pub address: String,
}

impl ActiveModelBehavior for ActiveModel {}
