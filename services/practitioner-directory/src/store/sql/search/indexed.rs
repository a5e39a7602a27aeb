//! The index of people in this process's memory: of one revision of the directory, and
//! brought to the next by reading who changed.
//!
//! Whom it finds is read by a statement that says at which revision it was answered. Where
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
//! What changed stands in an index of its own, until it is much: then the directory is
//! indexed whole again. That takes ten seconds at the size of the country, and whoever
//! searches waits for a second of it at most.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use aval_database::Database;
use aval_domain::id::PractitionerId;
use aval_domain::time::Timestamp;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::reading;
use crate::error::Error;
use crate::index::{Searchable, Searched};
use crate::store::sql::revision;

/// Between two looks at the directory's revision.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long a search waits for the index to be of the directory's revision.
const PATIENCE: Duration = Duration::from_secs(1);

/// How many people may have changed since the directory was indexed whole, beside a part of
/// those who were there.
const FEW: usize = 10_000;
/// That part.
const PART: usize = 16;

/// The index, once it was made.
#[derive(Debug, Default)]
pub(in crate::store::sql) struct Indexed {
    made: RwLock<Option<Arc<Made>>>,
    /// Held by whoever makes the next one.
    turn: Mutex<()>,
}

/// People as they were at a revision.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) revision: u64,
    /// When the source of people generated the file in use.
    pub(super) as_of: Option<Timestamp>,
    pub(super) people: Searchable,
    /// Who changed since the directory was indexed whole; `None`: leads to another entry.
    changed: BTreeMap<PractitionerId, Option<Searched>>,
}

impl Indexed {
    /// Keeps it of the directory's revision until `shutdown`, so that searches need not.
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
                    Err(error) if !silent => {
                        tracing::warn!(%error, "people are not indexed: searches wait");
                        silent = true;
                    }
                    Err(_) => {}
                }
                // This instance's own changes are looked at once they are made.
                let committed = tokio::time::timeout(LOOK_EVERY, commits.changed()).await;
                if let Ok(Err(_)) = committed {
                    tokio::time::sleep(LOOK_EVERY).await;
                }
            }
        };
        shutdown.run_until_cancelled(for_ever).await;
    }

    async fn look(&self, db: &Database) -> Result<(), Error> {
        let newest = revision::newest(db.reader()).await?;
        self.bring_to(db, newest).await?;
        Ok(())
    }

    fn made(&self) -> Option<Arc<Made>> {
        let made = self.made.read().unwrap_or_else(PoisonError::into_inner);
        made.clone()
    }

    /// The index of this revision or a later one; `None` if that takes too long.
    pub(super) async fn of(
        self: &Arc<Self>,
        db: &Database,
        revision: u64,
    ) -> Result<Option<Arc<Made>>, Error> {
        if let Some(made) = self.made_since(revision) {
            return Ok(Some(made));
        }
        // Whoever stops waiting leaves the work to whoever waits next.
        let (this, db) = (Arc::clone(self), db.clone());
        let work = tokio::spawn(async move { this.bring_to(&db, revision).await });
        match tokio::time::timeout(PATIENCE, work).await {
            Ok(Ok(made)) => made.map(Some),
            Ok(Err(_)) => Err(Error::NotIndexed),
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
            let newest = revision::newest(db.reader()).await?;
            let followed = self.bring_to(db, newest).await?;
            let anew = whole(db).await?;
            // Others may change the directory meanwhile.
            if anew.revision == followed.revision {
                return Ok([followed.people.clone(), anew.people]);
            }
        }
    }

    /// Begins anew: the directory was changed in a way that is no revision.
    #[cfg(test)]
    pub(in crate::store::sql) fn forget(&self) {
        *self.made.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn made_since(&self, revision: u64) -> Option<Arc<Made>> {
        self.made().filter(|made| made.revision >= revision)
    }

    async fn bring_to(&self, db: &Database, revision: u64) -> Result<Arc<Made>, Error> {
        let _turn = self.turn.lock().await;
        if let Some(made) = self.made_since(revision) {
            return Ok(made);
        }
        let next = match self.made() {
            Some(made) => following(db, made).await?,
            None => None,
        };
        let made = match next {
            Some(made) => made,
            None => whole(db).await?,
        };
        let made = Arc::new(made);
        *self.made.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&made));
        Ok(made)
    }
}

/// The index of the directory as it is.
async fn whole(db: &Database) -> Result<Made, Error> {
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
        changed: BTreeMap::new(),
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
    aside(move || {
        let nobody_new = news.is_empty();
        let mut changed = made.changed.clone();
        changed.extend(news);
        let people = if nobody_new {
            made.people.clone()
        } else {
            let all = changed.iter().map(|(id, now)| (*id, now.as_ref()));
            made.people.with(all)?
        };
        Some(Made {
            revision: at.revision,
            as_of: at.as_of,
            people,
            changed,
        })
    })
    .await
}

/// On a thread where no call waits for it.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| Error::NotIndexed)
}
