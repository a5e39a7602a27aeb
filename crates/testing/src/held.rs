//! A program that a test may kill, pause and bring back.

#![expect(
    clippy::missing_panics_doc,
    reason = "every one of them is for tests, and panics where the test is to fail"
)]

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{DirBuilderExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long a program may take to say what it is waited for.
const PATIENCE: Duration = Duration::from_mins(1);

/// `$1` the signal that ends it in an orderly way, `$2` its folder, `$3` the program, then
/// what the program is told. Obeys one word on each line and says `done`; at the end of its
/// input everything ends. What is killed or stands still does so with all its children, as
/// those of PostgreSQL are.
const HOLD: &str = r#"
signal=$1 folder=$2 program=$3; shift 3
finish() { end KILL "$(all)"; rm -rf "$folder"; }
end() { [ -z "$pid" ] || { kill -s $1 $2; wait $pid; pid=; } 2>/dev/null; }
all() { [ -z "$pid" ] || echo $pid $(cat /proc/$pid/task/$pid/children 2>/dev/null); }
until_stopped() {
  while kill -0 $pid && ! grep -q '^State:.T' /proc/$pid/status; do sleep 0.01; done
}
trap finish EXIT
while read -r word; do
  case $word in
    start) end KILL "$(all)"; "$program" "$@" >>"$folder/log" 2>&1 </dev/null & pid=$! ;;
    stop) kill -s CONT $(all); end $signal $pid ;;
    kill) end KILL "$(all)" ;;
    pause) kill -s STOP $(all); until_stopped ;;
    resume) kill -s CONT $(all) ;;
  esac
  echo done
done
"#;

/// What is to be held.
#[derive(Debug, Clone)]
pub struct Holding {
    /// The program.
    pub program: PathBuf,
    /// What it is told.
    pub arguments: Vec<OsString>,
    /// Variables that it is given besides this process's own.
    pub variables: Vec<(String, String)>,
    /// The signal that ends it in an orderly way.
    pub ends_on: &'static str,
    /// Whom it runs as, if not as this process: user and group.
    pub account: Option<(u32, u32)>,
}

/// A process of its own with whatever it starts, and a folder that goes with it. A shell holds it and listens to
/// this process alone: when the test ends, whatever way, both end.
#[derive(Debug)]
pub struct Held {
    shell: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    folder: PathBuf,
    /// How long the log was when it was started last.
    said_before: usize,
}

impl Held {
    /// Makes a folder of this name for temporary files, which only the account may read.
    #[must_use]
    pub fn folder(name: &str, account: Option<(u32, u32)>) -> PathBuf {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("aval-test-{name}-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::DirBuilder::new()
            .mode(0o700)
            .create(&folder)
            .expect("there is a folder for temporary files");
        if let Some((user, group)) = account {
            chown(&folder, Some(user), Some(group)).expect("the folder changes hands");
        }
        folder
    }

    /// Starts it; the folder is its own from now on.
    #[must_use]
    pub fn start(holding: &Holding, folder: PathBuf) -> Self {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", HOLD, "sh", holding.ends_on])
            .args([&folder, &holding.program])
            .args(&holding.arguments)
            .envs(holding.variables.iter().cloned())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        if let Some((user, group)) = holding.account {
            shell.uid(user).gid(group);
        }
        let mut shell = shell.spawn().expect("there is a shell");
        let orders = shell.stdin.take();
        let answers = shell.stdout.take().expect("the shell's output is piped");
        let mut held = Self {
            shell,
            orders,
            answers: BufReader::new(answers),
            folder,
            said_before: 0,
        };
        held.start_again();
        held
    }

    /// Starts it again; it is killed first if it runs.
    pub fn start_again(&mut self) {
        self.said_before = self.log().len();
        self.order("start");
    }

    /// Ends it in an orderly way, and waits until it has.
    pub fn stop(&mut self) {
        self.order("stop");
    }

    /// Ends it at once.
    pub fn kill(&mut self) {
        self.order("kill");
    }

    /// Stands it still.
    pub fn pause(&mut self) {
        self.order("pause");
    }

    /// Lets it go on after [`Self::pause`].
    pub fn resume(&mut self) {
        self.order("resume");
    }

    /// Its folder.
    #[must_use]
    pub fn its_folder(&self) -> &Path {
        &self.folder
    }

    /// All that it said up to now.
    #[must_use]
    pub fn log(&self) -> String {
        let bytes = fs::read(self.folder.join("log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Waits until it says these words, since it was started last.
    pub fn until_it_says(&self, words: &str) {
        let begun = Instant::now();
        while !self.has_said(words) {
            assert!(
                begun.elapsed() < PATIENCE,
                "it never says {words:?}: {}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Whether it said these words, since it was started last.
    #[must_use]
    pub fn has_said(&self, words: &str) -> bool {
        let log = self.log();
        let since = log.get(self.said_before..);
        since.is_some_and(|log| log.contains(words))
    }

    fn order(&mut self, word: &str) {
        let orders = self
            .orders
            .as_mut()
            .expect("the shell listens until the drop");
        writeln!(orders, "{word}").expect("the shell lives as long as this value");
        let mut answer = String::new();
        self.answers
            .read_line(&mut answer)
            .expect("the shell answers");
        assert_eq!(answer, "done\n");
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        drop(self.orders.take());
        // It ends by itself; nobody could do anything about it here.
        let _ = self.shell.wait();
    }
}
