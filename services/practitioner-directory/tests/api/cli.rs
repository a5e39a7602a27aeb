//! The service as a program.

use std::path::Path;
use std::process::{Command, Output};

fn run(arguments: &[&str], config: Option<&Path>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aval-practitioner-directory"));
    command.args(arguments).env_clear();
    if let Some(config) = config {
        command.arg("--config").arg(config);
    }
    command.output().unwrap()
}

/// A configuration in clear on the loopback, with a database in this folder.
fn configuration(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("config.toml");
    let text = format!(
        "[grpc]\nlisten = '127.0.0.1:0'\ninsecure_loopback = true\n\
         [ops]\nlisten = '127.0.0.1:0'\n\
         [database]\nurl = 'sqlite://{}?mode=rwc'\n\
         [token]\nissuer = 'x'\njwks_url = 'http://127.0.0.1:1/jwks'\n\
         [audit]\nuri = 'http://127.0.0.1:1'\n",
        folder.join("store.sqlite").display()
    );
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn the_version_is_said_without_a_configuration() {
    let output = run(&["version"], None);
    assert!(output.status.success());
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        said,
        format!(
            "aval-practitioner-directory {}\n",
            env!("CARGO_PKG_VERSION")
        )
    );
}

#[test]
fn a_wrong_configuration_is_named_by_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = configuration(folder.path());
    assert!(run(&["check-config"], Some(&path)).status.success());
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text + "[import]\nchanged_share = 2.0\n").unwrap();
    let output = run(&["check-config"], Some(&path));
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("import.changed_share"), "{said}");
}

#[test]
fn a_folder_in_which_nothing_can_be_written_is_named_by_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = configuration(folder.path());
    let without = std::fs::read_to_string(&path).unwrap();
    let checked = |search: &Path| {
        let search = format!("[search]\nfolder = '{}'\n", search.display());
        std::fs::write(&path, without.clone() + &search).unwrap();
        run(&["check-config"], Some(&path))
    };
    let output = checked(folder.path());
    assert!(output.status.success());
    assert_eq!(output.stdout, b"");
    // It may be another machine's.
    let output = checked(&folder.path().join("not-here"));
    assert!(output.status.success());
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("search.folder"), "{told}");
    let output = checked(&path);
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("search.folder"), "{said}");
}

#[test]
fn it_does_not_serve_behind_its_schema_and_migrating_creates_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = configuration(folder.path());
    let output = run(&["serve"], Some(&path));
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("behind this program"), "{said}");
    assert!(run(&["migrate"], Some(&path)).status.success());
    assert!(run(&["migrate"], Some(&path)).status.success());
    assert!(folder.path().join("store.sqlite").exists());
}
