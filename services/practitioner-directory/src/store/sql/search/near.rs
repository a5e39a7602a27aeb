//! The words of the directory that are near those of a question.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use aval_database::DatabaseError;
use quick_cache::sync::Cache;
use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, JoinType, Order, Query, SelectStatement};

use crate::store::sql::count;
use crate::store::sql::one_of::one_of;
use crate::words::NameQuestion;
use crate::words::near::{are_near, variants};

/// The most pairs of a variant and a word that are read for a question, however many
/// short words it has.
const MOST_PAIRS: u64 = 5_000;

/// The most words that one clause is widened by.
const MOST_NEAR: usize = 60;

/// The most words of questions whose near words are remembered.
const MOST_REMEMBERED: usize = 10_000;

/// The near words of a question's words, as they were at a revision of the directory.
#[derive(Debug)]
pub(super) struct NearWords {
    pub(super) revision: u64,
    of: BTreeMap<String, Arc<Looked>>,
    /// Whether there were too many to read them all.
    is_cut: bool,
}

/// What was looked up of a word that was typed.
#[derive(Debug)]
struct Looked {
    /// Those that begin alike first.
    near: Vec<String>,
    /// Whether somebody bears it, or it is too short to tell.
    is_borne: bool,
}

impl NearWords {
    /// Reads one state of the directory.
    pub(super) async fn look_up(
        db: &impl ConnectionTrait,
        question: &NameQuestion,
    ) -> Result<Self, DatabaseError> {
        let typed = typed(question);
        let variants = typed.iter().flat_map(|word| variants(word));
        let mut revision = 0;
        let mut pairs = 0;
        let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for row in db.query_all(&looking_up(db, variants)).await? {
            revision = row.try_get_by_index(0)?;
            let variant: Option<String> = row.try_get_by_index(1)?;
            let word: Option<String> = row.try_get_by_index(2)?;
            if let Some((variant, word)) = variant.zip(word) {
                known.entry(variant).or_default().insert(word);
                pairs += 1;
            }
        }
        let of = typed.into_iter().map(|word| {
            let looked = Looked::of(word, &known);
            (word.clone(), Arc::new(looked))
        });
        Ok(Self {
            revision: count("directory_clock", "revision", revision)?,
            of: of.collect(),
            is_cut: pairs == MOST_PAIRS,
        })
    }

    /// The question with the near words of each clause. Clauses whose words nobody bore
    /// come first: they are what was mistyped, and leave the fewest candidates.
    pub(super) fn widen(&self, question: &NameQuestion) -> NameQuestion {
        let mut question = question.clone();
        for clause in &mut question.clauses {
            let near = clause.words.iter().filter_map(|word| self.of.get(word));
            let near = near.flat_map(|looked| &looked.near);
            clause.near = near.take(MOST_NEAR).cloned().collect();
        }
        question.clauses.sort_by_key(|clause| {
            let mut looked = clause.words.iter().filter_map(|word| self.of.get(word));
            looked.any(|looked| looked.is_borne)
        });
        question
    }
}

impl Looked {
    fn of(typed: &str, known: &BTreeMap<String, BTreeSet<String>>) -> Self {
        let variants = variants(typed);
        let known_as_typed = known.get(typed);
        let is_borne = variants.is_empty() || known_as_typed.is_some_and(|of| of.contains(typed));
        let meant = variants
            .iter()
            .filter_map(|variant| known.get(variant))
            .flatten()
            .filter(|word| are_near(typed, word));
        let (alike, other): (BTreeSet<&String>, BTreeSet<&String>) =
            meant.partition(|word| word.chars().next() == typed.chars().next());
        let near = alike.into_iter().chain(other).take(MOST_NEAR);
        Self {
            near: near.cloned().collect(),
            is_borne,
        }
    }
}

fn typed(question: &NameQuestion) -> BTreeSet<&String> {
    question.clauses.iter().flat_map(|c| &c.words).collect()
}

/// The revision, and beside it the known words of these variants.
fn looking_up(
    db: &impl ConnectionTrait,
    variants: impl Iterator<Item = String>,
) -> SelectStatement {
    const NEAR: &str = "near";

    let mut near = Query::select();
    near.columns(["variant", "word"])
        .from("word_variants")
        .and_where(one_of(db, Expr::col("variant"), variants))
        .order_by("variant", Order::Asc)
        .order_by("word", Order::Asc)
        .limit(MOST_PAIRS);
    let mut query = Query::select();
    query
        .column("revision")
        .columns([(NEAR, "variant"), (NEAR, "word")])
        .from("directory_clock")
        .join_subquery(JoinType::LeftJoin, near, NEAR, Expr::val(true));
    query
}

/// The near words of words that were asked for before.
///
/// They are those of one revision. A search says at which one it was answered; if that is
/// another, what it found by these is not the answer, and they are forgotten.
pub(in crate::store::sql) struct RememberedWords(Cache<String, (u64, Arc<Looked>)>);

impl RememberedWords {
    /// None yet.
    pub(in crate::store::sql) fn new() -> Self {
        Self(Cache::new(MOST_REMEMBERED))
    }

    /// Those of all words of the question, if all are remembered and of one revision.
    pub(super) fn of(&self, question: &NameQuestion) -> Option<NearWords> {
        let mut revisions = BTreeSet::new();
        let mut of = BTreeMap::new();
        for word in typed(question) {
            let (revision, looked) = self.0.get(word)?;
            revisions.insert(revision);
            of.insert(word.clone(), looked);
        }
        let revision = revisions.pop_first()?;
        revisions.is_empty().then_some(NearWords {
            revision,
            of,
            is_cut: false,
        })
    }

    /// Keeps what was looked up, unless it is not all.
    pub(super) fn note(&self, near: &NearWords) {
        if near.is_cut {
            return;
        }
        for (word, looked) in &near.of {
            let looked = (near.revision, Arc::clone(looked));
            self.0.insert(word.clone(), looked);
        }
    }

    /// The directory is at another revision.
    pub(super) fn forget(&self) {
        self.0.clear();
    }
}

impl fmt::Debug for RememberedWords {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("RememberedWords")
            .field(&self.0.len())
            .finish()
    }
}
