//! The index of people in this process's memory, on PostgreSQL: of one revision of the
//! directory, and made anew once that is another one.
//!
//! Whom it finds is read by a statement that says at which revision it was answered. Where
//! that is the one of the index, the answer is of one state, as if the statement had searched.
//! Otherwise the database is searched. Every second it is seen whether the directory is at
//! another revision: the index is of that one from then on if nobody changed since its own,
//! as after the import of a file that brings nothing new, and is dropped otherwise.
//!
//! ```text
//! t0  index of revision 7          t2  search: the index finds, the statement says 8
//! t1  an import commits 8          t3  searched in the database
//!                                  t4  a look: somebody changed since 7, the index is dropped
//!                                  t5  8 since two looks: the index is made of it
//! ```

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use aval_database::{Backend, Database, DatabaseError, Transaction};
use aval_domain::id::PractitionerId;
use sea_orm::prelude::Uuid;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use tokio_util::sync::CancellationToken;

use super::answered::Answered;
use super::shown;
use crate::error::Error;
use crate::index::{Building, PeopleIndex};
use crate::page::Page;
use crate::practitioner::PractitionerMatch;
use crate::search::{PractitionerPosition, PractitionerSearch};
use crate::store::Sourced;
use crate::store::sql::{count, revision, stored};

/// Between two looks at the directory's revision.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What the words of a person's keys are separated by, which no key has.
const BETWEEN_KEYS: char = '\n';

/// Everybody who practises, with their keys, in the order of answers. Whoever reads it does
/// so part by part.
const READ_KEYS: &str = "\
    DECLARE indexed NO SCROLL CURSOR FOR \
    SELECT practitioner_id, array_to_string(tsvector_to_array(keys), E'\\n') AS keys \
    FROM search_keys WHERE active ORDER BY sort_name, practitioner_id";

/// Reading everybody takes longer than a call may, and sorting them little memory.
const SETTINGS: &str = "SET LOCAL statement_timeout = 0; SET LOCAL work_mem = '32MB'";

/// The directory's revision, and whether everybody and every structure is what they were at
/// another one: whoever changes the keys of a person changes the revision of either.
const SINCE: &str = "\
    SELECT c.revision, \
        NOT EXISTS (SELECT 1 FROM practitioners p WHERE p.revision > $1) \
        AND NOT EXISTS (SELECT 1 FROM organizations o WHERE o.revision > $1) AS is_the_same \
    FROM directory_clock c WHERE c.revision > $1";

const READ_SOME: &str = "FETCH 5000 FROM indexed";

/// The index, if there is one at present.
#[derive(Debug)]
pub(in crate::store::sql) struct Indexed {
    /// Of more people none is made; 0: never.
    most_people: u64,
    made: RwLock<Option<Arc<Made>>>,
}

#[derive(Debug)]
struct Made {
    revision: u64,
    people: Arc<PeopleIndex>,
}

/// What looks at the directory's revision found.
#[derive(Debug, Default)]
struct Seen {
    last: Option<u64>,
    /// The revision of which there is no index: of too many people, or of nobody.
    without_index: Option<u64>,
}

impl Indexed {
    /// None yet.
    pub(in crate::store::sql) const fn new(most_people: u64) -> Self {
        Self {
            most_people,
            made: RwLock::new(None),
        }
    }

    /// Keeps it of the directory's revision until `shutdown`.
    pub(in crate::store::sql) async fn follow(&self, db: &Database, shutdown: CancellationToken) {
        if self.most_people == 0 || db.backend() != Backend::Postgres {
            return;
        }
        let for_ever = async {
            let mut seen = Seen::default();
            let mut silent = false;
            loop {
                match self.look(db, &mut seen).await {
                    Ok(()) => silent = false,
                    Err(error) if !silent => {
                        tracing::warn!(%error, "people are not indexed: searches read the database");
                        silent = true;
                    }
                    Err(_) => {}
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        shutdown.run_until_cancelled(for_ever).await;
    }

    /// Drops the index of another revision, if somebody changed since, and makes that of this
    /// one once it has been the same for two looks: many changes one after the other are not
    /// worth an index each.
    async fn look(&self, db: &Database, seen: &mut Seen) -> Result<(), Error> {
        let newest = revision::newest(db.reader()).await?;
        let is_settled = seen.last.replace(newest) == Some(newest);
        if self.made().is_some_and(|made| made.revision == newest) {
            return Ok(());
        }
        if let Some(made) = self.made() {
            if let Some(revision) = unchanged_until(db, made.revision).await? {
                let people = Arc::clone(&made.people);
                self.put(Some(Arc::new(Made { revision, people })));
                return Ok(());
            }
            self.put(None);
        }
        let is_hopeless = seen.without_index == Some(newest);
        if is_settled && !is_hopeless && !self.make(db).await? {
            seen.without_index = Some(newest);
        }
        Ok(())
    }

    /// Looks for the first time: none is made.
    #[cfg(test)]
    pub(in crate::store::sql) async fn look_once(&self, db: &Database) -> Result<(), Error> {
        self.look(db, &mut Seen::default()).await
    }

    /// Makes it of the present revision; answers whether there is one to be made.
    pub(in crate::store::sql) async fn make(&self, db: &Database) -> Result<bool, Error> {
        let begun = Instant::now();
        let most = self.most_people;
        let read = db.snapshot("practitioner_directory.index", move |tx| async move {
            read(&tx, most).await
        });
        let Some((revision, building)) = read.await? else {
            return Ok(false);
        };
        let people = tokio::task::spawn_blocking(move || building.finish()).await;
        let Ok(Some(people)) = people else {
            tracing::warn!("there is more of people than the index has numbers for");
            return Ok(false);
        };
        tracing::info!(
            people = people.len(),
            bytes = people.bytes(),
            duration_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            "people are indexed for searches"
        );
        let people = Arc::new(people);
        self.put(Some(Arc::new(Made { revision, people })));
        Ok(true)
    }

    /// A page of the people who are meant; `None` where the index does not tell, or is of
    /// another revision than the directory.
    pub(in crate::store::sql) async fn practitioners(
        &self,
        db: &Database,
        search: &PractitionerSearch,
    ) -> Result<Option<Sourced<Page<PractitionerMatch, PractitionerPosition>>>, Error> {
        let answered = self.answered(db, search).await?;
        Ok(answered.map(|answered| shown(answered, search)))
    }

    async fn answered(
        &self,
        db: &Database,
        search: &PractitionerSearch,
    ) -> Result<Option<Answered>, Error> {
        let Some(made) = self.made() else {
            return Ok(None);
        };
        let wanted = usize::try_from(search.page.size.with_one_more()).unwrap_or(usize::MAX);
        let Some(hits) = made.people.answer(search, wanted) else {
            return Ok(None);
        };
        let answered = Answered::of_listed(db.reader(), &hits).await?;
        let is_of_one_state = answered.revision == Some(made.revision);
        Ok(is_of_one_state.then_some(answered))
    }

    fn made(&self) -> Option<Arc<Made>> {
        let made = self.made.read().unwrap_or_else(PoisonError::into_inner);
        made.clone()
    }

    fn put(&self, made: Option<Arc<Made>>) {
        *self.made.write().unwrap_or_else(PoisonError::into_inner) = made;
    }
}

/// The directory's revision, if it is a later one and nobody changed since this one.
async fn unchanged_until(db: &Database, revision: u64) -> Result<Option<u64>, DatabaseError> {
    let since = [stored(revision).into()];
    let since = Statement::from_sql_and_values(DbBackend::Postgres, SINCE, since);
    let Some(row) = db.reader().query_one_raw(since).await? else {
        return Ok(None);
    };
    let is_the_same: bool = row.try_get("", "is_the_same")?;
    let newest = count("directory_clock", "revision", row.try_get("", "revision")?)?;
    Ok(is_the_same.then_some(newest))
}

/// Everybody of one revision; `None` if there are too many, or nobody.
async fn read(
    tx: &Transaction,
    most_people: u64,
) -> Result<Option<(u64, Building)>, DatabaseError> {
    let revision = revision::newest(tx).await?;
    for sql in [SETTINGS, READ_KEYS] {
        tx.execute_unprepared(sql).await?;
    }
    let mut building = Building::default();
    let mut count = 0;
    loop {
        let some = Statement::from_string(DbBackend::Postgres, READ_SOME);
        let rows = tx.query_all_raw(some).await?;
        if rows.is_empty() {
            return Ok((count > 0).then_some((revision, building)));
        }
        count += rows.len() as u64;
        if count > most_people {
            tracing::warn!(most_people, "there are more people than are indexed");
            return Ok(None);
        }
        for row in rows {
            let id: Uuid = row.try_get_by_index(0)?;
            let keys: String = row.try_get_by_index(1)?;
            building.take(PractitionerId::from_uuid(id), keys.split(BETWEEN_KEYS));
        }
        tokio::task::yield_now().await;
    }
}
