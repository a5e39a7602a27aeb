//! Lets sessions go on beyond their first token, and be closed before their time.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, text_null};

pub(super) struct LetSessionsGoOn;

impl MigrationName for LetSessionsGoOn {
    fn name(&self) -> &'static str {
        "m0003_let_sessions_go_on"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for LetSessionsGoOn {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // SQLite adds one column in a statement.
        for column in [
            big_integer("last_used_at").default(0).take(),
            big_integer("lapses_at").default(0).take(),
            big_integer("generation").default(0).take(),
            big_integer_null("closed_at"),
            text_null("closing"),
        ] {
            let mut alter = Table::alter();
            alter.table("sessions").add_column(column);
            manager.alter_table(alter).await?;
        }
        // Sessions from before had one token each.
        let mut as_before = Query::update();
        as_before
            .table("sessions")
            .value("last_used_at", Expr::col("opened_at"))
            .value("lapses_at", Expr::col("expires_at"));
        manager.exec_stmt(as_before).await?;
        let mut closed = Index::create();
        closed
            .name("sessions_closed_at")
            .table("sessions")
            .col("closed_at")
            .cond_where(Expr::cust("closed_at IS NOT NULL"));
        manager.create_index(closed).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut closed = Index::drop();
        closed.name("sessions_closed_at").table("sessions");
        manager.drop_index(closed).await?;
        for column in [
            "closing",
            "closed_at",
            "generation",
            "lapses_at",
            "last_used_at",
        ] {
            let mut alter = Table::alter();
            alter.table("sessions").drop_column(column);
            manager.alter_table(alter).await?;
        }
        Ok(())
    }
}
