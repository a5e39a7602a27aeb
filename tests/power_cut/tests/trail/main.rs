//! What the trail keeps over a power cut, where its rows are in SQLite: every event that was
//! acknowledged, once and in its order, below a checkpoint that continues those that were shown.
//!
//! The program itself runs, with a library preloaded that writes down what it asks of the folder
//! of its database, and kills it at a call drawn beforehand, under load. What stands there is
//! not what a disk would have after a power cut, but all that may be on it is known: what was
//! synced, and of what was written since, any part. Several such folders are made of each cut,
//! sectors of a write kept and lost at random, and on each of them the program, without that
//! library, has to serve, to know what it acknowledged, and to go on.
//!
//! That losses would be found is shown with disks that lie: they say that something is synced,
//! and forget it.
//!
//! `AVAL_POWER_CUTS` is how many cuts are played, `AVAL_POWER_CUT_SEED` draws the same ones
//! again: where the program is killed, and what is lost. What callers had sent by then is drawn
//! by nobody.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cut;
mod disk;
mod draws;
#[path = "../../src/journal.rs"]
mod journal;
mod judgement;
mod ledger;
mod load;
mod log;
mod program;
mod records;

use cut::{Cut, Damage, LOSSES};
use draws::Draws;
use judgement::Fault;
use program::Site;

/// How many cuts are played, and the seed of what is drawn.
const CUTS_VARIABLE: &str = "AVAL_POWER_CUTS";
const SEED_VARIABLE: &str = "AVAL_POWER_CUT_SEED";
const CUTS: u64 = 4;

/// Of the calls that are watched there are some 50 to a batch, and some 2,700 until the log of
/// the database begins anew.
const CALLS: u64 = 7_000;
/// Before so many the program has hardly started.
const STARTING: u64 = 300;

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_power_cut_loses_nothing_that_was_acknowledged() {
    let seed = number(SEED_VARIABLE).unwrap_or_else(Draws::any_seed);
    let cuts = number(CUTS_VARIABLE).unwrap_or(CUTS);
    println!("{SEED_VARIABLE}={seed} {CUTS_VARIABLE}={cuts}");
    let site = Site::open();
    let mut cut = Cut::prepared(&site);
    let mut acknowledged = 0;
    for round in 0..cuts {
        let draws = Draws::new(seed.wrapping_add(round));
        let is_early = round % 4 == 1;
        let calls = if is_early {
            1 + draws.below(STARTING)
        } else {
            STARTING + draws.below(CALLS)
        };
        acknowledged += cut.happens(&site, calls, None).await;
        let damage = cut.is_mended(&site, &draws, &LOSSES).await;
        if let Some(Damage { loss, faults }) = damage.into_iter().find(Damage::is_any) {
            let folder = site.keep();
            panic!(
                "{SEED_VARIABLE}={seed}, cut {round} before call {calls}, {loss:?}: {faults:?}; \
                 everything is in {}",
                folder.display()
            );
        }
    }
    println!("{acknowledged} events were acknowledged before {cuts} cuts");
    assert!(acknowledged > 0);
}

/// What each of these disks forgets, whatever was synced: everything; which files there are; the
/// log of the database; the database itself, which matters once its log has begun anew.
const FORGOTTEN: [&str; 4] = ["", "/", "-wal", ".sqlite"];

/// When they are cut off. Right after the database was brought up to its log there may be
/// nothing to lose for a moment: one of these is at another one.
const MOMENTS: [u64; 3] = [CALLS, CALLS - 700, CALLS - 1_500];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_lies_is_found_out() {
    for forgotten in FORGOTTEN {
        let mut found = Vec::new();
        for calls in MOMENTS {
            found = faults_on_a_disk_that_forgets(forgotten, calls).await;
            if !found.is_empty() {
                break;
            }
        }
        let is_lost = found.iter().any(|fault| matches!(fault, Fault::Lost(_)));
        // Without the pages below its log the database cannot even be read.
        let is_found = is_lost || (forgotten == ".sqlite" && !found.is_empty());
        assert!(is_found, "{forgotten:?}: {found:?}");
    }
}

/// Where nothing is there that was not synced, and what it forgets was not.
async fn faults_on_a_disk_that_forgets(forgotten: &str, calls: u64) -> Vec<Fault> {
    let site = Site::open();
    let mut cut = Cut::prepared(&site);
    let acknowledged = cut.happens(&site, calls, Some(forgotten)).await;
    assert!(acknowledged > 0);
    let mut damage = cut.is_mended(&site, &Draws::new(1), &LOSSES[..1]).await;
    damage.remove(0).faults
}
