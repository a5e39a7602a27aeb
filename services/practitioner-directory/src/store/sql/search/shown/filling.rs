//! Reading what is shown of people into the file, in the background.
//!
//! Some people at a time are read by the statement that reads a page of them, which sees one
//! state of the directory. Who changed since the revision as of which they are recorded is
//! left out: [`CHANGED`](super::super::reading) finds them by the same revisions, and they
//! are recorded anew once the index has learnt of it. Of a database that was put back to
//! before that revision nothing is recorded: the index will be forgotten.
//!
//! Whoever cannot be read is tried again behind all others, so that one bad row keeps only
//! those beside it from the file.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use aval_database::Database;
use aval_domain::id::PractitionerId;
use sea_orm::prelude::Uuid;
use tokio::time::{Instant, sleep};

use super::super::indexed::{Indexed, Made, aside};
use super::Shown;
use super::book::{As, Book};
use crate::error::Error;
#[cfg(test)]
use crate::practitioner::Practitioner;
use crate::store::sql::gathered::Gathered;
use crate::store::sql::practitioners;

/// Of how many people at once: few enough that no search waits for a core long.
const SOME: u32 = 250;

/// Between two looks at whether somebody changed.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// After people were read in vain.
const AFTER_A_FAULT: Duration = Duration::from_secs(5);

/// After those who changed were, meanwhile everybody else is read.
const CHANGED_AFTER_A_FAULT: Duration = Duration::from_mins(1);

/// Reads people into the file of one book.
#[derive(Debug)]
struct Filler {
    book: Arc<Book>,
    begun: Instant,
    /// The ranks from which on people of the whole directory were not read, [`SOME`] each.
    unread: VecDeque<u32>,
    /// At which revision of the index it was looked for those who changed.
    followed: Option<u64>,
    /// Those of them who were not read, and when they changed.
    changed: Vec<(PractitionerId, u64)>,
    /// Until when they wait.
    changed_from: Instant,
}

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Some people were read.
    Done,
    /// There is nobody to be read.
    Idle,
}

/// Fills the file of whichever index there is, for ever.
pub(in crate::store::sql::search) async fn for_ever(
    indexed: &Indexed,
    shown: &Shown,
    db: &Database,
) {
    let mut filler = None;
    let mut silent = false;
    loop {
        let begun = Instant::now();
        let pause = match step(indexed, shown, db, &mut filler).await {
            // Half of the time at most is this one's: searches come first.
            Ok(Step::Done) => begun.elapsed(),
            Ok(Step::Idle) => {
                silent = false;
                LOOK_EVERY
            }
            Err(error) => {
                if !silent {
                    tracing::warn!(%error, "what is shown of people is not read into the file");
                    silent = true;
                }
                AFTER_A_FAULT
            }
        };
        sleep(pause).await;
    }
}

async fn step(
    indexed: &Indexed,
    shown: &Shown,
    db: &Database,
    filler: &mut Option<Filler>,
) -> Result<Step, Error> {
    let book = match indexed.made() {
        Some(made) => shown.book_of(&made).await?.map(|book| (made, book)),
        None => None,
    };
    let Some((made, book)) = book else {
        *filler = None;
        return Ok(Step::Idle);
    };
    let filler = match filler {
        Some(filler) if Arc::ptr_eq(&filler.book, &book) => filler,
        _ => filler.insert(Filler::of(book, &made)),
    };
    filler.step(&made, shown, db).await
}

impl Filler {
    fn of(book: Arc<Book>, made: &Made) -> Self {
        let all = u32::try_from(made.people.len_of_whole()).unwrap_or(u32::MAX);
        Self {
            book,
            begun: Instant::now(),
            unread: (0..all).step_by(SOME as usize).collect(),
            followed: None,
            changed: Vec::new(),
            changed_from: Instant::now(),
        }
    }

    /// Those who changed first: they are few, and pages with them wait for it.
    async fn step(&mut self, made: &Made, shown: &Shown, db: &Database) -> Result<Step, Error> {
        if self.followed != Some(made.revision) {
            let changed = made.changed.iter().filter(|(_, now)| now.is_searched());
            let changed = changed.map(|(id, now)| (*id, now.at));
            let missing = changed.filter(|(id, at)| self.book.of_changed(*id, *at).is_none());
            self.changed = missing.collect();
            self.followed = Some(made.revision);
        }
        if !self.changed.is_empty() && self.changed_from <= Instant::now() {
            let kept = self.changed.len().saturating_sub(SOME as usize);
            let some = self.changed[kept..].iter();
            let some = some.map(|(id, at)| (*id, As::Changed(*at))).collect();
            let read = self.read(some, made, shown, db).await;
            if read.is_err() {
                self.changed.rotate_left(kept);
                self.changed_from = Instant::now() + CHANGED_AFTER_A_FAULT;
            } else {
                self.changed.truncate(kept);
            }
            return read.map(|()| Step::Done);
        }
        let Some(begin) = self.unread.front().copied() else {
            return Ok(Step::Idle);
        };
        let some = made.people.unchanged(begin..begin.saturating_add(SOME));
        let missing = some.into_iter();
        let missing = missing.filter(|(rank, _)| self.book.of_rank(*rank).is_none());
        let missing = missing.map(|(rank, id)| (id, As::Rank(rank))).collect();
        let read = self.read(missing, made, shown, db).await;
        if read.is_err() {
            self.unread.rotate_left(1);
        } else {
            self.unread.pop_front();
        }
        read?;
        if self.unread.is_empty() {
            tracing::info!(
                people = made.people.len_of_whole(),
                bytes = self.book.bytes(),
                bytes_on_disk = self.book.bytes_on_disk(),
                duration_ms = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX),
                "what searches show of people is in the file"
            );
        }
        Ok(Step::Done)
    }

    /// Records those of these people who did not change since.
    async fn read(
        &self,
        people: Vec<(PractitionerId, As)>,
        made: &Made,
        shown: &Shown,
        db: &Database,
    ) -> Result<(), Error> {
        if people.is_empty() {
            return Ok(());
        }
        let ids: Vec<Uuid> = people.iter().map(|(id, _)| id.as_uuid()).collect();
        let gathered = Gathered::of(db.reader(), &ids).await?;
        let base = made.base;
        let book = Arc::clone(&self.book);
        let written = aside(move || {
            let revision = gathered.revision.unwrap_or_default();
            let newest = gathered.newest_revisions()?;
            let mut known = practitioners::known(gathered)?;
            let recorded = people.into_iter().filter_map(|(id, of)| {
                let as_of = match of {
                    As::Rank(_) => base,
                    As::Changed(at) => at,
                };
                let is_as_of = revision >= as_of && *newest.get(&id.as_uuid())? <= as_of;
                let somebody = known.remove(&id.as_uuid())?;
                let is_shown = is_as_of && somebody.merged_into.is_none();
                is_shown.then_some((of, somebody))
            });
            let recorded: Vec<_> = recorded.collect();
            Ok::<_, Error>(book.put(&recorded))
        });
        if let Err(error) = written.await?? {
            shown.lose(made.making, &error);
        }
        Ok(())
    }
}

/// Everybody in an index, and what the file shows of them.
#[cfg(test)]
pub(in crate::store) type Recorded = Vec<(PractitionerId, Option<Practitioner>)>;

#[cfg(test)]
impl Indexed {
    /// Brings the index to the directory's revision, fills the file, and says what it shows
    /// of everybody then, and at which revision the index is; `None` where there is no file.
    pub(in crate::store::sql) async fn recorded(
        &self,
        db: &Database,
    ) -> Result<Option<(u64, Recorded)>, Error> {
        self.look(db).await?;
        let mut filler = None;
        // Others may follow the directory meanwhile.
        while let Some((made, shown)) = self.made().zip(self.shown()) {
            if step(self, shown, db, &mut filler).await? == Step::Idle {
                return Ok(self.everybody_recorded(&made));
            }
        }
        Ok(None)
    }

    fn everybody_recorded(&self, made: &Made) -> Option<(u64, Recorded)> {
        let book = self.shown()?.book()?;
        let all = u32::try_from(made.people.len_of_whole()).unwrap();
        let whole = made.people.unchanged(0..all).into_iter();
        let whole = whole.map(|(rank, id)| (id, book.of_rank(rank)));
        let changed = made.changed.iter().filter(|(_, now)| now.is_searched());
        let changed = changed.map(|(id, now)| (*id, book.of_changed(*id, now.at)));
        let records = whole.chain(changed).map(|(id, place)| {
            let read = place.map(|place| book.records().read(id, place).unwrap());
            (id, read)
        });
        Some((made.revision, records.collect()))
    }

    /// Damages the record of somebody, or, without anybody, loses the whole file.
    pub(in crate::store::sql) fn damage(&self, id: Option<PractitionerId>) {
        let made = self.made().unwrap();
        let book = self.shown().unwrap().book().unwrap();
        let Some(id) = id else {
            return book.records().cut();
        };
        let all = u32::try_from(made.people.len_of_whole()).unwrap();
        let mut whole = made.people.unchanged(0..all).into_iter();
        let rank = whole.find(|(_, of)| *of == id).unwrap().0;
        book.records().damage(book.of_rank(rank).unwrap());
    }
}
