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
fn it_puts_everything_under_the_current_keys_and_says_which_may_go() {
    let folder = folder();
    let secrets = format!("{}/", folder.path().display());
    let sample = PROGRAM.sample_in(folder.path(), "");
    let sample = std::fs::read_to_string(sample).expect("the sample was written");
    let sample = sample.replace("/run/secrets/identity/", &secrets).replace(
        "other_digest_key_files = []",
        &format!("other_digest_key_files = [\"{secrets}old.key\"]"),
    );
    let config = PROGRAM.config(folder.path(), &sample);
    let rotate = || PROGRAM.run(&["rotate-keys", "--config", &config]);
    // Nothing is made: a key that is missing is an error.
    let refused = rotate();
    assert!(!refused.success && refused.log.contains("patient-encryption.key"));
    for (name, byte) in [
        ("patient-encryption.key", "AQ"),
        ("patient-digest.key", "Ag"),
        ("old.key", "Aw"),
    ] {
        let path = folder.path().join(name);
        let secret = format!("{byte}{}=\n", "A".repeat(41));
        std::fs::write(&path, secret).expect("a key is written");
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&path, private).expect("a key is its owner's alone");
    }
    let refused = rotate();
    assert!(!refused.success && refused.log.contains("the schema is behind this program"));
    assert!(PROGRAM.run(&["migrate", "--config", &config]).success);
    let rotated = rotate();
    assert!(rotated.success, "{}", rotated.log);
    let said: Vec<_> = rotated.answer.lines().collect();
    assert_eq!(
        said[0],
        "put under the current keys: 0 identities, 0 former matricules"
    );
    let verdicts = [
        ("encryption", "0 current", "patient-encryption.key"),
        ("digest", "0 current", "patient-digest.key"),
        ("digest", "0 not needed", "old.key"),
    ];
    assert_eq!(said.len(), 1 + verdicts.len());
    for (line, (kind, verdict, file)) in said[1..].iter().zip(verdicts) {
        let fits = line.starts_with(kind) && line.contains(verdict) && line.ends_with(file);
        assert!(fits, "{line}");
    }
}
