//! The most memory that this process held at once, services included.

use std::fs;

/// Begins to look for the peak anew, where the kernel lets it.
pub(super) fn forget_peak() {
    // Without it the figure is the peak since the process began: too large, never too small.
    let _kept = fs::write("/proc/self/clear_refs", "5");
}

/// The peak since then, in MiB; `None` where the kernel does not tell.
pub(super) fn peak_mib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = peak.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kib / 1024)
}
