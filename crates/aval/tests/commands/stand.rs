//! An `aval up` of the test's own, and commands as processes against it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use aval_testing::synthesize::Person;
use serde_json::Value;
use tempfile::TempDir;

/// A running `aval up` with its sample; it ends with the test.
pub(crate) struct Up {
    process: Child,
    pub(crate) folder: TempDir,
}

/// What a command answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Up {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = aval(folder.path());
        command.args(["--lang", "en", "up", "--free-ports", "--log", "error"]);
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap()).lines();
        assert!(
            said.any(|line| line.unwrap().contains("Ctrl-C stops everything")),
            "it ended before it was ready"
        );
        Self { process, folder }
    }

    /// Runs a command and reads its answer in JSON.
    pub(crate) fn ask(&self, arguments: &[&str]) -> Value {
        let answer = self.run(&[&["--json"], arguments].concat());
        assert_eq!(answer.code, Some(0), "{arguments:?}: {answer:?}");
        serde_json::from_str(&answer.stdout).unwrap()
    }

    /// Runs a command that is refused; answers the exit code and the reason.
    pub(crate) fn is_refused(&self, arguments: &[&str]) -> (i32, String) {
        let answer = self.run(arguments);
        assert!(answer.stdout.is_empty(), "{answer:?}");
        (answer.code.unwrap(), answer.stderr)
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Answer {
        run(self.folder.path(), &[&["--lang", "en"], arguments].concat())
    }

    /// The `patient_id` of the sample's patient.
    pub(crate) fn patient_id(&self) -> String {
        let ins = "279035121518989";
        let found = self.ask(&["patient", "resolve", "--ins", ins]);
        found["patient_id"].as_str().unwrap().to_owned()
    }

    /// The `practitioner_id` of somebody in the sample.
    pub(crate) fn practitioner(&self, person: &Person) -> String {
        let shown = self.ask(&["directory", "show", &person.national_id()]);
        let id = shown[0]["practitioner_id"].as_str();
        id.unwrap().to_owned()
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn aval(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aval"));
    command.arg("--data").arg(data);
    command
}

pub(crate) fn run(data: &Path, arguments: &[&str]) -> Answer {
    let output = aval(data).args(arguments).output().unwrap();
    Answer {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}
