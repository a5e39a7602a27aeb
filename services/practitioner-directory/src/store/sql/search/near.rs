//! The words of the directory that are near those of a question.

use std::collections::{BTreeMap, BTreeSet};

use aval_database::DatabaseError;
use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, Order, Query};

use crate::store::sql::one_of::one_of;
use crate::words::NameQuestion;
use crate::words::near::{are_near, variants};

/// The most pairs of a variant and a word that are read for a question, however many
/// short words it has.
const MOST_PAIRS: u64 = 5_000;

/// The most words that one clause is widened by.
const MOST_NEAR: usize = 60;

/// The question with the near words of each clause. Clauses whose words nobody bore
/// come first: they are what was mistyped, and leave the fewest candidates.
pub(super) async fn widened(
    db: &impl ConnectionTrait,
    question: &NameQuestion,
) -> Result<NameQuestion, DatabaseError> {
    let mut question = question.clone();
    let typed: BTreeSet<&String> = question.clauses.iter().flat_map(|c| &c.words).collect();
    let known = known(db, typed.into_iter().flat_map(|word| variants(word))).await?;
    for clause in &mut question.clauses {
        let near = clause.words.iter().flat_map(|word| near(&known, word));
        clause.near = near.take(MOST_NEAR).collect();
    }
    question.clauses.sort_by_key(|clause| {
        let mut words = clause.words.iter();
        words.any(|word| {
            variants(word).is_empty() || known.get(word).is_some_and(|of| of.contains(word))
        })
    });
    Ok(question)
}

/// Known words near this one; those that begin alike first.
fn near(known: &BTreeMap<String, BTreeSet<String>>, typed: &str) -> Vec<String> {
    let meant = variants(typed)
        .into_iter()
        .filter_map(|variant| known.get(&variant))
        .flatten()
        .filter(|word| are_near(typed, word));
    let (alike, other): (BTreeSet<&String>, BTreeSet<&String>) =
        meant.partition(|word| word.chars().next() == typed.chars().next());
    alike.into_iter().chain(other).cloned().collect()
}

/// The known words of these variants.
async fn known(
    db: &impl ConnectionTrait,
    variants: impl Iterator<Item = String>,
) -> Result<BTreeMap<String, BTreeSet<String>>, DatabaseError> {
    let mut query = Query::select();
    query
        .columns(["variant", "word"])
        .from("word_variants")
        .and_where(one_of(db, Expr::col("variant"), variants))
        .order_by("variant", Order::Asc)
        .order_by("word", Order::Asc)
        .limit(MOST_PAIRS);
    let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in db.query_all(&query).await? {
        let word = row.try_get_by_index(1)?;
        known
            .entry(row.try_get_by_index(0)?)
            .or_default()
            .insert(word);
    }
    Ok(known)
}
