//! The program: its arguments, its exit codes.

use std::path::Path;
use std::process::{Command, Output};

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/config/identity.toml");

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_aval-identity"))
        .args(arguments)
        .env_clear()
        .output()
        .unwrap()
}

fn with_database(folder: &Path) -> String {
    let sample = std::fs::read_to_string(SAMPLE).unwrap();
    let database = format!("sqlite://{}/identity.sqlite?mode=rwc", folder.display());
    let config = sample.replace("sqlite:///var/lib/aval/identity.sqlite?mode=rwc", &database);
    let path = folder.join("identity.toml");
    std::fs::write(&path, config).unwrap();
    path.display().to_string()
}

#[test]
fn the_version_and_a_sound_configuration_are_success() {
    assert!(run(&["--version"]).status.success());
    assert!(run(&["--config", SAMPLE, "check-config"]).status.success());
}

#[test]
fn a_wrong_configuration_is_refused_with_the_key_to_change() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wrong.toml");
    let wrong = std::fs::read_to_string(SAMPLE)
        .unwrap()
        .replace("lifetime = \"5m\"", "lifetime = \"6m\"");
    std::fs::write(&path, wrong).unwrap();
    let output = run(&["check-config", "--config", path.to_str().unwrap()]);
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("token.lifetime: must be 30s to 5m"), "{said}");
}

#[test]
fn serving_behind_the_schema_is_refused_and_migrating_mends_it() {
    let folder = tempfile::tempdir().unwrap();
    let config = with_database(folder.path());
    let behind = run(&["serve", "--config", &config]);
    assert!(!behind.status.success());
    let said = String::from_utf8_lossy(&behind.stderr).into_owned();
    assert!(said.contains("the schema is behind this program"), "{said}");
    for _ in 0..2 {
        assert!(run(&["migrate", "--config", &config]).status.success());
    }
    // Now it is the keys that are missing.
    let keyless = run(&["serve", "--config", &config]);
    let said = String::from_utf8_lossy(&keyless.stderr).into_owned();
    assert!(
        !keyless.status.success() && said.contains("token-signing.pem"),
        "{said}"
    );
}
