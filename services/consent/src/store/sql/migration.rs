//! The schema's steps. Before adding one: [`aval_database::migrate`] says what it owes to
//! programs that do not know it.

mod m0001_create_records;
mod m0002_create_grants;
mod m0003_create_care_episodes;
mod m0004_create_decisions;
mod m0005_create_change_clock;
mod m0006_add_grant_requests;
mod m0007_create_notifications;
mod m0008_create_matrices;
mod m0009_create_aliases;
mod m0010_create_patient_aliases;
mod m0011_tell_of_findings;
mod m0012_remember_what_had_begun;
mod m0013_tell_the_holder_alone;

use aval_database::migrate::{MigratorTrait, Older, Steps};
use aval_database::outbox::CreateOutbox;
use aval_database::requests::CreateRequests;
use sea_orm_migration::MigrationTrait;

/// The steps of the consent service's schema, in their order.
#[derive(Debug, Clone, Copy)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(CreateRequests),
            Box::new(CreateOutbox),
            Box::new(m0001_create_records::CreateRecords),
            Box::new(m0002_create_grants::CreateGrants),
            Box::new(m0003_create_care_episodes::CreateCareEpisodes),
            Box::new(m0004_create_decisions::CreateDecisions),
            Box::new(m0005_create_change_clock::CreateChangeClock),
            Box::new(m0006_add_grant_requests::AddGrantRequests),
            Box::new(m0007_create_notifications::CreateNotifications),
            Box::new(m0008_create_matrices::CreateMatrices),
            Box::new(m0009_create_aliases::CreateAliases),
            Box::new(m0010_create_patient_aliases::CreatePatientAliases),
            Box::new(m0011_tell_of_findings::TellOfFindings),
            Box::new(m0012_remember_what_had_begun::RememberWhatHadBegun),
            Box::new(m0013_tell_the_holder_alone::TellTheHolderAlone),
        ]
    }
}

impl Steps for Migrator {
    fn for_older() -> Vec<(&'static str, Older)> {
        vec![
            // Whoever does not know of findings tells none, and cannot list the inbox of a
            // patient who asked for them and was told: until all are of this version, such a
            // list may fail, and nothing is lost or told wrongly.
            ("m0011_tell_of_findings", Older::Adds),
            // What is approved by whoever does not know of it holds from its instant by each
            // replica's clock, and not a moment earlier.
            ("m0012_remember_what_had_begun", Older::Adds),
            // Whoever does not know of it tells representatives everything, as it did before:
            // until all are of this version, they may read who came. Decisions go on.
            ("m0013_tell_the_holder_alone", Older::Adds),
        ]
    }
}
