//! Creates the map of patients' heads, from the heads that there are.

use std::collections::HashMap;

use aval_domain::id::PatientId;
use aval_merkle_log::Hash;
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{blob, integer};
use sea_orm_migration::sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::batch::{PatientHead, PatientHeads};
use crate::head_map::{HeadMap, key_of};

pub(super) struct CreateHeadMap;

/// How many rows one statement writes.
const ROWS_PER_INSERT: usize = 500;

impl MigrationName for CreateHeadMap {
    fn name(&self) -> &'static str {
        "m0002_create_head_map"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for CreateHeadMap {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut tiles = Table::create();
        tiles
            .table("map_tiles")
            .col(integer("level"))
            .col(integer("position"))
            .col(blob("children"))
            .primary_key(Index::create().col("level").col("position"));
        manager.create_table(tiles).await?;

        let mut bucket = Table::alter();
        bucket
            .table("patient_heads")
            .add_column(integer("bucket").default(0));
        manager.alter_table(bucket).await?;
        fill(manager).await?;

        let mut buckets = Index::create();
        buckets
            .name("patient_heads_bucket")
            .table("patient_heads")
            .col("bucket");
        manager.create_index(buckets).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut index = Index::drop();
        index.name("patient_heads_bucket").table("patient_heads");
        manager.drop_index(index).await?;
        let mut bucket = Table::alter();
        bucket.table("patient_heads").drop_column("bucket");
        manager.alter_table(bucket).await?;
        manager
            .drop_table(Table::drop().table("map_tiles").take())
            .await
    }
}

/// Gives every head its bucket, and the map its tiles.
async fn fill(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let mut select = Query::select();
    select
        .columns(["patient_id", "sequence", "leaf"])
        .from("patient_heads");
    let mut heads = PatientHeads::new();
    let mut by_bucket: HashMap<u16, Vec<Uuid>> = HashMap::new();
    for row in connection.query_all(&select).await? {
        let id: Uuid = row.try_get("", "patient_id")?;
        let sequence: i64 = row.try_get("", "sequence")?;
        let leaf: Vec<u8> = row.try_get("", "leaf")?;
        let corrupt = |_| DbErr::Custom(format!("patient_heads: the row {id} is corrupt"));
        let leaf = Hash::try_from(leaf.as_slice()).map_err(corrupt)?;
        let sequence = sequence.unsigned_abs();
        let patient_id = PatientId::from_uuid(id);
        by_bucket
            .entry(key_of(patient_id).bucket())
            .or_default()
            .push(id);
        heads.insert(patient_id, PatientHead { sequence, leaf });
    }
    for (bucket, ids) in by_bucket {
        let mut update = Query::update();
        update
            .table("patient_heads")
            .value("bucket", i32::from(bucket))
            .and_where(Expr::col("patient_id").is_in(ids));
        connection.execute(&update).await?;
    }
    let tiles = HeadMap::default().with(&heads).tiles;
    for chunk in tiles.chunks(ROWS_PER_INSERT) {
        let mut insert = Query::insert();
        insert
            .into_table("map_tiles")
            .columns(["level", "position", "children"]);
        for (id, tile) in chunk {
            insert.values_panic([
                i32::from(id.level).into(),
                i32::from(id.position).into(),
                tile.encode().into(),
            ]);
        }
        connection.execute(&insert).await?;
    }
    Ok(())
}
