//! Whom a search finds on PostgreSQL, with everything that is shown of them: one
//! statement, which is of one state without a transaction.

use std::collections::{HashMap, HashSet};

use aval_domain::time::Timestamp;
use sea_orm::ConnectionTrait;
use sea_orm::prelude::Uuid;
use sea_orm::sea_query::SelectStatement;

use super::{Found, ordinal};
use crate::error::Error;
use crate::index::Hit;
use crate::practitioner::Practitioner;
use crate::search::Likeness;
use crate::store::sql::gathered::Gathered;
use crate::store::sql::practitioners as people;

/// The answer to a search, before it is cut to its page.
#[derive(Debug)]
pub(super) struct Answered {
    /// In the order of the answer.
    pub(super) found: Vec<Found>,
    /// Those of them whose name another active practitioner bears.
    pub(super) homonyms: HashSet<Uuid>,
    pub(super) known: HashMap<Uuid, Practitioner>,
    pub(super) as_of: Option<Timestamp>,
    /// At which the directory was.
    pub(super) revision: Option<u64>,
}

impl Answered {
    /// Asks this page of names, identifiers and likenesses.
    pub(super) async fn of(
        db: &impl ConnectionTrait,
        page: &SelectStatement,
    ) -> Result<Self, Error> {
        Self::from(Gathered::of_answers(db, page).await?)
    }

    /// Reads these people, with how well they answer.
    pub(super) async fn of_listed(db: &impl ConnectionTrait, hits: &[Hit]) -> Result<Self, Error> {
        let listed = hits.iter();
        let listed = listed.map(|hit| (hit.practitioner_id.as_uuid(), ordinal(hit.likeness)));
        Self::from(Gathered::of_listed(db, listed).await?)
    }

    fn from(mut gathered: Gathered) -> Result<Self, Error> {
        let mut found = Vec::new();
        let mut homonyms = HashSet::new();
        for answer in std::mem::take(&mut gathered.answers) {
            if answer.homonym {
                homonyms.insert(answer.practitioner_id);
            }
            found.push(Found {
                likeness: likeness(answer.likeness),
                sort_name: answer.sort_name,
                id: answer.practitioner_id,
            });
        }
        // The statement gives its rows in no order; the database compares bytes, too.
        found.sort_unstable();
        let (as_of, revision) = (gathered.as_of, gathered.revision);
        let known = people::known(gathered)?;
        Ok(Self {
            found,
            homonyms,
            known,
            as_of,
            revision,
        })
    }
}

fn likeness(number: i32) -> Likeness {
    let is_it = |known: &Likeness| ordinal(*known) == number;
    Likeness::ALL
        .into_iter()
        .find(is_it)
        .unwrap_or(Likeness::Doubtful)
}
