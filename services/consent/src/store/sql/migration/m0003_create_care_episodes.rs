//! Creates care episodes and their members.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, uuid, uuid_null};

pub(super) struct CreateCareEpisodes;

impl MigrationName for CreateCareEpisodes {
    fn name(&self) -> &'static str {
        "m0003_create_care_episodes"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for CreateCareEpisodes {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut episodes = Table::create();
        episodes
            .table("care_episodes")
            .col(uuid("care_episode_id").primary_key())
            .col(uuid("patient_id"))
            .col(uuid_null("organization_id"))
            .col(uuid("opened_by"))
            .col(big_integer("from_at"))
            .col(big_integer("until_at"))
            .col(big_integer_null("closed_at"))
            .col(big_integer("version"));
        manager.create_table(episodes).await?;
        let mut list = Index::create();
        list.name("care_episodes_patient_id_care_episode_id")
            .table("care_episodes")
            .col("patient_id")
            .col("care_episode_id");
        manager.create_index(list).await?;

        let mut members = Table::create();
        members
            .table("care_episode_members")
            .col(uuid("care_episode_id"))
            .col(uuid("practitioner_id"))
            .primary_key(
                Index::create()
                    .col("care_episode_id")
                    .col("practitioner_id"),
            );
        manager.create_table(members).await?;
        let mut by_member = Index::create();
        by_member
            .name("care_episode_members_practitioner_id")
            .table("care_episode_members")
            .col("practitioner_id")
            .col("care_episode_id");
        manager.create_index(by_member).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["care_episode_members", "care_episodes"] {
            manager
                .drop_table(Table::drop().table(table).take())
                .await?;
        }
        Ok(())
    }
}
