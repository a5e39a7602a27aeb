//! The program from outside.

use aval_testing::program::Program;
use tempfile::TempDir;

const PROGRAM: Program = Program {
    name: "aval-practitioner-directory",
    executable: env!("CARGO_BIN_EXE_aval-practitioner-directory"),
    sample: include_str!("../config/practitioner-directory.toml"),
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
fn a_certificate_that_has_ended_is_refused() {
    PROGRAM.looks_at_its_certificate(folder().path());
}

#[test]
fn the_sample_documents_every_key() {
    PROGRAM.documents_every_key(folder().path());
}

#[test]
fn it_begins_a_new_epoch_of_its_outbox() {
    PROGRAM.begins_a_new_epoch(folder().path());
}

#[test]
fn it_refuses_to_serve_behind_its_schema() {
    PROGRAM.refuses_to_serve_behind_its_schema(folder().path());
}

#[test]
fn it_serves_until_it_is_told_to_stop() {
    let folder = folder();
    let text = format!(
        r#"
            migrate_on_start = true
            grpc = {{ listen = "127.0.0.1:0", insecure_loopback = true }}
            ops = {{ listen = "127.0.0.1:0" }}
            database = {{ url = "{}" }}
            token = {{ issuer = "http://127.0.0.1:1", jwks_url = "http://127.0.0.1:1/jwks.json" }}
            audit = {{ uri = "http://127.0.0.1:1" }}
        "#,
        Program::database_url(folder.path()),
    );
    let mut serving = PROGRAM.serve(&PROGRAM.config(folder.path(), &text));
    serving.says("serving gRPC");
    serving.stop();
}
