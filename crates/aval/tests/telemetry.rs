//! What `aval up` and `aval demo` say besides their answers.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on fails"
)]

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;

/// How long a busy machine may take before something counts as not happening.
const PATIENCE: Duration = Duration::from_mins(1);

/// The command, with nothing of this process's environment that changes what it says.
fn aval(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aval"));
    for variable in ["AVAL_LOG", "AVAL_LOG_FORMAT", "OTEL_EXPORTER_OTLP_ENDPOINT"] {
        command.env_remove(variable);
    }
    command.args(["--lang", "en", "--data"]).arg(data);
    command
}

/// A running `aval up`, which no test leaves behind.
struct Up(Child);

impl Up {
    fn start(data: &Path, more: &[&str]) -> Self {
        let mut command = aval(data);
        command.args(["up", "--empty", "--free-ports"]).args(more);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        Self(command.spawn().unwrap())
    }

    /// The first line on standard error with these words.
    fn first_line_with(&mut self, words: &'static str) -> String {
        let stderr = self.0.stderr.take().unwrap();
        within_patience(words, move || {
            let mut lines = BufReader::new(stderr).lines().map_while(Result::ok);
            lines.find(|line| line.contains(words))
        })
        .expect("it is said before the process ends")
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_log_of_up_is_on_standard_error_in_the_form_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let mut up = Up::start(folder.path(), &["--log-format", "json"]);
    let line = up.first_line_with("serving gRPC");
    let event: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(event["message"], "serving gRPC");
    assert_eq!(event["level"], "INFO");
}

#[test]
fn the_readable_log_of_up_has_no_colours_in_a_pipe() {
    let folder = tempfile::tempdir().unwrap();
    let line = Up::start(folder.path(), &["--log", "info"]).first_line_with("serving gRPC");
    assert!(line.contains(" INFO "), "{line}");
    assert!(!line.contains('\u{1b}'), "{line}");
}

#[test]
fn traces_of_up_go_to_the_collector_that_is_named() {
    let collector = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", collector.local_addr().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let _up = Up::start(folder.path(), &["--otlp", &address]);
    let greeting = within_patience("somebody speaks to the collector", move || {
        let mut greeting = [0; 14];
        let (mut connection, _) = collector.accept().unwrap();
        connection.read_exact(&mut greeting).unwrap();
        greeting
    });
    assert_eq!(&greeting, b"PRI * HTTP/2.0");
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_starts() {
    let folder = tempfile::tempdir().unwrap();
    for (option, value) in [
        ("--log", "aval=enormous"),
        ("--otlp", "http://collector.example:4317"),
        ("--otlp", "https://127.0.0.1:4317"),
    ] {
        let mut command = aval(folder.path());
        let output = command.args(["up", option, value]).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(option), "{said}");
        assert!(output.stdout.is_empty());
    }
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[test]
fn the_demo_tells_its_story_and_warns_of_what_is_for_development_and_of_the_stolen_token() {
    let folder = tempfile::tempdir().unwrap();
    let output = aval(folder.path()).arg("demo").output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let besides = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{told}{besides}");
    assert!(told.contains("checks, all so."), "{told}");
    let warnings: Vec<_> = besides.lines().collect();
    let [provider, matrix, stolen] = &warnings[..] else {
        panic!("{besides}");
    };
    assert!(provider.contains("WARN") && provider.contains("development identity provider"));
    assert!(
        matrix.contains("WARN") && matrix.contains("the matrix of access rights is an example")
    );
    assert!(stolen.contains("WARN") && stolen.contains("bound to another certificate"));
}

/// What `wait` answers, if it does in time.
fn within_patience<T: Send + 'static>(what: &str, wait: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, answer) = mpsc::channel();
    // A thread that waits in vain ends with the test.
    std::thread::spawn(move || sender.send(wait()));
    answer
        .recv_timeout(PATIENCE)
        .unwrap_or_else(|_| panic!("it did not happen: {what}"))
}
