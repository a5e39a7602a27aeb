//! The machine that the figures belong to.

use std::fs;
use std::path::Path;

use aval_domain::time::Timestamp;
use serde::Serialize;

/// Where, when and with what the figures were measured: without it they mean nothing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Machine {
    /// When, RFC 3339 in UTC.
    pub(crate) date: String,
    /// Cores that this process may use.
    pub(crate) cores: usize,
    /// The processor's model.
    pub(crate) processor: String,
    /// Memory in MiB.
    pub(crate) memory_mib: u64,
    /// The kernel's release.
    pub(crate) kernel: String,
    /// The kind of file system below the databases: on `tmpfs` a durable write costs
    /// nothing.
    pub(crate) file_system: String,
    /// What the services keep their rows in, and what their caches share.
    pub(crate) engines: &'static str,
    /// The compiler.
    pub(crate) rustc: String,
    /// Whether the program was compiled with optimisations.
    pub(crate) optimised: bool,
    /// Load average over 1, 5 and 15 minutes, before anything was started.
    pub(crate) load_average: Vec<f64>,
}

/// What is said where the system says nothing.
const UNKNOWN: &str = "?";

impl Machine {
    /// This machine, now, with databases in this folder, if these engines take one.
    pub(crate) fn describe(now: Timestamp, folder: &Path, engines: &'static str) -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
        Self {
            date: now.to_string(),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            processor: field(&read("/proc/cpuinfo"), "model name").unwrap_or_else(unknown),
            memory_mib: memory_mib(&read("/proc/meminfo")).unwrap_or(0),
            kernel: Some(read("/proc/sys/kernel/osrelease").trim().to_owned())
                .filter(|release| !release.is_empty())
                .unwrap_or_else(unknown),
            file_system: file_system(&read("/proc/mounts"), &folder).unwrap_or_else(unknown),
            engines,
            rustc: env!("AVAL_RUSTC").to_owned(),
            optimised: !cfg!(debug_assertions),
            load_average: load_average(&read("/proc/loadavg")),
        }
    }
}

impl Machine {
    /// Whether other work took part of the machine before the run, and probably did
    /// during it.
    pub(crate) fn is_shared(&self) -> bool {
        let cores = u32::try_from(self.cores).unwrap_or(u32::MAX);
        let recent = self.load_average.first();
        recent.is_some_and(|load| *load > f64::from(cores) / 4.0)
    }
}

fn unknown() -> String {
    UNKNOWN.to_owned()
}

/// The value of the first `name : value` line.
fn field(text: &str, name: &str) -> Option<String> {
    let value = text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim().to_owned())
    });
    value.filter(|value| !value.is_empty())
}

fn memory_mib(meminfo: &str) -> Option<u64> {
    let kib = field(meminfo, "MemTotal")?;
    Some(kib.strip_suffix("kB")?.trim().parse::<u64>().ok()? / 1024)
}

fn load_average(loadavg: &str) -> Vec<f64> {
    let numbers = loadavg.split_ascii_whitespace().take(3);
    numbers.filter_map(|number| number.parse().ok()).collect()
}

/// The kind of the deepest mount that the folder lies in; of two at one place the
/// later hides the earlier.
fn file_system(mounts: &str, folder: &Path) -> Option<String> {
    let mounts = mounts.lines().filter_map(|line| {
        let mut words = line.split_ascii_whitespace().skip(1);
        Some((Path::new(words.next()?), words.next()?))
    });
    mounts
        .filter(|(place, _)| folder.starts_with(place))
        .max_by_key(|(place, _)| place.components().count())
        .map(|(_, kind)| kind.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_by_their_whole_name() {
        let text = "model\t\t: 17\nmodel name\t: A B: C\nmodel name\t: other\n";
        assert_eq!(field(text, "model name").as_deref(), Some("A B: C"));
        assert_eq!(field(text, "flags"), None);
        assert_eq!(memory_mib("MemTotal:  24117248 kB\n"), Some(23_552));
        assert_eq!(memory_mib("MemTotal: much\n"), None);
    }

    #[test]
    fn the_load_is_three_numbers() {
        assert_eq!(
            load_average("1.61 2.59 2.85 1/129 25579\n"),
            [1.61, 2.59, 2.85]
        );
        assert!(load_average("").is_empty());
    }

    #[test]
    fn the_deepest_mount_counts_and_the_later_of_two() {
        let mounts = "/dev/a / ext4 rw 0 0\n\
                      tmpfs /tmp tmpfs rw 0 0\n\
                      /dev/b /tmp xfs rw 0 0\n\
                      tmpfs /tm tmpfs rw 0 0\n";
        let kind = |folder: &str| file_system(mounts, Path::new(folder));
        assert_eq!(kind("/tmp/x").as_deref(), Some("xfs"));
        assert_eq!(kind("/tmpx").as_deref(), Some("ext4"));
        assert_eq!(kind("relative"), None);
    }

    #[test]
    fn a_machine_with_other_work_is_shared() {
        let machine = |load_average| Machine {
            cores: 2,
            load_average,
            ..Machine::describe(Timestamp::UNIX_EPOCH, Path::new("."), "SQLite")
        };
        assert!(machine(vec![0.6, 0.0, 0.0]).is_shared());
        assert!(!machine(vec![0.4, 4.0, 4.0]).is_shared());
        assert!(!machine(Vec::new()).is_shared());
    }

    #[test]
    fn this_machine_can_be_described() {
        let machine = Machine::describe(Timestamp::UNIX_EPOCH, Path::new("."), "SQLite");
        assert_eq!(machine.date, "1970-01-01T00:00:00Z");
        assert!(machine.cores > 0);
        assert!(machine.rustc.starts_with("rustc "), "{}", machine.rustc);
    }
}
