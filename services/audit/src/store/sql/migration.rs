//! The schema's steps. Before adding one: [`aval_database::migrate`] says what it owes to
//! programs that do not know it.

mod m0001_create_log;
mod m0002_create_head_map;
mod m0003_create_patient_aliases;
mod m0004_index_standing;
mod m0005_encrypt_payloads;
mod m0006_create_witnessed;
mod m0007_index_professionals;
mod m0008_payloads_by_month;
mod m0009_leave_room;
mod m0010_index_hidings;

use aval_database::migrate::{MigratorTrait, Older, Steps};
use aval_database::outbox::CreateOutbox;
use sea_orm_migration::MigrationTrait;

/// The steps of the audit service's schema, in their order.
#[derive(Debug, Clone, Copy)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_create_log::CreateLog),
            Box::new(CreateOutbox),
            Box::new(m0002_create_head_map::CreateHeadMap),
            Box::new(m0003_create_patient_aliases::CreatePatientAliases),
            Box::new(m0004_index_standing::IndexStanding),
            Box::new(m0005_encrypt_payloads::EncryptPayloads),
            Box::new(m0006_create_witnessed::CreateWitnessed),
            Box::new(m0007_index_professionals::IndexProfessionals),
            Box::new(m0008_payloads_by_month::PayloadsByMonth),
            Box::new(m0009_leave_room::LeaveRoom),
            Box::new(m0010_index_hidings::IndexHidings),
        ]
    }
}

impl Steps for Migrator {
    fn for_older() -> Vec<(&'static str, Older)> {
        vec![
            ("m0004_index_standing", Older::Adds),
            ("m0006_create_witnessed", Older::Adds),
            ("m0007_index_professionals", Older::Adds),
            ("m0009_leave_room", Older::Adds),
            ("m0010_index_hidings", Older::Adds),
        ]
    }
}
