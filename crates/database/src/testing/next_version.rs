//! The schemas of versions that do not exist yet, so that the program of today can be the
//! program of before.

use std::marker::PhantomData;

use sea_orm::ConnectionTrait;
use sea_orm_migration::prelude::{
    DbErr, MigrationName, MigrationTrait, MigratorTrait, SchemaManager, async_trait,
};

use crate::migrate::{Older, Steps};

/// `M` and a step that adds what a step may add: a column to a table into which every service
/// writes, an index over it, a table.
#[derive(Debug)]
pub struct NextVersion<M>(PhantomData<fn() -> M>);

/// [`NextVersion`] and a step that takes away what it had added: for [`NextVersion`] and not
/// for `M`.
#[derive(Debug)]
pub struct NextButOne<M>(PhantomData<fn() -> M>);

impl<M: Steps> MigratorTrait for NextVersion<M> {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut steps = M::migrations();
        steps.push(Box::new(Step::ADDS));
        steps
    }
}

impl<M: Steps> Steps for NextVersion<M> {
    fn for_older() -> Vec<(&'static str, Older)> {
        let mut said = M::for_older();
        said.push((Step::ADDS.name, Older::Adds));
        said
    }
}

impl<M: Steps> MigratorTrait for NextButOne<M> {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut steps = NextVersion::<M>::migrations();
        steps.push(Box::new(Step::TAKES_AWAY));
        steps
    }
}

impl<M: Steps> Steps for NextButOne<M> {
    fn for_older() -> Vec<(&'static str, Older)> {
        let mut said = NextVersion::<M>::for_older();
        let unused_since = Older::TakesAwayUnusedSince(Step::ADDS.name);
        said.push((Step::TAKES_AWAY.name, unused_since));
        said
    }
}

/// Statements that both engines understand, there and back.
struct Step {
    name: &'static str,
    up: &'static [&'static str],
    down: &'static [&'static str],
}

impl Step {
    const ADDS: Self = Self {
        name: "next_version_adds",
        up: &[
            "ALTER TABLE outbox ADD COLUMN next_version text",
            "CREATE INDEX outbox_next_version ON outbox (next_version)",
            "CREATE TABLE next_version (id text PRIMARY KEY)",
        ],
        down: &[
            "DROP TABLE next_version",
            "DROP INDEX outbox_next_version",
            "ALTER TABLE outbox DROP COLUMN next_version",
        ],
    };
    const TAKES_AWAY: Self = Self {
        name: "next_but_one_takes_away",
        up: &["DROP TABLE next_version"],
        down: &["CREATE TABLE next_version (id text PRIMARY KEY)"],
    };
}

impl MigrationName for Step {
    fn name(&self) -> &'static str {
        self.name
    }
}

#[async_trait::async_trait]
#[expect(
    elided_lifetimes_in_paths,
    reason = "MigrationTrait declares its methods without the lifetime"
)]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, self.up).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, self.down).await
    }
}

async fn run(manager: &SchemaManager<'_>, statements: &[&str]) -> Result<(), DbErr> {
    for statement in statements {
        manager
            .get_connection()
            .execute_unprepared(statement)
            .await?;
    }
    Ok(())
}
