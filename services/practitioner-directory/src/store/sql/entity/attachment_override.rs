//! `attachment_overrides`: local corrections of attachments, each a revision.

use sea_orm::entity::prelude::*;
use serde::Deserialize;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "attachment_overrides")]
pub(in crate::store::sql) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub revision: i64,
    pub activity_id: Uuid,
    /// Where the source says that it is; `None`: it names no place.
    pub source_organization_id: Option<Uuid>,
    pub organization_id: Uuid,
    /// The natural key that the practice situation will have when the source agrees.
    pub agreed_situation: Uuid,
    pub author: String,
    pub reason: String,
    pub created_at: i64,
    /// `None`: it holds.
    pub ended_at: Option<i64>,
    /// Who took it back; empty: the source agrees.
    pub ended_by: String,
}

impl ActiveModelBehavior for ActiveModel {}
