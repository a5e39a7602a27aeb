//! One cut after the other: the program under load until it is killed, what may be on the disk
//! then, and the program on each of these.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aval_proto::audit::v1::trail_service_client::TrailServiceClient;
use aval_runtime::channel::Channel;

use crate::disk::{self, Disk, Loss};
use crate::draws::Draws;
use crate::judgement::{Fault, faults};
use crate::ledger::Ledger;
use crate::load;
use crate::log::Log;
use crate::program::{Site, Watching};
use crate::records::records;

/// What may be on the disk after a cut; each time this much of what was not synced.
pub(crate) const LOSSES: [Loss; 4] = [
    Loss {
        kept: 0,
        sector: 512,
    },
    Loss {
        kept: 50,
        sector: 512,
    },
    Loss {
        kept: 90,
        sector: 4096,
    },
    Loss {
        kept: 10,
        sector: 4096,
    },
];

/// How many events an outbox delivers again that were acknowledged before, and how many new
/// ones there are then.
const AGAIN: usize = 3;
const NEW: usize = 2;

/// What the program runs on, and what producers know of it.
pub(crate) struct Cut {
    database: PathBuf,
    /// How many folders there were.
    folders: u32,
    ledger: Ledger,
    disk: Disk,
}

/// What was found after one cut, with so much lost.
#[derive(Debug)]
pub(crate) struct Damage {
    pub(crate) loss: Loss,
    pub(crate) faults: Vec<Fault>,
}

impl Damage {
    pub(crate) fn is_any(&self) -> bool {
        !self.faults.is_empty()
    }
}

impl Cut {
    /// An empty log, kept for good.
    pub(crate) fn prepared(site: &Site) -> Self {
        let database = site.path("disk-0");
        fs::create_dir(&database).unwrap();
        site.runs("migrate", &database).unwrap();
        Self {
            database,
            folders: 1,
            ledger: Ledger::new(),
            disk: Disk::default(),
        }
    }

    /// Lets everybody be busy until the program is killed before this call; answers how many
    /// events were acknowledged meanwhile.
    pub(crate) async fn happens(&mut self, site: &Site, call: u64, forgets: Option<&str>) -> usize {
        self.disk = Disk::with(disk::read(&self.database));
        let journal = site.path("journal");
        let _ = fs::remove_file(&journal);
        let watching = Watching {
            journal: &journal,
            ends_before: call,
            forgets,
        };
        let before = self.ledger.acknowledged();
        let ledger = Arc::new(self.ledger.opened());
        let mut serving = site.serves(&self.database, Some(&watching));
        let mut load = load::begins(site, &ledger);
        serving.until_it_ends().await;
        // Nobody is through before, unless they were told something that is not true.
        while let Some(ended) = load.try_join_next() {
            ended.unwrap();
        }
        drop(load);
        self.ledger = ledger.closed();

        let journal = fs::read(journal).unwrap_or_default();
        for record in records(&journal) {
            self.disk.play(&record);
        }
        let is_complete = self.disk.as_it_is() == disk::read(&self.database);
        assert!(is_complete, "something was done that was not written down");
        self.ledger.acknowledged() - before
    }

    /// Looks at what may be on the disk after the cut. It goes on with one of those.
    pub(crate) async fn is_mended(
        &mut self,
        site: &Site,
        draws: &Draws,
        losses: &[Loss],
    ) -> Vec<Damage> {
        let goes_on_with = draws.below(losses.len() as u64);
        let before = self.ledger.clone();
        let mut damage = Vec::new();
        for (number, loss) in (0..).zip(losses.iter().copied()) {
            let folder = site.path(&format!("disk-{}", self.folders));
            self.folders += 1;
            disk::write(&folder, &self.disk.after_a_cut(loss, draws));
            leave_what_is_not_kept(&folder, draws);
            let mut ledger = before.clone();
            let faults = examined(site, &folder, &mut ledger).await;
            damage.push(Damage { loss, faults });
            if number == goes_on_with {
                self.database = folder;
                self.ledger = ledger;
            }
        }
        damage
    }
}

/// What stands in it may be there or not, and may be anything.
fn leave_what_is_not_kept(folder: &Path, draws: &Draws) {
    if draws.chance(50) {
        let bytes = std::iter::repeat(0..=250_u8).flatten();
        let bytes: Vec<u8> = bytes.take(32_768).collect();
        fs::write(folder.join("log.sqlite-shm"), bytes).unwrap();
    }
}

/// Starts the program on this folder; everything that is not as it must be.
async fn examined(site: &Site, folder: &Path, ledger: &mut Ledger) -> Vec<Fault> {
    let mut serving = site.serves(folder, None);
    if let Err(said) = serving.says("writing the log").await {
        return vec![Fault::Unserved(said)];
    }
    let mut found = read_and_judged(site, ledger).await;
    if found.is_empty() {
        found.extend(goes_on(site.channel("consent"), ledger).await.err());
    }
    if found.is_empty() {
        found = read_and_judged(site, ledger).await;
    }
    serving.stop().await;
    found.extend(site.runs("fsck", folder).err().map(Fault::Damaged));
    found
}

async fn read_and_judged(site: &Site, ledger: &Ledger) -> Vec<Fault> {
    match Log::read(&site.channel("operator"), &site.policy()).await {
        Ok(log) => faults(&log, ledger),
        Err(error) => vec![Fault::Unserved(error)],
    }
}

/// Delivers what was not acknowledged, what was, and something new.
async fn goes_on(channel: Channel, ledger: &mut Ledger) -> Result<(), Fault> {
    let mut trail = TrailServiceClient::new(channel);
    for producer in &mut ledger.producers {
        let answer = trail.append_events(producer.again(AGAIN, NEW)).await;
        let answer = answer.map_err(|status| Fault::NotTaken(status.to_string()))?;
        let acknowledged = answer.into_inner().acknowledged_sequence;
        if !producer.is_answered(acknowledged) {
            return Err(Fault::NotTaken(format!("up to {acknowledged} alone")));
        }
    }
    Ok(())
}
