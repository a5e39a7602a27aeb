//! Creates the sessions.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, text, text_null, uuid};

pub(super) struct CreateSessions;

impl MigrationName for CreateSessions {
    fn name(&self) -> &'static str {
        "m0002_create_sessions"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for CreateSessions {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut sessions = Table::create();
        sessions
            .table("sessions")
            .col(uuid("session_id").primary_key())
            .col(uuid("person_id"))
            .col(text("bearer"))
            .col(text("software"))
            .col(text_null("thumbprint"))
            .col(big_integer("opened_at"))
            .col(big_integer("expires_at"));
        manager.create_table(sessions).await?;
        // A person's list, the newest first: an identifier begins with its time.
        let mut list = Index::create();
        list.name("sessions_person_id_session_id")
            .table("sessions")
            .col("person_id")
            .col("session_id");
        manager.create_index(list).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table("sessions").take())
            .await
    }
}
