//! Creates grants and blocks.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, boolean, integer, text, text_null, uuid, uuid_null,
};

pub(super) struct CreateGrants;

impl MigrationName for CreateGrants {
    fn name(&self) -> &'static str {
        "m0002_create_grants"
    }
}

/// How many of these columns have a value, on either engine.
macro_rules! count_of {
    ($($column:literal),+) => {
        concat!("0" $(, " + CASE WHEN ", $column, " IS NULL THEN 0 ELSE 1 END")+)
    };
}

#[async_trait::async_trait]
impl MigrationTrait for CreateGrants {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_grants(manager).await?;
        create_blocks(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["blocks", "grants"] {
            manager
                .drop_table(Table::drop().table(table).take())
                .await?;
        }
        Ok(())
    }
}

async fn create_grants(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let one_grantee = concat!(
        count_of!("practitioner_id", "organization_id", "rpps"),
        " = 1"
    );
    let mut grants = Table::create();
    grants
        .table("grants")
        .col(uuid("grant_id").primary_key())
        .col(uuid("patient_id"))
        .col(uuid_null("practitioner_id"))
        .col(uuid_null("organization_id"))
        .col(text_null("rpps"))
        .col(integer("classes"))
        .col(big_integer("from_at"))
        .col(big_integer_null("until_at"))
        .col(text("origin"))
        .col(text("status"))
        .col(uuid_null("created_by"))
        .col(big_integer("created_at"))
        .col(big_integer("updated_at"))
        .col(big_integer_null("ended_at"))
        .col(big_integer("version"))
        .check(Expr::cust(one_grantee));
    manager.create_table(grants).await?;

    // At most one given grant of a patient to a grantee; decisions look them up here.
    for grantee in ["practitioner_id", "organization_id", "rpps"] {
        let mut given = Index::create();
        given
            .name(format!("grants_given_{grantee}"))
            .table("grants")
            .col("patient_id")
            .col(grantee)
            .unique()
            .cond_where(Expr::cust("status = 'given'"))
            .cond_where(Expr::col(grantee).is_not_null());
        manager.create_index(given).await?;
    }
    // The two lists, the newest first: an index is read backwards as well as forwards.
    for person in ["patient_id", "practitioner_id"] {
        let mut list = Index::create();
        list.name(format!("grants_{person}_grant_id"))
            .table("grants")
            .col(person)
            .col("grant_id")
            .cond_where(Expr::col(person).is_not_null());
        manager.create_index(list).await?;
    }
    Ok(())
}

async fn create_blocks(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let one_grantee = concat!(count_of!("practitioner_id", "organization_id"), " = 1");
    let mut blocks = Table::create();
    blocks
        .table("blocks")
        .col(uuid("block_id").primary_key())
        .col(uuid("patient_id"))
        .col(uuid_null("practitioner_id"))
        .col(uuid_null("organization_id"))
        .col(big_integer("from_at"))
        .col(big_integer_null("until_at"))
        .col(boolean("immediate"))
        .col(boolean("standing"))
        .col(big_integer("created_at"))
        .col(big_integer_null("removed_at"))
        .col(big_integer("version"))
        .check(Expr::cust(one_grantee));
    manager.create_table(blocks).await?;

    // At most one standing block of a patient on a grantee; decisions look them up here.
    for grantee in ["practitioner_id", "organization_id"] {
        let mut standing = Index::create();
        standing
            .name(format!("blocks_standing_{grantee}"))
            .table("blocks")
            .col("patient_id")
            .col(grantee)
            .unique()
            .cond_where(Expr::cust("standing"))
            .cond_where(Expr::col(grantee).is_not_null());
        manager.create_index(standing).await?;
    }
    let mut list = Index::create();
    list.name("blocks_patient_id_block_id")
        .table("blocks")
        .col("patient_id")
        .col("block_id");
    manager.create_index(list).await
}
