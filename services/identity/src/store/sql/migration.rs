//! The schema's steps. Before adding one: [`aval_database::migrate`] says what it owes to
//! programs that do not know it.

mod m0001_create_patients;
mod m0002_create_sessions;
mod m0003_let_sessions_go_on;
mod m0004_create_representations;
mod m0005_let_identities_change;
mod m0006_let_providers_sign_out;
mod m0007_follow_the_directory;
mod m0008_name_the_patient_keys;
mod m0009_count_open_sessions;
mod m0010_number_merges;
mod m0011_know_who_is_alike;

use aval_database::migrate::{MigratorTrait, Older, Steps};
use aval_database::outbox::CreateOutbox;
use aval_database::requests::CreateRequests;
use sea_orm_migration::MigrationTrait;

/// The steps of the identity service's schema, in their order.
#[derive(Debug, Clone, Copy)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_create_patients::CreatePatients),
            Box::new(m0002_create_sessions::CreateSessions),
            Box::new(CreateRequests),
            Box::new(CreateOutbox),
            Box::new(m0003_let_sessions_go_on::LetSessionsGoOn),
            Box::new(m0004_create_representations::CreateRepresentations),
            Box::new(m0005_let_identities_change::LetIdentitiesChange),
            Box::new(m0006_let_providers_sign_out::LetProvidersSignOut),
            Box::new(m0007_follow_the_directory::FollowTheDirectory),
            Box::new(m0008_name_the_patient_keys::NameThePatientKeys),
            Box::new(m0009_count_open_sessions::CountOpenSessions),
            Box::new(m0010_number_merges::NumberMerges),
            Box::new(m0011_know_who_is_alike::KnowWhoIsAlike),
        ]
    }
}

impl Steps for Migrator {
    fn for_older() -> Vec<(&'static str, Older)> {
        vec![
            ("m0009_count_open_sessions", Older::Adds),
            // Whoever writes a patient without knowing of likenesses leaves one behind that
            // is seen to be of other traits.
            ("m0011_know_who_is_alike", Older::Adds),
        ]
    }
}
