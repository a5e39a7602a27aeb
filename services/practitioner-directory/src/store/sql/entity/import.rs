//! `imports`: imports and their reports.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "imports")]
pub(in crate::store::sql) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub import_id: Uuid,
    pub source: String,
    pub file_name: String,
    pub state: String,
    pub state_reason: String,
    pub generated_at: Option<i64>,
    pub started_at: i64,
    /// When something of it was last staged.
    pub heard_at: i64,
    pub finished_at: Option<i64>,
    pub row_count: i64,
    pub quarantined_count: i64,
    pub file_sha256: String,
    pub practitioners_before: i64,
    pub practitioner_count: i64,
    pub practitioners_added: i64,
    pub practitioners_changed: i64,
    pub practitioners_deactivated: i64,
    pub activity_count: i64,
    pub organization_count: i64,
    pub overrides_retired: i64,
    /// People whom the file names and the directory does not know.
    pub practitioners_unknown: i64,
    /// The import in use when this one was compared with the directory.
    pub base_import_id: Option<Uuid>,
    /// Who decided about it; empty: nobody.
    pub decided_by: String,
    /// Why they did.
    pub decision_reason: String,
    /// When it was last suspended.
    pub held_at: Option<i64>,
    /// Whether what it would change is staged. If not, its file is compared anew before
    /// it is applied.
    pub is_staged: bool,
}

impl ActiveModelBehavior for ActiveModel {}
