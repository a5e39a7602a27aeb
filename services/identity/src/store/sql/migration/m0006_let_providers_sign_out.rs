//! Lets providers sign people out: finds the sessions by the provider's names for them,
//! and remembers the tokens that said so.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, blob, blob_null};

pub(super) struct LetProvidersSignOut;

impl MigrationName for LetProvidersSignOut {
    fn name(&self) -> &'static str {
        "m0006_let_providers_sign_out"
    }
}

/// Column and index.
const NAMES: [(&str, &str); 2] = [
    ("provider_subject", "sessions_provider_subject"),
    ("provider_session", "sessions_provider_session"),
];

#[async_trait::async_trait]
impl MigrationTrait for LetProvidersSignOut {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (column, name) in NAMES {
            let mut alter = Table::alter();
            alter.table("sessions").add_column(blob_null(column));
            manager.alter_table(alter).await?;
            let mut index = Index::create();
            index.name(name).table("sessions").col(column);
            manager.create_index(index).await?;
        }
        let mut tokens = Table::create();
        tokens
            .table("logout_tokens")
            .col(blob("token_digest").primary_key())
            .col(big_integer("remembered_until"));
        manager.create_table(tokens).await?;
        let mut forgotten = Index::create();
        forgotten
            .name("logout_tokens_remembered_until")
            .table("logout_tokens")
            .col("remembered_until");
        manager.create_index(forgotten).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table("logout_tokens").take())
            .await?;
        for (column, name) in NAMES {
            let mut index = Index::drop();
            index.name(name).table("sessions");
            manager.drop_index(index).await?;
            let mut alter = Table::alter();
            alter.table("sessions").drop_column(column);
            manager.alter_table(alter).await?;
        }
        Ok(())
    }
}
