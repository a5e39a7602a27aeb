//! Servers on one core and whoever calls them on another, and what each of them used.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use std::time::Duration;

/// Processes that have a core of their own.
pub(super) struct Apart {
    servers: BTreeSet<u32>,
}

/// Processor time.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Used {
    /// Of every server: the services, PostgreSQL, Redis.
    pub(super) servers: Duration,
    /// Of the instances of consent among them.
    pub(super) consent: Duration,
    /// Of this process.
    pub(super) callers: Duration,
}

/// What the system counts in: hundredths of a second.
const TICK: Duration = Duration::from_millis(10);

impl Apart {
    /// Puts what this process has started on one core and itself on another. What is started
    /// from now on goes where its parent is. `None` on a machine with one core, or where the
    /// system cannot do it.
    pub(super) fn now() -> Option<Self> {
        let cores = std::thread::available_parallelism().ok()?;
        if cores.get() < 2 {
            return None;
        }
        let servers = started_by(std::process::id());
        for server in &servers {
            put(*server, "0")?;
        }
        put(std::process::id(), "1")?;
        Some(Self { servers })
    }

    /// What was used since they began.
    pub(super) fn used(&self) -> Used {
        let servers = self.servers.iter();
        let (mut all, mut consent) = (Duration::ZERO, Duration::ZERO);
        for (name, used) in servers.filter_map(|id| used_by(*id)) {
            all += used;
            if name == "aval-consent" {
                consent += used;
            }
        }
        let (_, callers) = used_by(std::process::id()).unwrap_or_default();
        Used {
            servers: all,
            consent,
            callers,
        }
    }
}

impl Used {
    pub(super) fn since(self, before: Self) -> Self {
        Self {
            servers: self.servers.saturating_sub(before.servers),
            consent: self.consent.saturating_sub(before.consent),
            callers: self.callers.saturating_sub(before.callers),
        }
    }
}

/// All of its threads.
fn put(process: u32, core: &str) -> Option<()> {
    let mut taskset = Command::new("taskset");
    taskset.args(["--all-tasks", "--cpu-list", "--pid", core]);
    let put = taskset.arg(process.to_string()).output().ok()?;
    put.status.success().then_some(())
}

/// The processes that this one started, and those that they did.
fn started_by(process: u32) -> BTreeSet<u32> {
    let mut started = BTreeSet::new();
    let mut parents = vec![process];
    while let Some(parent) = parents.pop() {
        let children = format!("/proc/{parent}/task");
        let threads = fs::read_dir(children).into_iter().flatten().flatten();
        for thread in threads {
            let children = fs::read_to_string(thread.path().join("children"));
            let children = children.unwrap_or_default();
            let children = children.split_whitespace().filter_map(|id| id.parse().ok());
            parents.extend(children.filter(|id| started.insert(*id)));
        }
    }
    started
}

/// The name of a process, and the processor time of all of its threads.
fn used_by(process: u32) -> Option<(String, Duration)> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (before, after) = stat.rsplit_once(')')?;
    let (_, name) = before.split_once('(')?;
    // The 14th and the 15th of all, where the name is the second.
    let mut ticks = after.split_whitespace().skip(11);
    let mut next = || ticks.next()?.parse::<u32>().ok();
    Some((name.to_owned(), TICK * (next()? + next()?)))
}
