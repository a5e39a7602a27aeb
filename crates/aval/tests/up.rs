//! `aval up` as a process: it stops when it is told to, and not before it is done.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on fails"
)]

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use aval::client::{Addresses, Software};
use aval_domain::id::RequestId;
use aval_domain::random::SystemRandom;
use aval_domain::time::{Clock, SystemClock};
use aval_proto::practitioner_directory::v1 as directory;
use aval_testing::synthesize::{SynthesisPlan, file_name};
use directory::import_extraction_request::Part;
use directory::{ImportExtractionRequest, ImportHeader, ImportState};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;

/// How long a busy machine may take before something counts as not happening.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running `aval up` with an empty directory.
struct Up {
    process: Child,
    output: mpsc::UnboundedReceiver<String>,
    addresses: Addresses,
    operator: Software,
}

impl Up {
    async fn start(data: &Path) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_aval"))
            .args(["--lang", "en", "--data"])
            .arg(data)
            .args(["up", "--empty", "--free-ports"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = process.stdout.take().unwrap();
        let (sender, mut output) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                // The test may have seen enough.
                let _ = sender.send(line);
            }
        });
        says(&mut output, "Ready in").await;
        let addresses = Addresses {
            directory: address(&says(&mut output, "practitioner-directory").await),
            identity: address(&says(&mut output, "identity").await),
            consent: address(&says(&mut output, "consent").await),
            audit: address(&says(&mut output, "audit").await),
        };
        aval_runtime::tls::install_crypto_provider();
        let pki = aval::stack::open_pki(&data.join("pki")).unwrap();
        Self {
            operator: aval::stack::software(&pki, "operator", &addresses).unwrap(),
            process,
            output,
            addresses,
        }
    }

    /// Sends this process a signal.
    fn signal(&self, name: &str) {
        let pid = self.process.id().to_string();
        let sent = Command::new("kill").args([name, &pid]).status();
        assert!(sent.unwrap().success());
    }

    /// How the process ended.
    async fn ended(&mut self) -> ExitStatus {
        let mut status = None;
        until("the process ends", async || {
            status = self.process.try_wait().unwrap();
            status.is_some()
        })
        .await;
        status.expect("it has ended")
    }

    async fn imports(&self) -> Vec<directory::Import> {
        let request = directory::ListImportsRequest::default();
        let answer = self.operator.directory_admin().list_imports(request).await;
        answer.unwrap().into_inner().imports
    }

    async fn people(&self) -> i64 {
        let request = directory::GetFreshnessRequest {};
        let answer = self.operator.directory().get_freshness(request).await;
        answer.unwrap().into_inner().practitioner_count
    }
}

impl Drop for Up {
    /// No test leaves a process behind.
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn a_call_at_work_is_finished_before_the_process_stops() {
    let folder = tempfile::tempdir().unwrap();
    let mut up = Up::start(folder.path()).await;
    let file = file(100);
    let (first, rest) = file.split_at(file.len() / 2);
    let (sender, receiver) = mpsc::channel(4);
    let mut admin = up.operator.directory_admin();
    let call =
        tokio::spawn(async move { admin.import_extraction(ReceiverStream::new(receiver)).await });
    sender.send(header(&file)).await.unwrap();
    sender.send(piece(first)).await.unwrap();
    let receiving = async || {
        let newest = up.imports().await.into_iter().next();
        newest.is_some_and(|import| import.state() == ImportState::Receiving)
    };
    until("the import is being received", receiving).await;

    up.signal("-TERM");
    says(&mut up.output, "Stopping").await;
    let address = up.addresses.directory;
    let closed = async || TcpStream::connect(address).await.is_err();
    until("nobody new is let in", closed).await;
    assert!(
        up.process.try_wait().unwrap().is_none(),
        "it waits for the call"
    );

    sender.send(piece(rest)).await.unwrap();
    drop(sender);
    let answer = timeout(PATIENCE, call)
        .await
        .expect("the call ends")
        .unwrap();
    let import = answer.unwrap().into_inner().import.unwrap();
    assert_eq!(import.state(), ImportState::Applied);
    assert!(up.ended().await.success());

    let again = Up::start(folder.path()).await;
    assert_eq!(again.people().await, 100);
}

#[tokio::test]
async fn what_was_answered_outlives_a_killed_process() {
    let folder = tempfile::tempdir().unwrap();
    let mut up = Up::start(folder.path()).await;
    let file = file(100);
    let messages = [header(&file), piece(&file)];
    let mut admin = up.operator.directory_admin();
    let answer = admin
        .import_extraction(tokio_stream::iter(messages))
        .await
        .unwrap();
    let import = answer.into_inner().import.unwrap();
    up.signal("-KILL");
    assert!(!up.ended().await.success());

    let again = Up::start(folder.path()).await;
    assert_eq!(again.people().await, 100);
    assert_eq!(again.imports().await, [import]);
}

/// Reads the process's output up to a line with these words, and answers the line.
async fn says(output: &mut mpsc::UnboundedReceiver<String>, words: &str) -> String {
    let reading = async {
        loop {
            let line = output.recv().await;
            let line = line.unwrap_or_else(|| panic!("it ended without saying: {words}"));
            if line.contains(words) {
                return line;
            }
        }
    };
    let said = timeout(PATIENCE, reading).await;
    said.unwrap_or_else(|_| panic!("it does not say: {words}"))
}

async fn until(what: &str, mut look: impl AsyncFnMut() -> bool) {
    let looking = async {
        while !look().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, looking)
        .await
        .unwrap_or_else(|_| panic!("it did not happen: {what}"));
}

/// The address at the end of a line.
fn address(line: &str) -> SocketAddr {
    line.split_whitespace().last().unwrap().parse().unwrap()
}

/// A published file with so many people in it.
fn file(people: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    SynthesisPlan::new(11, people).write(&mut bytes).unwrap();
    bytes
}

fn header(file: &[u8]) -> ImportExtractionRequest {
    ImportExtractionRequest {
        part: Some(Part::Header(ImportHeader {
            file_name: file_name(SystemClock.now()),
            size_bytes: file.len() as u64,
            request_id: RequestId::new(&SystemRandom).to_string(),
        })),
    }
}

fn piece(bytes: &[u8]) -> ImportExtractionRequest {
    ImportExtractionRequest {
        part: Some(Part::Data(bytes.to_vec().into())),
    }
}
