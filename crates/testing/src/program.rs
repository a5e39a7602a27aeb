//! A service's own program, run as an operator runs it. What is not as it should be fails
//! the test that asks for it.

#![expect(
    clippy::missing_panics_doc,
    reason = "every one of them is for tests, and panics where the test is to fail"
)]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;

use aval_domain::time::{Clock, SystemClock};

use crate::pki::{DevelopmentPki, LEAF_LIFETIME};

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
        Ended::of(command.env("RUST_BACKTRACE", "1"))
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

    /// A certificate that is not here is told by `check-config`, one that ends soon too; one
    /// that has ended is refused with its key, and `serve` does not even begin.
    pub fn looks_at_its_certificate(&self, folder: &Path) {
        const KEY: &str = "grpc.tls.certificate";
        let now = SystemClock.now();
        let pki = DevelopmentPki::create_or_open(&folder.join("pki"), now);
        let pki = pki.expect("certificates are issued");
        let sample = self.sample_in(folder, "");
        let says_of = |task: &str, certificate: &Path| {
            let mut command = self.command(&[task, "--config", &sample]);
            let variable = format!("{}__GRPC__TLS__CERTIFICATE", self.variables());
            let ended = Ended::of(command.env(variable, certificate));
            (ended.success, ended.answer + &ended.log)
        };
        let issued = |left: Duration| {
            let then = now.saturating_add(left).saturating_sub(LEAF_LIFETIME);
            let issued = pki.issue("software/its-own", then);
            issued.expect("it is issued").certificate
        };
        let (success, said) = says_of("check-config", &folder.join("nowhere.pem"));
        assert!(success && said.contains(&format!("{KEY}: ")), "{said}");
        assert!(said.contains("nowhere.pem is not here"), "{said}");
        let (success, said) = says_of("check-config", &issued(LEAF_LIFETIME));
        assert!(success && !said.contains(KEY), "{said}");
        let (success, said) = says_of("check-config", &issued(Duration::from_hours(24)));
        assert!(success && said.contains(" ends at "), "{said}");
        let ended = pki.issue("software/its-own", now.saturating_sub(LEAF_LIFETIME * 2));
        let ended = ended.expect("it is issued").certificate;
        for task in ["check-config", "serve"] {
            let (success, said) = says_of(task, &ended);
            assert!(!success && said.contains(&format!("{KEY}: ")), "{said}");
            assert!(said.contains(" ended at "), "{said}");
        }
    }

    /// The sample names every key that the program knows, a commented-out one as well:
    /// `# key = …`, `# [section]`, `# [section] as [another]`. What the program knows is read
    /// from its refusals of a key that it does not, in each section.
    pub fn documents_every_key(&self, folder: &Path) {
        let sample = self.config(folder, self.sample);
        let mut known = BTreeSet::new();
        let mut unasked = vec![String::new()];
        while let Some(section) = unasked.pop() {
            for key in self.keys_known_in(&section, &sample) {
                let key = below(&section, &key);
                unasked.push(key.clone());
                known.insert(key);
            }
        }
        assert!(known.contains("grpc.tls.certificate"), "{known:?}");
        let documented = keys_documented_by(self.sample);
        let missing: Vec<_> = known.difference(&documented).collect();
        assert!(
            missing.is_empty(),
            "the sample of {} lacks {missing:?}",
            self.name
        );
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

    /// The keys of a section; none where it is a value, or where operators name the keys.
    fn keys_known_in(&self, section: &str, config: &str) -> Vec<String> {
        let unknown = below(section, "no_such_key");
        let variable = format!("{}__{}", self.variables(), unknown.replace('.', "__"));
        let mut command = self.command(&["check-config", "--config", config]);
        let ended = Ended::of(command.env(variable.to_uppercase(), "1"));
        assert!(!ended.success, "{unknown} is a key");
        let refusal = format!("{unknown}: there is no such key; known here: ");
        let refused = ended.log.split_once(&refusal);
        let keys = refused.and_then(|(_, rest)| rest.split_once(" (in "));
        let keys = keys.into_iter().flat_map(|(keys, _)| keys.split(", "));
        keys.map(str::to_owned).collect()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.executable);
        command
            .args(arguments)
            .env_remove(self.variables() + "_CONFIG");
        command
    }

    /// What the names of its environment variables begin with.
    fn variables(&self) -> String {
        self.name.to_uppercase().replace('-', "_")
    }
}

impl Ended {
    fn of(command: &mut Command) -> Self {
        let output = command.output().expect("the program starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            success: output.status.success(),
            answer: text(&output.stdout),
            log: text(&output.stderr),
        }
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

/// The dotted keys in the text of a sample, sections among them.
fn keys_documented_by(sample: &str) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    // What is commented out may stand below a heading that is; anything else may not.
    let (mut section, mut nearest) = ("", "");
    for line in sample.lines() {
        let comment = line.strip_prefix("# ");
        let text = comment.unwrap_or(line);
        if let Some((name, rest)) = heading(text) {
            if let Some((other, _)) = rest.strip_prefix(" as ").and_then(heading) {
                keys.extend(keys_as_in(&keys, name, other));
            } else if comment.is_none() {
                (section, nearest) = (name, name);
            } else if rest.is_empty() {
                nearest = name;
            } else {
                // A sentence that begins with the name of a section.
                continue;
            }
            keys.insert(name.to_owned());
        } else if let Some((key, _)) = text.split_once(" =").filter(|(key, _)| is_name(key)) {
            if comment.is_none() {
                nearest = section;
            }
            keys.insert(below(nearest, key));
        }
    }
    keys
}

/// The keys of one section, as those of another.
fn keys_as_in(keys: &BTreeSet<String>, section: &str, other: &str) -> Vec<String> {
    let inner = keys
        .iter()
        .filter_map(|key| key.strip_prefix(other)?.strip_prefix('.'));
    inner.map(|key| below(section, key)).collect()
}

/// The section that a line begins, and the rest of the line.
fn heading(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.strip_prefix('[')?.split_once(']')?;
    name.split('.').all(is_name).then_some((name, rest))
}

fn is_name(text: &str) -> bool {
    let of_a_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    !text.is_empty() && text.bytes().all(of_a_name)
}

fn below(section: &str, key: &str) -> String {
    if section.is_empty() {
        return key.to_owned();
    }
    format!("{section}.{key}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_documents_what_is_commented_out_and_no_sentence() {
        let sample = "top = 1\n\
                      [grpc.tls]   # required\n\
                      private_key = \"a\"\n\
                      [telemetry]\n\
                      # otlp_endpoint = \"b\"\n\
                      # [telemetry.otlp_tls] as [grpc.tls]\n\
                      # [grpc] is what a = b stands for.\n\
                      # Some a = b is no key, and neither is:\n\
                      # \"c.d\" = 1\n\
                      # [telemetry.more]\n\
                      # inner = 1\n\
                      level = \"info\"\n\
                      # last = 1\n";
        let documented: Vec<_> = keys_documented_by(sample).into_iter().collect();
        let expected = [
            "grpc.tls",
            "grpc.tls.private_key",
            "telemetry",
            "telemetry.last",
            "telemetry.level",
            "telemetry.more",
            "telemetry.more.inner",
            "telemetry.otlp_endpoint",
            "telemetry.otlp_tls",
            "telemetry.otlp_tls.private_key",
            "top",
        ];
        assert_eq!(documented, expected);
    }
}
