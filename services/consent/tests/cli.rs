//! The program from outside.

use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

const SAMPLE: &str = include_str!("../config/consent.toml");

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_aval-consent"))
        .args(arguments)
        .env_remove("AVAL_CONSENT_CONFIG")
        .output()
        .expect("the program starts")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The sample, changed for this machine.
fn config(folder: &TempDir, extra: &str) -> String {
    let file = folder.path().join("consent.sqlite");
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
        .filter(|line| !line.starts_with("password_file") && !line.starts_with("matrix = "))
        .collect();
    let path = folder.path().join("consent.toml");
    std::fs::write(&path, format!("{extra}\n{}", lines.join("\n"))).expect("a file is written");
    path.display().to_string()
}

#[test]
fn it_says_its_version() {
    let output = run(&["version"]);
    assert!(output.status.success());
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(
        said,
        format!("aval-consent {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn a_configuration_is_checked_without_touching_anything() {
    let folder = TempDir::new().expect("a temporary folder");
    let path = config(&folder, "");
    let output = run(&["check-config", "--config", &path]);
    assert!(output.status.success(), "{}", said(&output));
    assert!(!folder.path().join("consent.sqlite").exists());

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
    assert!(
        !said(&output).contains("behind this program"),
        "{}",
        said(&output)
    );
}

#[test]
fn it_serves_with_a_warning_about_the_example_until_it_is_told_to_stop() {
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
            practitioner_directory = {{ uri = "http://127.0.0.1:1" }}
            audit = {{ uri = "http://127.0.0.1:1" }}
            page_tokens = {{ key_file = "{}" }}
        "#,
        file("consent.sqlite"),
        file("page-tokens.key"),
    );
    let path = file("consent.toml");
    std::fs::write(&path, text).expect("a file is written");
    let mut service = Command::new(env!("CARGO_BIN_EXE_aval-consent"))
        .args(["serve", "--config", &path])
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let log = BufReader::new(service.stderr.take().expect("its log is read"));
    let mut lines = log.lines().map_while(Result::ok);
    let mut warned = false;
    let serving = lines.any(|line| {
        warned |= line.contains("its cells are made up");
        line.contains("serving gRPC")
    });
    assert!(serving && warned);
    let told = Command::new("kill")
        .args(["-TERM", &service.id().to_string()])
        .status();
    assert!(told.expect("it is told").success());
    let rest: Vec<String> = lines.collect();
    let status = service.wait().expect("it ends");
    assert!(status.success(), "{rest:?}");
}

#[test]
fn a_matrix_is_checked_without_a_configuration_and_every_fault_is_told() {
    let folder = TempDir::new().expect("a temporary folder");
    let file = folder.path().join("matrix.toml").display().to_string();
    let check = |text: &str| {
        std::fs::write(&file, text).expect("a file is written");
        let output = run(&["check-matrix", &file]);
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.success(), told + &said(&output))
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
