//! What is shown of people whom the index finds, from a file of this instance.
//!
//! A page is shown from the file while the [lease](crate::lease) says that the directory is
//! at the revision of the index, and everybody on it has a record; otherwise it is read from
//! the database. The records are read in the background, a few hundred people at a time, once
//! the index was made ([`filling`]).
//!
//! ```text
//! t0  index of revision 7            t3  an import commits 9: somebody is another
//! t1  their record is read: of 7     t4  whose record is read only now shows 9, and is left
//! t2  the lease says 7: shown            out; they are recorded as of 9 once the index is
//! ```
//!
//! So whatever is read in whichever order, a page is of the one revision of its index. It is
//! as far behind another instance's change as the lease lets it be, and never behind one of
//! this instance, which ends the lease before it returns.

mod book;
pub(super) mod filling;

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use aval_domain::id::PractitionerId;
use sea_orm::prelude::Uuid;
use tokio::time::Instant;

use super::indexed::{Made, aside};
use crate::error::Error;
use crate::index::Standing;
use crate::lease::Lease;
use crate::practitioner::Practitioner;
use crate::records::Records;
use book::Book;

/// After the file could not be written or read, until another is begun: whoever has a disk
/// to empty has done it by then, or it costs little to find out.
const PAUSE: Duration = Duration::from_mins(10);

/// The file of this instance, and when it may be shown from.
#[derive(Debug)]
pub(in crate::store::sql) struct Shown {
    folder: PathBuf,
    lease: Arc<Lease>,
    kept: RwLock<Kept>,
}

/// What there is of the file.
#[derive(Debug, Default)]
enum Kept {
    /// It was not begun.
    #[default]
    Nothing,
    Book(Arc<Book>),
    /// It failed, for this indexing of the directory.
    Lost {
        making: u64,
        since: Instant,
    },
}

impl Shown {
    /// One that keeps its file in this folder, and shows from it by this lease.
    pub(in crate::store::sql) fn new(folder: PathBuf, lease: Arc<Lease>) -> Self {
        Self {
            folder,
            lease,
            kept: RwLock::default(),
        }
    }

    /// These people whom the index found, if all of them may be shown from the file.
    pub(super) async fn people(
        &self,
        made: &Made,
        found: impl Iterator<Item = (PractitionerId, Standing)>,
    ) -> Result<Option<HashMap<Uuid, Practitioner>>, Error> {
        if self.lease.revision() != Some(made.revision) {
            return Ok(None);
        }
        let Some(book) = self.book().filter(|book| book.making == made.making) else {
            return Ok(None);
        };
        let places = found.map(|(id, of)| Some((id, book.place(made, id, of)?)));
        let Some(places): Option<Vec<_>> = places.collect() else {
            return Ok(None);
        };
        if places.is_empty() {
            return Ok(Some(HashMap::new()));
        }
        // The file may be on the disk only, for which no call waits but this one.
        match aside(move || book.read(&places)).await? {
            Ok(read) => {
                let keyed = |somebody: Practitioner| (somebody.practitioner_id.as_uuid(), somebody);
                Ok(read.map(|read| read.into_iter().map(keyed).collect()))
            }
            Err(error) => {
                self.lose(made.making, &error);
                Ok(None)
            }
        }
    }

    /// Forgets the file, whose people are indexed anew.
    pub(super) fn forget(&self) {
        self.set(Kept::Nothing);
    }

    /// That of this index; `None` until another one may be begun.
    async fn book_of(&self, made: &Arc<Made>) -> Result<Option<Arc<Book>>, Error> {
        match &*self.kept.read().unwrap_or_else(PoisonError::into_inner) {
            Kept::Book(book) if book.making == made.making => {
                return Ok(Some(Arc::clone(book)));
            }
            Kept::Lost { making, since } if *making == made.making && since.elapsed() < PAUSE => {
                return Ok(None);
            }
            _ => {}
        }
        let (folder, of) = (self.folder.clone(), Arc::clone(made));
        let begun = aside(move || Ok(Book::new(Records::begin(&folder)?, &of)));
        match begun.await? {
            Ok(book) => {
                let book = Arc::new(book);
                self.set(Kept::Book(Arc::clone(&book)));
                Ok(Some(book))
            }
            Err(error) => {
                self.lose(made.making, &error);
                Ok(None)
            }
        }
    }

    fn book(&self) -> Option<Arc<Book>> {
        match &*self.kept.read().unwrap_or_else(PoisonError::into_inner) {
            Kept::Book(book) => Some(Arc::clone(book)),
            Kept::Nothing | Kept::Lost { .. } => None,
        }
    }

    /// Gives the file up: its disk may be full, or bad.
    fn lose(&self, making: u64, error: &io::Error) {
        tracing::warn!(
            %error,
            "the file of what is shown of people failed: it is read from the database"
        );
        let since = Instant::now();
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        // One of a later index was begun meanwhile.
        if !matches!(&*kept, Kept::Book(book) if book.making > making) {
            *kept = Kept::Lost { making, since };
        }
    }

    fn set(&self, kept: Kept) {
        *self.kept.write().unwrap_or_else(PoisonError::into_inner) = kept;
    }
}
