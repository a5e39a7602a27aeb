//! The program from outside.

use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

const SAMPLE: &str = include_str!("../config/audit.toml");

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_aval-audit"))
        .args(arguments)
        .env_remove("AVAL_AUDIT_CONFIG")
        .output()
        .expect("the program starts")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The sample, changed for this machine.
fn config(folder: &TempDir, extra: &str) -> String {
    let file = folder.path().join("audit.sqlite");
    let url = format!("url = \"sqlite://{}?mode=rwc\"", file.display());
    let lines: Vec<&str> = SAMPLE
        .lines()
        .map(|line| {
            if line.starts_with("url = ") {
                url.as_str()
            } else {
                line
            }
        })
        .filter(|line| !line.starts_with("password_file"))
        .collect();
    let path = folder.path().join("audit.toml");
    std::fs::write(&path, format!("{extra}\n{}", lines.join("\n"))).expect("a file is written");
    path.display().to_string()
}

#[test]
fn it_says_its_version() {
    let output = run(&["version"]);
    assert!(output.status.success());
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(said, format!("aval-audit {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_configuration_is_checked_without_touching_anything() {
    let folder = TempDir::new().expect("a temporary folder");
    let path = config(&folder, "");
    let output = run(&["check-config", "--config", &path]);
    assert!(output.status.success(), "{}", said(&output));
    assert!(!folder.path().join("audit.sqlite").exists());

    let wrong = config(&folder, "no_such_key = 1");
    let output = run(&["check-config", "--config", &wrong]);
    assert!(!output.status.success());
    assert!(said(&output).contains("no_such_key"), "{}", said(&output));
}

#[test]
fn it_refuses_to_serve_behind_its_schema() {
    let folder = TempDir::new().expect("a temporary folder");
    let path = config(&folder, "");
    let output = run(&["serve", "--config", &path]);
    assert!(!output.status.success());
    assert!(
        said(&output).contains("behind this program"),
        "{}",
        said(&output)
    );

    let output = run(&["migrate", "--config", &path]);
    assert!(output.status.success(), "{}", said(&output));
    // Now it goes on to the next thing that is missing.
    let output = run(&["serve", "--config", &path]);
    assert!(!output.status.success());
    assert!(said(&output).contains("key file"), "{}", said(&output));
}

#[test]
fn it_serves_until_it_is_told_to_stop() {
    let folder = TempDir::new().expect("a temporary folder");
    let file = |name: &str| folder.path().join(name).display().to_string();
    let text = format!(
        r#"
            migrate_on_start = true
            create_missing_keys = true
            grpc = {{ listen = "127.0.0.1:0", insecure_loopback = true }}
            ops = {{ listen = "127.0.0.1:0" }}
            database = {{ url = "sqlite://{}?mode=rwc" }}
            token = {{ issuer = "http://127.0.0.1:1", jwks_url = "http://127.0.0.1:1/jwks.json" }}
            log = {{ key_file = "{}" }}
            page_tokens = {{ key_file = "{}" }}
        "#,
        file("audit.sqlite"),
        file("checkpoint.key"),
        file("page-tokens.key"),
    );
    let path = file("audit.toml");
    std::fs::write(&path, text).expect("a file is written");
    let mut service = Command::new(env!("CARGO_BIN_EXE_aval-audit"))
        .args(["serve", "--config", &path])
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let log = BufReader::new(service.stderr.take().expect("its log is read"));
    let mut lines = log.lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains("writing the log")));
    let told = Command::new("kill")
        .args(["-TERM", &service.id().to_string()])
        .status();
    assert!(told.expect("it is told").success());
    let rest: Vec<String> = lines.collect();
    let status = service.wait().expect("it ends");
    assert!(status.success(), "{rest:?}");
}
