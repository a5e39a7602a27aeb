//! The program from outside.

use aval_testing::program::Program;
use tempfile::TempDir;

const PROGRAM: Program = Program {
    name: "aval-identity",
    executable: env!("CARGO_BIN_EXE_aval-identity"),
    sample: include_str!("../config/identity.toml"),
};

fn folder() -> TempDir {
    TempDir::new().expect("a temporary folder")
}

#[test]
fn it_says_its_version() {
    PROGRAM.says_its_version(env!("CARGO_PKG_VERSION"));
}

#[test]
fn a_configuration_is_checked_without_touching_anything() {
    PROGRAM.checks_its_configuration(folder().path());
}

#[test]
fn it_begins_a_new_epoch_of_its_outbox() {
    PROGRAM.begins_a_new_epoch(folder().path());
}

#[test]
fn it_refuses_to_serve_behind_its_schema() {
    PROGRAM.refuses_to_serve_behind_its_schema(folder().path());
}
