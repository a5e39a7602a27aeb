//! People by their search keys, on PostgreSQL: all likenesses in one statement, whose cost
//! is that of the people who answer, not of those who share a word with them.

use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement, SimpleExpr};

use super::answered::Answered;
use super::name::{After, Names};
use super::{LIKENESS, ordinal, place};
use crate::error::Error;
use crate::search::{Likeness, PractitionerSearch};
use crate::store::sql::search_keys;
use crate::words::{Clause, NameQuestion};

const FOUND: &str = "found";

/// What is asked, in keys.
#[derive(Debug)]
pub(super) struct Keyed<'a> {
    search: &'a PractitionerSearch,
    /// With the near words of its clauses.
    question: &'a NameQuestion,
}

/// How a word of a clause is met by a key.
#[derive(Debug, Clone, Copy)]
enum By {
    Word,
    Beginning,
    Near,
}

impl<'a> Keyed<'a> {
    pub(super) const fn new(search: &'a PractitionerSearch, question: &'a NameQuestion) -> Self {
        Self { search, question }
    }

    /// The first of those who answer, from where the last page ended.
    pub(super) async fn answers(
        &self,
        db: &impl ConnectionTrait,
        after: Option<After<'_>>,
        wanted: u64,
    ) -> Result<Answered, Error> {
        let doubted = after.is_some_and(|after| after.likeness == Likeness::Doubtful);
        if !doubted {
            let answered = Answered::of(db, &self.certain(after, wanted)).await?;
            if after.is_some() || !answered.found.is_empty() {
                return Ok(answered);
            }
        }
        Answered::of(db, &self.doubtful(after, wanted)).await
    }

    /// Whoever answers in words, in their beginnings, or with a slip in one of them.
    fn certain(&self, after: Option<After<'_>>, wanted: u64) -> SelectStatement {
        let words = self.every(|_, clause| self.met(clause, &[By::Word]));
        let beginnings = self.every(|_, clause| self.met(clause, &[By::Beginning]));
        let slips = (0..self.question.clauses.len()).filter_map(|place| self.slip_at(place));
        let any = any(beginnings.clone().into_iter().chain(slips));
        let ordinal = |likeness: Likeness| Expr::val(ordinal(likeness));
        let likeness = Expr::case(matches(words), ordinal(Likeness::Words))
            .case(matches(beginnings), ordinal(Likeness::Beginnings))
            .finally(ordinal(Likeness::Mistyped));
        self.page(any, likeness.into(), after, wanted)
    }

    /// Whoever answers with slips in any number of words.
    fn doubtful(&self, after: Option<After<'_>>, wanted: u64) -> SelectStatement {
        let every = self.every(|_, clause| self.met(clause, &[By::Beginning, By::Near]));
        let likeness = Expr::val(ordinal(Likeness::Doubtful));
        self.page(every, likeness, after, wanted)
    }

    fn page(
        &self,
        keys: Option<String>,
        likeness: SimpleExpr,
        after: Option<After<'_>>,
        wanted: u64,
    ) -> SelectStatement {
        let id = (FOUND, "practitioner_id");
        let practice = all(self.practice());
        // Two words have few bearers, a profession has many: its list would be walked in
        // the index to leave some of those out. A single word has many bearers, too.
        let is_single = self.question.clauses.len() == 1;
        let (indexed, looked_at) = match practice {
            Some(practice) if is_single => (all(keys.into_iter().chain([practice])), None),
            practice => (keys, practice),
        };
        let mut matching = Query::select();
        matching
            .columns([(FOUND, "sort_name"), id])
            .expr_as(likeness, LIKENESS)
            .from_as("search_keys", FOUND)
            .and_where(Names::is_active(self.search.include_inactive))
            .and_where(matches(indexed));
        if let Some(practice) = looked_at {
            matching.and_where(has(practice));
        }
        if let Some(organization_id) = self.search.organization_id {
            matching.and_where(Expr::col(id).in_subquery(place::members(organization_id)));
        }
        if let Some(mut practises) = place::practises(self.search, id) {
            // Without the offset the planner joins all practice situations of the country.
            matching.and_where(Expr::exists(practises.offset(0).take()));
        }
        let order = [LIKENESS, "sort_name", "practitioner_id"];
        let mut page = Query::select();
        page.columns(["sort_name", "practitioner_id", LIKENESS])
            .from_subquery(matching, "answers");
        if let Some(after) = after {
            let place = Expr::tuple(order.map(Expr::col));
            page.and_where(place.gt(Expr::tuple([
                Expr::val(ordinal(after.likeness)),
                Expr::val(after.sort_name),
                Expr::val(after.id),
            ])));
        }
        for column in order {
            page.order_by(column, Order::Asc);
        }
        page.limit(wanted).take()
    }

    /// A slip in this clause, and every other one met by a word.
    fn slip_at(&self, place: usize) -> Option<String> {
        self.every(|at, clause| {
            let by = if at == place { By::Near } else { By::Word };
            self.met(clause, &[by])
        })
    }

    /// Every clause, met like this; `None` where one of them is not met at all.
    fn every(&self, met: impl Fn(usize, &Clause) -> Option<String>) -> Option<String> {
        let clauses = self.question.clauses.iter().enumerate();
        let each = clauses.map(|(at, clause)| met(at, clause));
        all(each.collect::<Option<Vec<_>>>()?)
    }

    /// How a clause is met; `None` where no word meets it.
    fn met(&self, clause: &Clause, by: &[By]) -> Option<String> {
        any(by.iter().flat_map(|by| {
            let words = match by {
                By::Word | By::Beginning => &clause.words,
                By::Near => &clause.near,
            };
            let is_beginning = matches!(by, By::Beginning);
            words.iter().map(move |word| {
                let key = search_keys::of_word(self.town(), word);
                quoted(&key, is_beginning)
            })
        }))
    }

    /// What the keys of practice situations must be, if they tell: where the inactive are
    /// looked for too, they do not.
    fn practice(&self) -> Vec<String> {
        if self.search.include_inactive {
            return Vec::new();
        }
        let profession = self.search.profession.iter();
        let profession = profession.map(|code| quoted(&search_keys::of_profession(code), false));
        let postal_code = self.search.place.postal_code.iter();
        let postal_code = postal_code.map(|code| quoted(&search_keys::of_postal_code(code), true));
        profession.chain(postal_code).collect()
    }

    fn town(&self) -> &str {
        if self.search.include_inactive {
            return "";
        }
        self.search.place.town.as_deref().unwrap_or_default()
    }
}

fn matches(keys: Option<String>) -> Expr {
    match keys {
        // The planner must not see the words: it would plan anew for each question, which
        // takes longer than answering it.
        Some(keys) => Expr::cust_with_values("found.keys @@ (SELECT CAST($1 AS tsquery))", [keys]),
        None => Expr::val(false),
    }
}

/// The same in a form that no index is asked for.
fn has(keys: String) -> Expr {
    Expr::cust_with_values(
        "(found.keys @@ (SELECT CAST($1 AS tsquery))) IS TRUE",
        [keys],
    )
}

/// A key as `tsquery` reads it, or all that begin so.
fn quoted(key: &str, is_beginning: bool) -> String {
    let key = key.replace('\\', "\\\\").replace('\'', "''");
    let beginning = if is_beginning { ":*" } else { "" };
    format!("'{key}'{beginning}")
}

fn all(of: impl IntoIterator<Item = String>) -> Option<String> {
    joined(of, " & ")
}

fn any(of: impl IntoIterator<Item = String>) -> Option<String> {
    joined(of, " | ")
}

fn joined(of: impl IntoIterator<Item = String>, by: &str) -> Option<String> {
    let of: Vec<String> = of.into_iter().collect();
    (!of.is_empty()).then(|| format!("({})", of.join(by)))
}

/// The statement for the first page of a search whose words are all known.
#[cfg(test)]
pub(in crate::store) fn searching_by_keys(search: &PractitionerSearch) -> sea_orm::Statement {
    let question = search.name.as_ref().expect("a name is searched");
    let page = Keyed::new(search, question).certain(None, search.page.size.with_one_more());
    crate::store::sql::gathered::gathering_answers(&page)
}
