//! The words of names.

use sea_orm::ExprTrait;
use sea_orm::prelude::Uuid;
use sea_orm::sea_query::{Condition, Expr, Order, Query, SelectStatement};

use crate::search::{Likeness, OrganizationPosition, PractitionerPosition};
use crate::words::{Clause, NameQuestion};

/// A table that is read in the order of names.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names {
    pub(super) table: &'static str,
    id: &'static str,
}

/// Where the last page ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct After<'a> {
    pub(super) likeness: Likeness,
    pub(super) sort_name: &'a str,
    pub(super) id: Uuid,
}

/// Sorts after every text that begins like the one before it: no character is higher,
/// and both engines compare byte by byte.
const HIGHEST: char = char::MAX;

impl<'a> After<'a> {
    pub(super) fn practitioner(position: &'a PractitionerPosition) -> Self {
        Self {
            likeness: position.likeness,
            sort_name: &position.sort_name,
            id: position.id.as_uuid(),
        }
    }

    pub(super) fn organization(position: &'a OrganizationPosition) -> Self {
        Self {
            likeness: position.likeness,
            sort_name: &position.sort_name,
            id: position.id.as_uuid(),
        }
    }
}

impl Names {
    /// The name of the table in the query.
    pub(super) const ALIAS: &'static str = "found";

    /// The words of structures' names.
    pub(super) const ORGANIZATIONS: Self = Self {
        table: "organization_words",
        id: "organization_id",
    };

    /// People themselves.
    pub(super) const PEOPLE: Self = Self {
        table: "practitioners",
        id: "practitioner_id",
    };

    /// Whose name it is.
    pub(super) const fn id(self) -> (&'static str, &'static str) {
        (Self::ALIAS, self.id)
    }

    /// The order of names.
    pub(super) const SORT_NAME: (&'static str, &'static str) = (Self::ALIAS, "sort_name");

    /// Who practises now, or everybody.
    pub(super) fn is_active(include_inactive: bool) -> Expr {
        let active = Expr::col((Self::ALIAS, "active"));
        if include_inactive {
            return active.is_in([true, false]);
        }
        active.eq(true)
    }

    /// What practises under a name that answers the question so well, and no better. No slip
    /// is forgiven.
    pub(super) fn answering(self, question: &NameQuestion, likeness: Likeness) -> SelectStatement {
        let mut query = Query::select();
        query
            .column(Self::SORT_NAME)
            .column(self.id())
            .from_as(self.table, Self::ALIAS)
            .and_where(Self::is_active(false));
        let mut clauses = question.clauses.iter();
        // The first clause has the longest words, so the fewest names.
        if let Some(first) = clauses.next() {
            query.cond_where(meets(Self::ALIAS, first, likeness));
            if likeness != Likeness::Words || first.words.len() > 1 {
                query.distinct();
            }
        }
        for clause in clauses {
            query.and_where(self.has(clause, likeness));
        }
        if likeness != Likeness::Words {
            let clauses = question.clauses.iter();
            let better = clauses.fold(Condition::all(), |all, clause| {
                all.add(self.has(clause, Likeness::Words))
            });
            query.cond_where(better.not());
        }
        query
    }

    /// Puts the answers in order, from where the last page ended.
    pub(super) fn page(self, query: &mut SelectStatement, after: Option<After<'_>>, limit: u64) {
        if let Some(after) = after {
            let name = || Expr::col(Self::SORT_NAME);
            query.cond_where(
                Condition::any().add(name().gt(after.sort_name)).add(
                    Condition::all()
                        .add(name().eq(after.sort_name))
                        .add(Expr::col(self.id()).gt(after.id)),
                ),
            );
            // Says the same again, in the form that an index is read from.
            query.and_where(name().gte(after.sort_name));
        }
        query
            .order_by(Self::SORT_NAME, Order::Asc)
            .order_by(self.id(), Order::Asc)
            .limit(limit);
    }

    /// Whether the same name also has a word of this clause.
    fn has(self, clause: &Clause, likeness: Likeness) -> Expr {
        const OTHER: &str = "other";

        let mut word = Query::select();
        word.expr(Expr::val(1))
            .from_as(self.table, OTHER)
            .and_where(Expr::col((OTHER, self.id)).equals(self.id()))
            .cond_where(meets(OTHER, clause, likeness));
        Expr::exists(word)
    }
}

/// Whether a word meets a clause.
fn meets(table: &'static str, clause: &Clause, likeness: Likeness) -> Condition {
    let word = || Expr::col((table, "word"));
    match likeness {
        Likeness::Words if clause.words.len() == 1 => {
            Condition::all().add(word().eq(clause.words.iter().next().map(String::as_str)))
        }
        Likeness::Words => {
            Condition::all().add(word().is_in(clause.words.iter().map(String::as_str)))
        }
        _ => begins(word, clause),
    }
}

/// Whether a word begins like one of the clause.
fn begins(word: impl Fn() -> Expr, clause: &Clause) -> Condition {
    let beginnings = clause.words.iter();
    beginnings.fold(Condition::any(), |any, beginning| {
        any.add(begins_with(word(), beginning))
    })
}

/// Whether a text begins so, in a form that an index is read from.
pub(super) fn begins_with(text: Expr, beginning: &str) -> Condition {
    Condition::all()
        .add(text.clone().gte(beginning))
        .add(text.lt(format!("{beginning}{HIGHEST}")))
}
