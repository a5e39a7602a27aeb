//! Remembers up to where the directory's changes were done.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{integer, text};

pub(super) struct FollowTheDirectory;

impl MigrationName for FollowTheDirectory {
    fn name(&self) -> &'static str {
        "m0007_follow_the_directory"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for FollowTheDirectory {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut cursor = Table::create();
        cursor
            .table("directory_cursor")
            .col(integer("only").primary_key())
            .col(text("followed_to"));
        manager.create_table(cursor).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table("directory_cursor").take())
            .await
    }
}
