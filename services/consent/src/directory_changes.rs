//! What the directory tells of who is whom, and how far it was followed.

use std::fmt;

use futures::stream::BoxStream;

use crate::aliases::IdentityChange;
use crate::error::Error;
use crate::store::Answer;

/// A place among the directory's changes, in its own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryCursor(String);

impl DirectoryCursor {
    /// The place of that name.
    #[must_use]
    pub const fn from_text(text: String) -> Self {
        Self(text)
    }

    /// Before the very first change.
    #[must_use]
    pub fn start() -> Self {
        Self("start".to_owned())
    }

    /// Its name.
    #[must_use]
    pub fn as_text(&self) -> &str {
        &self.0
    }
}

/// Something that the directory told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What changed.
    pub news: News,
    /// Where to go on after it.
    pub cursor: DirectoryCursor,
}

/// What the directory told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// Who is whom changed.
    Identity(IdentityChange),
    /// Something else changed.
    Other,
    /// There is nothing more to tell at the moment.
    CaughtUp,
}

/// What was learnt between two places among the directory's changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Learnt {
    /// Everything up to here was taken in before.
    pub after: DirectoryCursor,
    /// Everything up to here is, with this.
    pub cursor: DirectoryCursor,
    /// What changed; `None`: nothing that matters here.
    pub change: Option<IdentityChange>,
}

/// The changes that the directory tells, in their order.
pub type Changes = BoxStream<'static, Result<Told, Error>>;

/// Where changes of the directory come from.
pub trait DirectoryChanges: fmt::Debug + Send + Sync {
    /// Every change after this place, and those to come. `None`: the directory never gave
    /// that place.
    fn changes_after<'a>(&'a self, cursor: &'a DirectoryCursor) -> Answer<'a, Option<Changes>>;
}

/// What is remembered of who is whom. Whoever implements it promises:
///
/// - what was learnt and how far the changes were followed commit together;
/// - what was learnt from one place on is taken in once, by whichever instance comes first;
/// - what a returned call learnt is in every later
///   [`access_bases`](crate::access_basis::AccessBasisSource::access_bases).
pub trait Identities: fmt::Debug + Send + Sync {
    /// How far the directory's changes were followed.
    fn directory_cursor(&self) -> Answer<'_, DirectoryCursor>;

    /// Takes in what was learnt, unless the changes were followed from its beginning on
    /// already. Gives how far they are followed now.
    fn learn<'a>(&'a self, learnt: &'a Learnt) -> Answer<'a, DirectoryCursor>;
}
