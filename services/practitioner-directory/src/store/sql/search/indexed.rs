//! The index of people in this process's memory: of one revision of the directory, and
//! brought to the next by reading who changed.
//!
//! Whom it finds is [shown](super::shown) from a file while that is known to be of the present
//! revision, or is read by a statement that says at which revision it was answered. Where
//! that is the one of the index, the answer is of one state, as if the statement had searched.
//! Where it is a later one, the index is brought there and searched again: so a search sees
//! what was committed before it, by whichever instance.
//!
//! ```text
//! t0  index of revision 7          t2  search: the index finds, the statement says 8
//! t1  an import commits 8          t3  those who changed since 7 are read: an index of 8
//!                                  t4  searched again, the statement says 8
//! ```
//!
//! Where it is an earlier one, the database was put back to what it was before: nothing that
//! the index holds is known to be so, and whoever follows the directory makes it anew.
//!
//! What changed stands in an index of its own, until it is much: then the directory is
//! indexed whole again. That takes seconds at the size of the country, 14 on a machine that is
//! busy with other things, and whoever searches waits for a second of it at most.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use aval_database::Database;
use aval_domain::id::PractitionerId;
use aval_domain::time::Timestamp;
use tokio::sync::Mutex;
use tokio::task::JoinError;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::reading;
use super::shown::{Shown, filling};
use crate::error::Error;
use crate::index::{Searchable, Searched};
use crate::metrics::SearchMetrics;
use crate::store::sql::revision;

/// Between two looks at the directory's revision.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// After everybody was read in vain, which costs the database seconds of work.
const PAUSE: Duration = Duration::from_mins(1);

/// How long a search waits for the index to be of the directory's revision.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);

/// How many people may have changed since the directory was indexed whole, beside a part of
/// those who were there.
const FEW: usize = 10_000;
/// That part.
const PART: usize = 16;

/// The index, once it was made.
#[derive(Debug)]
pub(in crate::store::sql) struct Indexed {
    made: RwLock<Option<Arc<Made>>>,
    /// How often the directory was indexed whole.
    makings: AtomicU64,
    /// Held by whoever makes the next one.
    turn: Arc<Mutex<()>>,
    /// `None`: what is shown is read from the database.
    shown: Option<Shown>,
    pub(super) metrics: SearchMetrics,
}

/// People as they were at a revision.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) revision: u64,
    /// When the source of people generated the file in use.
    pub(super) as_of: Option<Timestamp>,
    pub(super) people: Searchable,
    /// Which indexing of the whole directory it goes on from, and of which revision that is.
    pub(super) making: u64,
    pub(super) base: u64,
    /// Who changed since then.
    pub(super) changed: Arc<BTreeMap<PractitionerId, Arc<Changed>>>,
}

/// Somebody who changed since the directory was indexed whole.
#[derive(Debug)]
pub(super) struct Changed {
    /// The revision at which the index learnt of it: they are as they were then.
    pub(super) at: u64,
    /// `None`: leads to another entry.
    now: Option<Searched>,
}

impl Changed {
    /// Whether a search may find them.
    pub(super) fn is_searched(&self) -> bool {
        self.now.is_some()
    }
}

/// Why the next one was not made.
#[derive(Debug)]
pub(super) struct Unmade {
    error: Error,
    /// Whether everybody was to be read for it.
    is_whole: bool,
}

impl From<Error> for Unmade {
    fn from(error: Error) -> Self {
        let is_whole = false;
        Self { error, is_whole }
    }
}

impl From<Unmade> for Error {
    fn from(unmade: Unmade) -> Self {
        unmade.error
    }
}

impl Indexed {
    /// One that is not made yet, and whose people are shown so.
    pub(in crate::store::sql) fn new(shown: Option<Shown>) -> Self {
        Self {
            made: RwLock::default(),
            makings: AtomicU64::default(),
            turn: Arc::default(),
            shown,
            metrics: SearchMetrics::new(),
        }
    }

    /// From where people are shown, if not from the database.
    pub(super) fn shown(&self) -> Option<&Shown> {
        self.shown.as_ref()
    }

    /// Keeps it of the directory's revision until `shutdown`, so that searches need not, and
    /// fills the file of what is shown.
    pub(in crate::store::sql) async fn follow(
        self: Arc<Self>,
        db: &Database,
        shutdown: CancellationToken,
    ) {
        let for_ever = async {
            let mut commits = db.commits();
            let mut silent = false;
            loop {
                match self.look(db).await {
                    Ok(()) => silent = false,
                    Err(Unmade { error, is_whole }) => {
                        if !silent {
                            tracing::warn!(%error, "people are not indexed: searches wait");
                            silent = true;
                        }
                        if is_whole {
                            // Whoever searches meanwhile tries it sooner.
                            tokio::time::sleep(PAUSE).await;
                            continue;
                        }
                    }
                }
                // This instance's own changes are looked at once they are made.
                let committed = tokio::time::timeout(LOOK_EVERY, commits.changed()).await;
                if let Ok(Err(_)) = committed {
                    tokio::time::sleep(LOOK_EVERY).await;
                }
            }
        };
        let filling = async {
            match &self.shown {
                Some(shown) => filling::for_ever(&self, shown, db).await,
                None => std::future::pending().await,
            }
        };
        let both = futures::future::join(for_ever, filling);
        shutdown.run_until_cancelled(both).await;
    }

    pub(super) async fn look(&self, db: &Database) -> Result<(), Unmade> {
        // Nobody makes a later one than the number says between reading it and comparing.
        let _turn = self.turn.lock().await;
        let newest = revision::newest(db.reader()).await.map_err(Error::from)?;
        if self.made().is_some_and(|made| made.revision > newest) {
            tracing::warn!("the directory was put back: people are indexed anew");
            self.forget();
        }
        if self.made_since(newest).is_none() {
            self.make_next(db).await?;
        }
        Ok(())
    }

    /// The index as it was made last.
    pub(super) fn made(&self) -> Option<Arc<Made>> {
        let made = self.made.read().unwrap_or_else(PoisonError::into_inner);
        made.clone()
    }

    /// The index of this revision or a later one; `None` where there is none until then.
    pub(super) async fn of(
        self: &Arc<Self>,
        db: &Database,
        revision: u64,
        until: Instant,
    ) -> Result<Option<Arc<Made>>, Error> {
        if let Some(made) = self.made_since(revision) {
            return Ok(Some(made));
        }
        let turn = Arc::clone(&self.turn).lock_owned();
        let Ok(turn) = timeout_at(until, turn).await else {
            return Ok(None);
        };
        // Whoever had the turn before may have made it.
        if let Some(made) = self.made_since(revision) {
            return Ok(Some(made));
        }
        // Whoever stops waiting leaves the work to whoever waits next.
        let (this, db) = (Arc::clone(self), db.clone());
        let work = tokio::spawn(async move {
            let made = this.make_next(&db).await;
            drop(turn);
            made
        });
        match timeout_at(until, work).await {
            Ok(Ok(made)) => Ok(Some(made?)),
            Ok(Err(lost)) => Err(lost_work(lost)),
            Err(_) => Ok(None),
        }
    }

    /// The index as it followed the directory, and one of the directory as it is.
    #[cfg(test)]
    pub(in crate::store::sql) async fn followed_and_anew(
        &self,
        db: &Database,
    ) -> Result<[Searchable; 2], Error> {
        loop {
            self.look(db).await?;
            let followed = self.made();
            let anew = whole(db, 0).await?;
            // Others may change the directory meanwhile.
            if let Some(followed) = followed.filter(|made| made.revision == anew.revision) {
                return Ok([followed.people.clone(), anew.people]);
            }
        }
    }

    /// Begins anew: the directory was changed in a way that is no later revision.
    pub(in crate::store::sql) fn forget(&self) {
        *self.made.write().unwrap_or_else(PoisonError::into_inner) = None;
        if let Some(shown) = &self.shown {
            shown.forget();
        }
    }

    fn made_since(&self, revision: u64) -> Option<Arc<Made>> {
        self.made().filter(|made| made.revision >= revision)
    }

    /// Makes the index of the directory as it is by now. Whoever calls this has the turn.
    async fn make_next(&self, db: &Database) -> Result<Arc<Made>, Unmade> {
        let next = match self.made() {
            Some(made) => following(db, made).await?,
            None => None,
        };
        let made = if let Some(made) = next {
            made
        } else {
            let making = self.makings.fetch_add(1, Ordering::Relaxed) + 1;
            whole(db, making).await.map_err(|error| Unmade {
                error,
                is_whole: true,
            })?
        };
        let made = Arc::new(made);
        *self.made.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&made));
        Ok(made)
    }
}

/// The index of the directory as it is, made for this time.
async fn whole(db: &Database, making: u64) -> Result<Made, Error> {
    let begun = Instant::now();
    let (at, building) = reading::everybody(db).await?;
    let Some(people) = aside(move || building.finish()).await? else {
        tracing::error!("there is more of people than the index has numbers for");
        return Err(Error::NotIndexed);
    };
    tracing::info!(
        people = people.len(),
        bytes = people.bytes(),
        duration_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        "people are indexed for searches"
    );
    Ok(Made {
        revision: at.revision,
        as_of: at.as_of,
        people: Searchable::of(Arc::new(people)),
        making,
        base: at.revision,
        changed: Arc::default(),
    })
}

/// The same with those who changed since; `None` where they are so many that the directory
/// is better indexed whole.
async fn following(db: &Database, made: Arc<Made>) -> Result<Option<Made>, Error> {
    let most = FEW + made.people.len_of_whole() / PART;
    let Some((at, news)) = reading::changed(db, made.revision, most).await? else {
        return Ok(None);
    };
    if made.changed.len() + news.len() > most {
        return Ok(None);
    }
    if news.is_empty() {
        return Ok(Some(Made {
            revision: at.revision,
            as_of: at.as_of,
            people: made.people.clone(),
            making: made.making,
            base: made.base,
            changed: Arc::clone(&made.changed),
        }));
    }
    aside(move || {
        let mut changed = BTreeMap::clone(&made.changed);
        let at_revision = at.revision;
        let news = news.into_iter().map(|(id, now)| {
            let at = at_revision;
            (id, Arc::new(Changed { at, now }))
        });
        changed.extend(news);
        let all = changed.iter().map(|(id, of)| (*id, of.now.as_ref()));
        let people = made.people.with(all)?;
        Some(Made {
            revision: at.revision,
            as_of: at.as_of,
            people,
            making: made.making,
            base: made.base,
            changed: Arc::new(changed),
        })
    })
    .await
}

/// On a thread where no call waits for it.
pub(super) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(lost_work)
}

/// A defect of the work is one of whoever waits for it; otherwise this process is ending.
fn lost_work(lost: JoinError) -> Error {
    match lost.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(_) => Error::NotIndexed,
    }
}
