//! The store's promises, held on every engine.

mod closing;
mod directory_cursor;
mod identities;
mod identity_issues;
mod keys;
mod likenesses;
mod logouts;
mod merges;
mod patients;
mod representations;
mod rotation;
mod sample;
mod sessions;

mod migrations {
    aval_database::migration_suite!(crate::store::sql::Migrator);
}
