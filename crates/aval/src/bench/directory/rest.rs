//! Waiting until the services are at rest: after an import, whoever follows the directory is
//! told of everybody in it, which would be measured together with what comes next.

use std::fs;
use std::time::Duration;

/// Between two looks.
const LOOK_AFTER: Duration = Duration::from_secs(1);

/// How much of one core polls may take in all, in hundredths: ticks of the kernel's clock
/// in one look.
const RESTING_TICKS: u64 = 20;

/// How often this process is at rest one look after the other before it is believed.
const LOOKS: u32 = 3;

/// The longest that is waited.
const MOST_LOOKS: u32 = 1_800;

/// Waits until this process, services included, has next to nothing to do; where the kernel
/// does not tell, not at all.
pub(super) async fn until_at_rest() {
    let mut resting = 0;
    let Some(mut before) = ticks() else {
        return;
    };
    for _ in 0..MOST_LOOKS {
        tokio::time::sleep(LOOK_AFTER).await;
        let now = ticks().unwrap_or(before);
        let is_resting = now - before < RESTING_TICKS;
        before = now;
        resting = if is_resting { resting + 1 } else { 0 };
        if resting == LOOKS {
            return;
        }
    }
}

/// What this process has used of all cores.
fn ticks() -> Option<u64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program stands in brackets and may have spaces.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let in_program: u64 = fields.next()?.parse().ok()?;
    let in_kernel: u64 = fields.next()?.parse().ok()?;
    Some(in_program + in_kernel)
}
