//! The `events` table: the log, one row an entry.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "events")]
pub(in crate::store::sql) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub log_index: i64,
    #[sea_orm(unique)]
    pub event_id: Uuid,
    /// Who delivered it: producer, life of its outbox, place there.
    pub source: String,
    pub epoch: i64,
    pub sequence: i64,
    pub recorded_at: i64,
    /// The patient, and the link of their chain; absent together.
    pub patient_id: Option<Uuid>,
    pub patient_sequence: Option<i64>,
    /// The hash of the same patient's previous leaf; absent for their first.
    pub previous_leaf: Option<Vec<u8>>,
    pub commitment: Vec<u8>,
    /// Hashes of the leaf and of each subtree that it completes, then of the groups that it
    /// completes, 32 bytes each.
    pub nodes: Vec<u8>,
    /// What lists are filtered by; all of it is in the payload too.
    pub occurred_at: i64,
    pub practitioner_id: Option<Uuid>,
    pub organization_id: Option<Uuid>,
    pub kind: String,
    pub outcome: String,
    pub is_emergency: bool,
    /// The salt of the commitment and the canonical event, encrypted together, until they
    /// are erased. In rows from before there were keys: the canonical event, in clear.
    pub payload: Option<Vec<u8>>,
    /// In rows from before there were keys: the salt.
    pub salt: Option<Vec<u8>>,
    /// The key under which the payload is; absent where it is in clear, or erased.
    pub key_id: Option<i64>,
    /// The entry that says why the payload was erased; absent while it is there.
    pub erased_by: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
