//! Everybody who is busy while something goes wrong.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::journal::{Journal, Seen, Verdict};
use super::lane::Lane;
use super::lookups::LookUps;
use super::producer::Producer;
use super::sessions::Sessions;
use super::site::Site;
use super::trail;

/// How many patients let somebody in and out at once, which takes consent and what is behind
/// it as long as it takes.
const LANES: usize = 6;
/// How many call each of the other services, a breath after each time.
const OTHERS: usize = 2;
/// How long a breath is.
pub(super) const BREATH: Duration = Duration::from_millis(25);
/// Which patients they have.
const SESSIONS_FROM: usize = 70;
const PRODUCERS_FROM: usize = 80;

/// Who calls all the time.
pub(super) trait Caller: Send + Sync + 'static {
    /// What it saw.
    fn journal(&self) -> &Journal;

    /// Goes through everything once.
    fn turn(&self) -> impl Future<Output = ()> + Send;
}

/// Is busy until it is over.
pub(super) async fn run<C: Caller>(caller: Arc<C>, over: CancellationToken) {
    while !over.is_cancelled() {
        caller.turn().await;
        caller.journal().turned();
    }
}

/// Who is called besides consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Called {
    ConsentAlone,
    AllFour,
}

/// Callers of each service.
pub(super) struct Crew {
    lanes: Vec<Arc<Lane>>,
    sessions: Vec<Arc<Sessions>>,
    look_ups: Vec<Arc<LookUps>>,
    producers: Vec<Arc<Producer>>,
}

impl Crew {
    pub(super) async fn open(site: &Site, called: Called) -> Self {
        let others = match called {
            Called::ConsentAlone => 0,
            Called::AllFour => OTHERS,
        };
        Self {
            lanes: join_all((0..LANES).map(|number| Lane::open(site, number))).await,
            sessions: join_all((0..others).map(|it| Sessions::open(site, SESSIONS_FROM + it)))
                .await,
            look_ups: join_all((0..others).map(|_| LookUps::open(site))).await,
            producers: join_all((0..others).map(|it| Producer::open(site, PRODUCERS_FROM + it)))
                .await,
        }
    }

    /// Everybody is busy from now on.
    pub(super) fn begin(&self, over: &CancellationToken) -> JoinSet<()> {
        let mut busy = JoinSet::new();
        for lane in &self.lanes {
            busy.spawn(run(Arc::clone(lane), over.clone()));
        }
        for sessions in &self.sessions {
            busy.spawn(run(Arc::clone(sessions), over.clone()));
        }
        for look_ups in &self.look_ups {
            busy.spawn(run(Arc::clone(look_ups), over.clone()));
        }
        for producer in &self.producers {
            busy.spawn(run(Arc::clone(producer), over.clone()));
        }
        busy
    }

    /// How often each has gone through everything.
    pub(super) fn turns(&self) -> Vec<usize> {
        let services = self.journals().into_iter();
        let all = services.flat_map(|(_, journals)| journals);
        all.map(Journal::turns).collect()
    }

    /// What the callers of each service saw.
    pub(super) fn seen(&self) -> Vec<(&'static str, Vec<Seen>)> {
        let seen = |journals: Vec<&Journal>| journals.into_iter().map(Journal::seen).collect();
        let services = self.journals().into_iter();
        services
            .map(|(service, journals)| (service, seen(journals)))
            .collect()
    }

    /// What must hold, when everything is whole again and the trail has had its time.
    pub(super) async fn judge(&self, site: &Site) -> Verdict {
        let scene = &site.scene;
        let mut verdict = Verdict::default();
        for (_, seen) in self.seen() {
            for seen in seen {
                verdict += seen.verdict;
            }
        }
        for lane in &self.lanes {
            verdict += trail::of_decisions(scene, &lane.patient, &lane.journal().seen()).await;
        }
        for sessions in &self.sessions {
            let seen = sessions.journal().seen();
            verdict += trail::of_sessions(scene, &sessions.patient, &seen).await;
        }
        for producer in &self.producers {
            let seen = producer.journal().seen();
            verdict += trail::of_deliveries(scene, &producer.patient, &seen).await;
        }
        verdict
    }

    fn journals(&self) -> [(&'static str, Vec<&Journal>); 4] {
        fn of<C: Caller>(callers: &[Arc<C>]) -> Vec<&Journal> {
            callers.iter().map(|caller| caller.journal()).collect()
        }
        [
            ("consent", of(&self.lanes)),
            ("identity", of(&self.sessions)),
            ("directory", of(&self.look_ups)),
            ("audit", of(&self.producers)),
        ]
    }
}
