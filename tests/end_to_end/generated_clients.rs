//! Clients that integrators generate from `proto/` in other languages.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::contract::Listener;
use crate::scene::{CLINIC, Scene};

/// Names the Python that has what `generated_clients/requirements.txt` demands.
const PYTHON: &str = "AVAL_TEST_PYTHON";

#[tokio::test(flavor = "multi_thread")]
async fn a_python_client_finds_people_and_reads_why_it_is_refused() {
    let Some(python) = python() else {
        assert!(env::var_os("CI").is_none_or(|ci| ci != "true"), "{NOT_RUN}");
        eprintln!("{NOT_RUN}");
        return;
    };
    let scene = Scene::set().await;
    // The certificate is issued when it is first asked for.
    scene.caller(CLINIC);
    let generated = tempfile::tempdir().unwrap();
    generate(&python, generated.path());

    let pki = scene.stack.layout().pki();
    let stem = CLINIC.replace('/', ".");
    let output = Command::new(&python)
        .arg(folder().join("client.py"))
        .env("PYTHONPATH", generated.path())
        .env("ADDRESS", scene.address(Listener::Directory).to_string())
        .env("CA", pki.join("ca.pem"))
        .env("CERTIFICATE", pki.join(format!("{stem}.pem")))
        .env("KEY", pki.join(format!("{stem}.key")))
        .env("NAME", "zoe le goff")
        .output()
        .unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaints}");
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();

    let generalist = &scene.cast.generalist;
    let found = said["found"].as_array().unwrap();
    assert!(found.len() >= 3, "{said}");
    assert!(
        found.contains(&json!({
            "family_name": generalist.family_name,
            "given_name": generalist.given_name,
            "homonym": true,
            "rpps": generalist.rpps(),
        })),
        "{said}"
    );
    assert_eq!(
        said["refused"],
        json!({
            "code": "INVALID_ARGUMENT",
            "domain": "aval",
            "reason": "FIELD_INVALID",
            "fields": ["page_size"],
            "locale": "fr",
        })
    );
    assert_eq!(
        said["not_allowed"],
        json!({
            "code": "PERMISSION_DENIED",
            "domain": "aval",
            "reason": "CALLER_NOT_ALLOWED",
            "locale": "fr",
        })
    );
}

const NOT_RUN: &str = "not run: the Python client (`cargo xtask test` prepares its Python)";

/// The Python that was prepared for it.
fn python() -> Option<PathBuf> {
    env::var_os(PYTHON).map(PathBuf::from)
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("end_to_end/generated_clients")
}

/// Makes the client's code from the protos, as an integrator would.
fn generate(python: &Path, into: &Path) {
    let protos = Path::new(env!("CARGO_MANIFEST_DIR")).join("../proto");
    let mut files = Vec::new();
    collect(&protos, &mut files);
    assert!(files.len() > 10);
    let made = Command::new(python)
        .args(["-m", "grpc_tools.protoc"])
        .arg(format!("-I{}", protos.display()))
        .arg(format!("--python_out={}", into.display()))
        .arg(format!("--grpc_python_out={}", into.display()))
        .args(files)
        .output()
        .unwrap();
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "proto")
        {
            files.push(path);
        }
    }
}
