//! The program from outside.

use aval_testing::program::Program;
use tempfile::TempDir;

const PROGRAM: Program = Program {
    name: "aval-consent",
    executable: env!("CARGO_BIN_EXE_aval-consent"),
    sample: include_str!("../config/consent.toml"),
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
fn it_serves_with_a_warning_about_the_matrix_until_it_is_told_to_stop() {
    for (asks_for_example, warning) in [
        (true, "its cells are made up"),
        (false, "until one is loaded it permits nobody"),
    ] {
        let read = serve_without_matrix(asks_for_example);
        let said = read.iter().any(|line| line.contains(warning));
        assert!(said, "{read:?}");
    }
}

/// What it says until it serves.
fn serve_without_matrix(asks_for_example: bool) -> Vec<String> {
    let folder = folder();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let text = format!(
        r#"
            migrate_on_start = true
            create_missing_keys = true
            grpc = {{ listen = "127.0.0.1:0", insecure_loopback = true }}
            ops = {{ listen = "127.0.0.1:0" }}
            database = {{ url = "{}" }}
            token = {{ issuer = "http://127.0.0.1:1", jwks_url = "http://127.0.0.1:1/jwks.json" }}
            practitioner_directory = {{ uri = "http://127.0.0.1:1" }}
            identity = {{ uri = "http://127.0.0.1:1" }}
            audit = {{ uri = "http://127.0.0.1:1" }}
            page_tokens = {{ key_file = "{}" }}
            policy = {{ example_matrix = {asks_for_example} }}
        "#,
        Program::database_url(folder.path()),
        file("page-tokens.key"),
    );
    let mut serving = PROGRAM.serve(&PROGRAM.config(folder.path(), &text));
    let read = serving.says("serving gRPC");
    serving.stop();
    read
}

#[test]
fn a_matrix_is_checked_without_a_configuration_and_every_fault_is_told() {
    let folder = folder();
    let file = folder.path().join("matrix.toml").display().to_string();
    let check = |text: &str| {
        std::fs::write(&file, text).expect("a file is written");
        let ended = PROGRAM.run(&["check-matrix", &file]);
        (ended.success, ended.answer + &ended.log)
    };
    let (sound, told) = check("revision = 'a b'\n[[row]]\nprofession = '11'");
    assert!(!sound, "{told}");
    assert!(told.contains("line 1, column 12: revision: "), "{told}");
    assert!(
        told.contains("line 3, column 14: row[0].profession: "),
        "{told}"
    );
    let sound = check("revision = 'official-1'\n[[row]]\nprofession = '70'\npermits = ['10']");
    assert_eq!(sound, (true, "official-1\n".to_owned()));
    let (_, told) = check("revision = 'tried'\nexample = true");
    assert_eq!(told, "tried+example (EXAMPLE: its cells are made up)\n");
}
