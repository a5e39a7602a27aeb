//! The `logout_tokens` table: those that came and could come again.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "logout_tokens")]
pub(in crate::store::sql) struct Model {
    /// A keyed digest of provider and `jti`, 32 bytes.
    #[sea_orm(primary_key, auto_increment = false)]
    pub token_digest: Vec<u8>,
    pub remembered_until: i64,
}

impl ActiveModelBehavior for ActiveModel {}
