//! Redis servers that a test may kill, pause, empty and bring back.
//!
//! Each is a process of its own on a free port of loopback, and ends when the test does,
//! whatever way.
//!
//! Everything here blocks, and takes the time that the server takes.

mod cluster;
mod conversation;
mod program;

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use conversation::Conversation;
pub use conversation::Reply;
pub use program::SERVER_VARIABLE;

use crate::held::{Held, Holding};
use crate::ports::claim_port;

/// How long a server may take to start, and to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server of one test.
pub struct RedisServer {
    held: Held,
    port: u16,
}

/// What a server held at one instant.
#[derive(Debug, Clone)]
pub struct SavedData(Vec<u8>);

impl RedisServer {
    /// A new and empty server, or `None` where there is no Redis: then it says that
    /// `test` did not run.
    ///
    /// # Panics
    /// In CI when there is no Redis; anywhere when it does not start.
    #[must_use]
    pub fn start(test: &str) -> Option<Self> {
        let program = program::find_or_say(test)?;
        Some(Self::start_program(&program, &[]))
    }

    fn start_program(program: &Path, options: &[String]) -> Self {
        let port = free_port();
        let folder = Held::folder(&format!("redis-{port}"), None);
        let port_text = port.to_string();
        let mut arguments = ["--bind", "127.0.0.1", "--port", &port_text]
            .into_iter()
            .chain(["--save", "", "--appendonly", "no", "--dir"])
            .map(OsString::from)
            .collect::<Vec<_>>();
        arguments.push(folder.clone().into());
        arguments.extend(options.iter().map(OsString::from));
        let holding = Holding {
            program: program.to_owned(),
            arguments,
            variables: Vec::new(),
            ends_on: "TERM",
            account: None,
        };
        let held = Held::start(&holding, folder);
        let server = Self { held, port };
        assert!(server.until_it_answers(), "the server starts");
        server
    }

    /// Where clients find it, as long as it lives and after each restart.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Its port on loopback.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends it in an orderly way. What it held is lost unless it was saved.
    pub fn stop(&mut self) {
        self.held.stop();
    }

    /// Ends it at once.
    pub fn kill(&mut self) {
        self.held.kill();
    }

    /// Stands it still: connections stay open, and nobody answers.
    pub fn pause(&mut self) {
        self.held.pause();
    }

    /// Lets it go on after [`Self::pause`].
    pub fn resume(&mut self) {
        self.held.resume();
    }

    /// Starts it again on its port, empty; it is ended first if it runs.
    ///
    /// # Panics
    /// When it does not answer.
    pub fn restart(&mut self) {
        self.held.kill();
        match fs::remove_file(self.data_file()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                panic!("the server's file cannot be removed: {error}")
            }
            _ => self.start_again(),
        }
    }

    /// A copy of what it holds now.
    ///
    /// # Panics
    /// When it does not answer.
    #[must_use]
    pub fn save(&self) -> SavedData {
        self.ask_well(&[b"SAVE"]);
        SavedData(fs::read(self.data_file()).expect("the server wrote its file"))
    }

    /// Starts it again with what it held when that copy was made.
    ///
    /// # Panics
    /// When it does not answer.
    pub fn restart_from(&mut self, saved: &SavedData) {
        self.held.kill();
        fs::write(self.data_file(), &saved.0).expect("the server's folder is there");
        self.start_again();
    }

    /// Empties it.
    ///
    /// # Panics
    /// When it does not answer.
    pub fn flush(&self) {
        self.ask_well(&[b"FLUSHALL"]);
    }

    /// Every key there is, in no order.
    ///
    /// # Panics
    /// When it does not answer.
    #[must_use]
    pub fn keys(&self) -> Vec<Vec<u8>> {
        let Reply::Array(keys) = self.ask_well(&[b"KEYS", b"*"]) else {
            panic!("keys are an array");
        };
        let bytes = |key| match key {
            Reply::Bytes(bytes) => bytes,
            other => panic!("a key is bytes, not {other:?}"),
        };
        keys.into_iter().map(bytes).collect()
    }

    /// Any command: its words, and what the server says to it.
    ///
    /// # Panics
    /// When it does not answer.
    #[must_use]
    pub fn ask(&self, words: &[&[u8]]) -> Reply {
        Conversation::begin(self.port, PATIENCE)
            .and_then(|mut conversation| conversation.ask(words))
            .expect("the server answers")
    }

    fn ask_well(&self, words: &[&[u8]]) -> Reply {
        match self.ask(words) {
            Reply::Error(error) => panic!("the server refuses: {error}"),
            reply => reply,
        }
    }

    fn data_file(&self) -> PathBuf {
        self.held.its_folder().join("dump.rdb")
    }

    fn start_again(&mut self) {
        self.held.start_again();
        assert!(self.until_it_answers(), "the server starts a second time");
    }

    /// Whether the server in this folder, and no other, comes to answer.
    fn until_it_answers(&self) -> bool {
        let its_folder = self.held.its_folder().display().to_string().into_bytes();
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let reply = Conversation::begin(self.port, PATIENCE)
                .and_then(|mut conversation| conversation.ask(&[b"CONFIG", b"GET", b"dir"]));
            match reply {
                Ok(Reply::Array(words)) => return words.contains(&Reply::Bytes(its_folder)),
                // It starts, or it reads its file.
                Ok(_) | Err(_) => std::thread::sleep(Duration::from_millis(10)),
            }
        }
        false
    }
}

impl fmt::Debug for RedisServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisServer")
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

/// A port that this process has to itself.
fn free_port() -> u16 {
    claim_port().expect("loopback has free ports")
}

#[cfg(test)]
mod tests;
