//! The `outbox` table.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "outbox")]
pub(super) struct Model {
    /// The order of appending within one transaction; across transactions only
    /// roughly that of commits.
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(unique)]
    pub event_id: Uuid,
    pub occurred_at: i64,
    /// The event as JSON.
    pub payload: String,
    /// Its place in the epoch, once the relay has given it one.
    #[sea_orm(unique)]
    pub sequence: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}

/// The `outbox_head` table: one row.
pub(super) mod head {
    use sea_orm::entity::prelude::*;

    /// The key of the one row.
    pub(in crate::outbox) const ONLY: i32 = 1;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "outbox_head")]
    pub(in crate::outbox) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        /// This life of the outbox: microseconds since the Unix epoch at its start.
        pub epoch: i64,
        /// The last number given in this epoch; 0 before the first.
        pub last_sequence: i64,
    }

    impl ActiveModelBehavior for ActiveModel {}
}
