//! `staged_mailboxes`: mailboxes on their way into the directory.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "staged_mailboxes")]
pub(in crate::store::sql) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub import_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub row_key: Uuid,
    pub holder: String,
    pub address: String,
}

impl ActiveModelBehavior for ActiveModel {}
