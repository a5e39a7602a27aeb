//! Servers and callers on threads of their own, and what those threads cost.
//!
//! In one process and one run time they would take each other's cores, and a server
//! that needs less would only make its callers faster. So the servers have one
//! thread and the callers another, and the processor time of each is read: where the
//! callers' thread is the one that is full, throughput says little of the server, and
//! its processor time per call says all.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use anyhow::Context;
use tokio::runtime::{Builder, Handle, Runtime};

/// The two run times. Dropping them stops what they run.
#[derive(Debug)]
pub(crate) struct Threads {
    servers: Option<Runtime>,
    callers: Option<Runtime>,
}

/// The system keeps 15 characters of a thread's name.
const SERVERS: &str = "bench-servers";
const CALLERS: &str = "bench-callers";

impl Threads {
    pub(crate) fn start() -> anyhow::Result<Self> {
        Ok(Self {
            servers: Some(one_thread(SERVERS)?),
            callers: Some(one_thread(CALLERS)?),
        })
    }

    /// Where servers run.
    pub(crate) fn servers(&self) -> &Handle {
        handle(self.servers.as_ref())
    }

    /// Where callers run.
    pub(crate) fn callers(&self) -> &Handle {
        handle(self.callers.as_ref())
    }
}

impl Drop for Threads {
    /// Without waiting: waiting is not allowed inside of a run time.
    fn drop(&mut self) {
        for runtime in [self.callers.take(), self.servers.take()] {
            runtime.into_iter().for_each(Runtime::shutdown_background);
        }
    }
}

fn handle(runtime: Option<&Runtime>) -> &Handle {
    runtime.expect("it is taken away by drop alone").handle()
}

fn one_thread(name: &str) -> anyhow::Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name(name)
        .enable_all()
        .build()
        .context("cannot start the threads of the bench")
}

/// Processor time that was used by either side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ProcessorTime {
    /// The callers' thread.
    pub(crate) callers: Duration,
    /// All other threads: the servers' and those of their databases.
    pub(crate) servers: Duration,
}

/// What each thread of this process has used since it began.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ThreadTimes(BTreeMap<u32, ThreadTime>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ThreadTime {
    calls: bool,
    used: Duration,
}

impl ThreadTimes {
    /// Up to now; `None` where the system does not say.
    pub(crate) fn read() -> Option<Self> {
        let mut threads = BTreeMap::new();
        for thread in fs::read_dir("/proc/self/task").ok()? {
            let folder = thread.ok()?.path();
            let id = folder.file_name()?.to_str()?.parse().ok()?;
            // A thread may end while it is looked at: it counts no more.
            let Ok(name) = fs::read_to_string(folder.join("comm")) else {
                continue;
            };
            let Ok(statistics) = fs::read_to_string(folder.join("schedstat")) else {
                continue;
            };
            let thread = ThreadTime {
                calls: name.trim_end() == CALLERS,
                used: on_processor(&statistics)?,
            };
            threads.insert(id, thread);
        }
        Some(Self(threads))
    }

    /// What was used since an earlier reading. Told thread by thread: one that has
    /// ended since must not take what it used before from what the others used after.
    pub(crate) fn since(&self, earlier: &Self) -> ProcessorTime {
        let mut sum = ProcessorTime::default();
        for (id, thread) in &self.0 {
            let before = earlier
                .0
                .get(id)
                .map_or(Duration::ZERO, |thread| thread.used);
            let used = thread.used.saturating_sub(before);
            if thread.calls {
                sum.callers += used;
            } else {
                sum.servers += used;
            }
        }
        sum
    }
}

/// The first number of `schedstat`: nanoseconds on a processor.
fn on_processor(statistics: &str) -> Option<Duration> {
    let nanos = statistics.split_ascii_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_number_is_the_time_on_a_processor() {
        let used = on_processor("104434 31833 3\n");
        assert_eq!(used, Some(Duration::from_nanos(104_434)));
        assert_eq!(on_processor(""), None);
    }

    #[test]
    fn what_was_used_since_is_told_by_side_and_thread() {
        let times = |threads: &[(u32, bool, u64)]| {
            let threads = threads.iter().map(|&(id, calls, seconds)| {
                let used = Duration::from_secs(seconds);
                (id, ThreadTime { calls, used })
            });
            ThreadTimes(threads.collect())
        };
        // Thread 3 has ended, thread 4 has begun.
        let before = times(&[(1, true, 4), (2, false, 6), (3, false, 100)]);
        let after = times(&[(1, true, 9), (2, false, 7), (4, false, 2)]);
        let used = ProcessorTime {
            callers: Duration::from_secs(5),
            servers: Duration::from_secs(3),
        };
        assert_eq!(after.since(&before), used);
    }

    #[test]
    fn work_of_the_callers_is_theirs() {
        let threads = Threads::start().unwrap();
        let Some(before) = ThreadTimes::read() else {
            return; // this system does not say
        };
        let used = move || ThreadTimes::read().unwrap().since(&before).callers;
        let (sender, receiver) = std::sync::mpsc::channel();
        threads.callers().spawn(async move {
            while used().is_zero() {}
            sender.send(()).unwrap();
        });
        receiver.recv().unwrap();
    }
}
