//! Lets professionals ask, and keeps what grantees were called.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer_null, text_null};

pub(super) struct AddGrantRequests;

impl MigrationName for AddGrantRequests {
    fn name(&self) -> &'static str {
        "m0006_add_grant_requests"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for AddGrantRequests {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // SQLite adds one column in a statement.
        for (table, column) in [
            ("grants", text_null("grantee_name")),
            ("grants", text_null("purpose")),
            ("grants", big_integer_null("answer_by_at")),
            ("blocks", text_null("grantee_name")),
        ] {
            let mut alter = Table::alter();
            alter.table(table).add_column(column);
            manager.alter_table(alter).await?;
        }
        // At most one request of a professional waits for a patient's answer.
        let mut requested = Index::create();
        requested
            .name("grants_requested_practitioner_id")
            .table("grants")
            .col("patient_id")
            .col("practitioner_id")
            .unique()
            .cond_where(Expr::cust("status = 'requested'"));
        manager.create_index(requested).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut requested = Index::drop();
        requested
            .name("grants_requested_practitioner_id")
            .table("grants");
        manager.drop_index(requested).await?;
        for (table, column) in [
            ("blocks", "grantee_name"),
            ("grants", "answer_by_at"),
            ("grants", "purpose"),
            ("grants", "grantee_name"),
        ] {
            let mut alter = Table::alter();
            alter.table(table).drop_column(column);
            manager.alter_table(alter).await?;
        }
        Ok(())
    }
}
