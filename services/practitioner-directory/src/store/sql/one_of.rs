//! Rows whose column is one of several values.

use sea_orm::sea_query::extension::postgres::PgFunc;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ConnectionTrait, DbBackend, Value};

/// Whether this is one of these. PostgreSQL is given one array: so the statement is the
/// same however many there are, and is planned once.
pub(super) fn one_of<V: Into<Value>>(
    db: &impl ConnectionTrait,
    column: Expr,
    values: impl IntoIterator<Item = V>,
) -> Expr {
    let values: Vec<Value> = values.into_iter().map(Into::into).collect();
    match values.first() {
        Some(first) if db.get_database_backend() == DbBackend::Postgres => {
            let array = Value::Array(first.array_type(), Some(Box::new(values)));
            column.eq(PgFunc::any(Expr::val(array)))
        }
        _ => column.is_in(values),
    }
}
