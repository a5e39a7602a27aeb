//! The steps of this service's schema. Before adding one: [`aval_database::migrate`] says what
//! it owes to programs that do not know it.

#![expect(
    elided_lifetimes_in_paths,
    reason = "MigrationTrait declares its methods without the lifetime, and async_trait wants the same"
)]

mod m0001_directory;
mod m0002_imports;
mod m0003_page_token_key;
mod m0004_held_imports;
mod m0005_changes;
mod m0006_merges;
mod m0007_attachment_overrides;
mod m0008_person_skills;
mod m0009_mailboxes;
mod m0010_qualifications;
mod m0011_kept_files;
mod m0012_unlogged_staging;
mod m0013_indexes_of_the_known;
mod m0014_word_variants;
mod m0015_establishments;
mod m0016_search_keys;
mod m0017_people_in_memory;
mod table;

use aval_database::migrate::{MigratorTrait, Older, Steps};
use aval_database::outbox::CreateOutbox;
use aval_database::requests::CreateRequests;
use sea_orm_migration::MigrationTrait;

/// Every step, in order.
#[derive(Debug, Clone, Copy)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(CreateRequests),
            Box::new(CreateOutbox),
            Box::new(m0001_directory::Migration),
            Box::new(m0002_imports::Migration),
            Box::new(m0003_page_token_key::Migration),
            Box::new(m0004_held_imports::Migration),
            Box::new(m0005_changes::Migration),
            Box::new(m0006_merges::Migration),
            Box::new(m0007_attachment_overrides::Migration),
            Box::new(m0008_person_skills::Migration),
            Box::new(m0009_mailboxes::Migration),
            Box::new(m0010_qualifications::Migration),
            Box::new(m0011_kept_files::Migration),
            Box::new(m0012_unlogged_staging::Migration),
            Box::new(m0013_indexes_of_the_known::Migration),
            Box::new(m0014_word_variants::Migration),
            Box::new(m0015_establishments::Migration),
            Box::new(m0016_search_keys::Migration),
            Box::new(m0017_people_in_memory::Migration),
        ]
    }
}

impl Steps for Migrator {
    fn for_older() -> Vec<(&'static str, Older)> {
        vec![("m0013_indexes_of_the_known", Older::Adds)]
    }
}
