//! A service's own program, run as an operator runs it. What is not as it should be fails
//! the test that asks for it.

#![expect(
    clippy::missing_panics_doc,
    reason = "every one of them is for tests, and panics where the test is to fail"
)]

use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

/// The program of a service.
#[derive(Debug, Clone, Copy)]
pub struct Program {
    /// What it is called: `aval-…`.
    pub name: &'static str,
    /// Where it was built.
    pub executable: &'static str,
    /// The sample of its configuration.
    pub sample: &'static str,
}

/// What a program said before it ended.
#[derive(Debug)]
pub struct Ended {
    /// Whether it says that all went well.
    pub success: bool,
    /// Its answer: the standard output.
    pub answer: String,
    /// Its log: the standard error.
    pub log: String,
}

/// A program that serves.
#[derive(Debug)]
pub struct Serving {
    child: Child,
    log: Lines<BufReader<ChildStderr>>,
}

impl Program {
    /// Runs it to its end.
    #[must_use]
    pub fn run(&self, arguments: &[&str]) -> Ended {
        let mut command = self.command(arguments);
        // Who looks for a fault has this set, and wants to read what it is all the same.
        let output = command.env("RUST_BACKTRACE", "1").output();
        let output = output.expect("the program starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ended {
            success: output.status.success(),
            answer: text(&output.stdout),
            log: text(&output.stderr),
        }
    }

    /// Starts it, to serve with the configuration in this file.
    #[must_use]
    pub fn serve(&self, config: &str) -> Serving {
        let mut command = self.command(&["serve", "--config", config]);
        let child = command.stderr(Stdio::piped()).spawn();
        let mut child = child.expect("the program starts");
        let log = child.stderr.take().expect("its log is read");
        Serving {
            child,
            log: BufReader::new(log).lines(),
        }
    }

    /// Writes this configuration into the folder; answers the file.
    #[must_use]
    pub fn config(&self, folder: &Path, text: &str) -> String {
        let path = folder.join(format!("{}.toml", self.name));
        std::fs::write(&path, text).expect("a file is written");
        path.display().to_string()
    }

    /// The sample below `extra`, with a database in this folder instead of the server's.
    #[must_use]
    pub fn sample_in(&self, folder: &Path, extra: &str) -> String {
        let url = format!("url = \"{}\"", Self::database_url(folder));
        let elsewhere = ["password_file", "matrix = "];
        let lines = self.sample.lines().filter_map(|line| {
            if line.starts_with("url = ") {
                return Some(url.as_str());
            }
            let is_elsewhere = elsewhere.iter().any(|key| line.starts_with(key));
            (!is_elsewhere).then_some(line)
        });
        let text = lines.collect::<Vec<_>>().join("\n");
        self.config(folder, &format!("{extra}\n{text}"))
    }

    /// A database in this folder.
    #[must_use]
    pub fn database_url(folder: &Path) -> String {
        format!("sqlite://{}?mode=rwc", Self::database(folder).display())
    }

    fn database(folder: &Path) -> std::path::PathBuf {
        folder.join("service.sqlite")
    }

    /// `version` names the program and this version.
    pub fn says_its_version(&self, version: &str) {
        let ended = self.run(&["version"]);
        assert!(ended.success, "{}", ended.log);
        assert_eq!(ended.answer, format!("{} {version}\n", self.name));
    }

    /// `check-config` takes the sample, touches nothing, and names an unknown key in one line.
    pub fn checks_its_configuration(&self, folder: &Path) {
        let sample = self.sample_in(folder, "");
        let ended = self.run(&["check-config", "--config", &sample]);
        assert!(ended.success, "{}", ended.log);
        assert!(!Self::database(folder).exists());

        let wrong = self.sample_in(folder, "no_such_key = 1");
        let ended = self.run(&["check-config", "--config", &wrong]);
        assert!(!ended.success);
        assert!(ended.log.contains("no_such_key"), "{}", ended.log);
        assert_eq!(ended.log.lines().count(), 1, "{}", ended.log);
    }

    /// `serve` refuses to work behind the schema until `migrate` was run, which says so;
    /// then something else is missing: the sample's files are those of a cluster.
    pub fn refuses_to_serve_behind_its_schema(&self, folder: &Path) {
        const BEHIND: &str = "behind this program";
        let sample = self.sample_in(folder, "");
        let ended = self.run(&["serve", "--config", &sample]);
        assert!(!ended.success);
        assert!(ended.log.contains(BEHIND), "{}", ended.log);

        let ended = self.run(&["migrate", "--config", &sample]);
        assert!(ended.success, "{}", ended.log);
        assert!(ended.log.contains("the schema was brought up to date"));
        let ended = self.run(&["serve", "--config", &sample]);
        assert!(!ended.success);
        assert!(!ended.log.contains(BEHIND), "{}", ended.log);
    }

    /// `new-epoch` begins a later life of the outbox each time, once there is a schema.
    pub fn begins_a_new_epoch(&self, folder: &Path) {
        let sample = self.sample_in(folder, "");
        let ended = self.run(&["new-epoch", "--config", &sample]);
        assert!(!ended.success, "{}", ended.answer);
        let ended = self.run(&["migrate", "--config", &sample]);
        assert!(ended.success, "{}", ended.log);
        let epochs = [(); 2].map(|()| {
            let ended = self.run(&["new-epoch", "--config", &sample]);
            assert!(ended.success, "{}", ended.log);
            let epoch = ended.answer.trim_end().parse::<u64>();
            epoch.expect("the epoch is a number")
        });
        assert!(epochs[0] < epochs[1], "{epochs:?}");
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let variable = self.name.to_uppercase().replace('-', "_") + "_CONFIG";
        let mut command = Command::new(self.executable);
        command.args(arguments).env_remove(variable);
        command
    }
}

impl Serving {
    /// Reads the log up to a line with these words, and gives what was read; the end of
    /// the log comes first where the program ends without them.
    pub fn says(&mut self, words: &str) -> Vec<String> {
        let mut read = Vec::new();
        for line in self.log.by_ref().map_while(Result::ok) {
            let is_it = line.contains(words);
            read.push(line);
            if is_it {
                return read;
            }
        }
        panic!("it never says {words:?}: {read:?}");
    }

    /// Tells it to stop, as Kubernetes does, and waits until it has: without a failure.
    pub fn stop(mut self) {
        let told = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status();
        assert!(told.expect("it is told").success());
        let rest: Vec<String> = self.log.by_ref().map_while(Result::ok).collect();
        let status = self.child.wait().expect("it ends");
        assert!(status.success(), "{rest:?}");
    }

    /// Kills it, wherever it is: nothing of it gets to finish anything.
    pub fn kill(mut self) {
        self.child.kill().expect("it is killed");
        self.child.wait().expect("it ends");
    }
}
