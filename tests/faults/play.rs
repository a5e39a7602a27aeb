//! How a scenario is played.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::lane::{Lane, Seen};
use super::report::Played;
use super::site::{Links, Setting, Site};
use super::trail;
use crate::patience::eventually;

/// How many patients are busy at once.
const LANES: usize = 6;
/// How often each of them goes through everything before something goes wrong, and once it
/// is whole again.
const TURNS: usize = 2;

/// A scenario.
pub(super) struct Scenario {
    pub(super) test: &'static str,
    title: &'static str,
    pub(super) settings: &'static [Setting],
    links: Links,
}

/// The scenario of the test of this name, and what it is called in the table.
pub(super) const fn scenario(test: &'static str, title: &'static str) -> Scenario {
    Scenario {
        test,
        title,
        settings: &[],
        links: Links::Between,
    }
}

impl Scenario {
    /// The same with services that are configured like this.
    pub(super) const fn with(self, settings: &'static [Setting]) -> Self {
        Self { settings, ..self }
    }

    /// The same with services that reach each other and their servers directly: what this
    /// process does is not between them.
    pub(super) const fn without_links(self) -> Self {
        Self {
            links: Links::Beside,
            ..self
        }
    }

    /// Plays it: everybody is busy, something goes wrong and is whole again when `fault`
    /// returns, and then everything must be in order.
    ///
    /// What it returns is kept until then.
    pub(super) async fn play<K>(&self, fault: impl AsyncFnOnce(&mut Site) -> K) -> Vec<Seen> {
        match Site::open_with(self.links, self.test, self.settings).await {
            Some(site) => self.play_at(site, fault).await,
            None => Vec::new(),
        }
    }

    /// The same at this site.
    pub(super) async fn play_at<K>(
        &self,
        mut site: Site,
        fault: impl AsyncFnOnce(&mut Site) -> K,
    ) -> Vec<Seen> {
        let lanes = join_all((0..LANES).map(|number| Lane::open(&site, number))).await;
        let over = CancellationToken::new();
        let mut busy = JoinSet::new();
        for lane in &lanes {
            busy.spawn(Arc::clone(lane).run(over.clone()));
        }
        let turns = async |busy: &mut JoinSet<()>| {
            let wanted: Vec<_> = lanes.iter().map(|lane| lane.turns() + TURNS).collect();
            eventually("everybody gets through", async || {
                while let Some(ended) = busy.try_join_next() {
                    ended.unwrap();
                }
                let enough = |(lane, wanted): (&Arc<Lane>, &usize)| lane.turns() >= *wanted;
                lanes.iter().zip(&wanted).all(enough).then_some(())
            })
            .await;
        };
        turns(&mut busy).await;
        let _kept = fault(&mut site).await;
        let mended = Instant::now();
        turns(&mut busy).await;
        over.cancel();
        while let Some(ended) = busy.join_next().await {
            ended.unwrap();
        }

        let mut events = 0;
        for lane in &lanes {
            events += trail::tells_everything_once(&site.scene, lane).await;
        }
        site.examine_the_trail();
        let seen: Vec<_> = lanes.iter().map(|lane| lane.seen()).collect();
        let played = Played {
            title: self.title,
            seen: &seen,
            events,
            mended,
        };
        played.leave(self.test);
        seen
    }
}

/// How long a fault lasts.
pub(super) async fn lasts(time: Duration) {
    tokio::time::sleep(time).await;
}
