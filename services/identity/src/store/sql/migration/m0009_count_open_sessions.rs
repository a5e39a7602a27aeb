//! Lets the sessions that go on be counted without looking at those that ended.

use sea_orm_migration::prelude::*;

pub(super) struct CountOpenSessions;

impl MigrationName for CountOpenSessions {
    fn name(&self) -> &'static str {
        "m0009_count_open_sessions"
    }
}

const INDEX: &str = "sessions_open";

#[async_trait::async_trait]
impl MigrationTrait for CountOpenSessions {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut open = Index::create();
        open.name(INDEX)
            .table("sessions")
            .col("lapses_at")
            .col("patient_id")
            .col("representation_id")
            // Always null here; SQLite reads the rows if it is not there.
            .col("closed_at")
            .cond_where(Expr::cust("closed_at IS NULL"));
        manager.create_index(open).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut open = Index::drop();
        open.name(INDEX).table("sessions");
        manager.drop_index(open).await
    }
}
