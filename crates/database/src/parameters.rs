//! What a statement of many rows is given: on PostgreSQL, one array a column.

use std::fmt;

use sea_orm::prelude::Uuid;
use sea_orm::{DbBackend, Statement, Value};
use sqlx::Arguments as _;
use sqlx::postgres::PgArguments;

use crate::DatabaseError;

/// A value, or a whole column of them, borrowed where it can be: a batch of a thousand rows
/// has tens of thousands of values, and one of its own for each costs more than the rows.
#[derive(Debug, Clone)]
pub enum Parameter<'a> {
    /// One `bigint`.
    Bigint(i64),
    /// One `text`.
    Text(&'a str),
    /// A column of `bigint`.
    Bigints(Vec<i64>),
    /// A column of `integer`.
    Integers(Vec<i32>),
    /// A column of `boolean`.
    Booleans(Vec<bool>),
    /// A column of `uuid`.
    Uuids(Vec<Uuid>),
    /// A column of `text`.
    Texts(Vec<&'a str>),
    /// A column of `bytea`.
    Bytes(Vec<&'a [u8]>),
    /// A column of `bytea`, made for the statement.
    Blobs(Vec<Vec<u8>>),
}

/// The same statement for inside of a transaction.
#[must_use]
pub fn statement(
    engine: DbBackend,
    text: &'static str,
    parameters: Vec<Parameter<'_>>,
) -> Statement {
    let values = parameters.into_iter().map(Parameter::into_value);
    Statement::from_sql_and_values(engine, text, values)
}

/// Parameters as PostgreSQL's driver sends them. They borrow nothing, so that they can be made
/// while another statement runs.
pub struct Encoded(pub(crate) PgArguments);

/// Encodes these parameters.
pub fn encode(parameters: Vec<Parameter<'_>>) -> Result<Encoded, DatabaseError> {
    let mut arguments = PgArguments::default();
    // Grown value by value, the buffer of a large batch is copied again and again.
    let bytes = parameters.iter().map(Parameter::encoded_bytes).sum();
    arguments.reserve(parameters.len(), bytes);
    for parameter in parameters {
        let added = match parameter {
            Parameter::Bigint(number) => arguments.add(number),
            Parameter::Text(text) => arguments.add(text),
            Parameter::Bigints(numbers) => arguments.add(numbers),
            Parameter::Integers(numbers) => arguments.add(numbers),
            Parameter::Booleans(truths) => arguments.add(truths),
            Parameter::Uuids(ids) => arguments.add(ids),
            Parameter::Texts(texts) => arguments.add(texts),
            Parameter::Bytes(bytes) => arguments.add(bytes),
            Parameter::Blobs(blobs) => arguments.add(blobs),
        };
        added.map_err(sqlx::Error::Encode)?;
    }
    Ok(Encoded(arguments))
}

/// Never what they are.
impl fmt::Debug for Encoded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Encoded").finish_non_exhaustive()
    }
}

impl Parameter<'_> {
    /// How many bytes it takes in PostgreSQL's binary format: each value behind its length,
    /// an array behind its own and a header of 20 bytes.
    fn encoded_bytes(&self) -> usize {
        const LENGTH: usize = 4;
        const HEADER: usize = LENGTH + 20;
        let values = |count: usize, bytes: usize| HEADER + count * LENGTH + bytes;
        match self {
            Self::Bigint(_) => LENGTH + size_of::<i64>(),
            Self::Text(text) => LENGTH + text.len(),
            Self::Bigints(all) => values(all.len(), size_of_val(&**all)),
            Self::Integers(all) => values(all.len(), size_of_val(&**all)),
            Self::Booleans(all) => values(all.len(), all.len()),
            Self::Uuids(all) => values(all.len(), size_of_val(&**all)),
            Self::Texts(all) => values(all.len(), all.iter().map(|one| one.len()).sum()),
            Self::Bytes(all) => values(all.len(), all.iter().map(|one| one.len()).sum()),
            Self::Blobs(all) => values(all.len(), all.iter().map(Vec::len).sum()),
        }
    }

    fn into_value(self) -> Value {
        match self {
            Self::Bigint(number) => number.into(),
            Self::Text(text) => text.into(),
            Self::Bigints(numbers) => numbers.into(),
            Self::Integers(numbers) => numbers.into(),
            Self::Booleans(truths) => truths.into(),
            Self::Uuids(ids) => ids.into(),
            Self::Texts(texts) => {
                let texts = texts.into_iter().map(str::to_owned);
                texts.collect::<Vec<String>>().into()
            }
            Self::Bytes(bytes) => {
                let bytes = bytes.into_iter().map(<[u8]>::to_vec);
                bytes.collect::<Vec<Vec<u8>>>().into()
            }
            Self::Blobs(blobs) => blobs.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::ConnectionTrait;

    use super::*;
    use crate::Backend;
    use crate::testing::test_databases;

    /// One of each, and what they say as rows.
    const ROWS: &str = "SELECT number, text, small, truth, id::text, encode(bytes, 'hex'), \
        encode(blob, 'hex'), $1::bigint, $2::text \
        FROM unnest($3::bigint[], $4::text[], $5::integer[], $6::boolean[], $7::uuid[], \
            $8::bytea[], $9::bytea[]) AS row (number, text, small, truth, id, bytes, blob)";

    type Row = (i64, String, i32, bool, String, String, String, i64, String);

    fn parameters() -> Vec<Parameter<'static>> {
        vec![
            Parameter::Bigint(-7),
            Parameter::Text("é'"),
            Parameter::Bigints(vec![1, i64::MAX]),
            Parameter::Texts(vec!["", "a,b"]),
            Parameter::Integers(vec![3, i32::MIN]),
            Parameter::Booleans(vec![true, false]),
            Parameter::Uuids(vec![Uuid::nil(), Uuid::from_u128(1)]),
            Parameter::Bytes(vec![b"", b"\xff"]),
            Parameter::Blobs(vec![vec![0], Vec::new()]),
        ]
    }

    #[tokio::test]
    async fn what_is_sent_directly_is_what_a_transaction_sends() {
        for test in test_databases("parameters").await {
            if test.backend() != Backend::Postgres {
                continue;
            }
            let columns = |row: &sea_orm::QueryResult| -> Row {
                let text = |index| row.try_get_by_index::<String>(index).unwrap();
                (
                    row.try_get_by_index(0).unwrap(),
                    text(1),
                    row.try_get_by_index(2).unwrap(),
                    row.try_get_by_index(3).unwrap(),
                    text(4),
                    text(5),
                    text(6),
                    row.try_get_by_index(7).unwrap(),
                    text(8),
                )
            };
            let rows = test
                .db
                .transaction("database.test", async |tx| {
                    let asked = statement(DbBackend::Postgres, ROWS, parameters());
                    Ok::<_, DatabaseError>(tx.query_all_raw(asked).await?)
                })
                .await
                .unwrap();
            let rows: Vec<Row> = rows.iter().map(columns).collect();
            let directly = sqlx::query_as_with::<_, Row, _>(ROWS, encode(parameters()).unwrap().0);
            let pool = test.db.writer().get_postgres_connection_pool();
            assert_eq!(directly.fetch_all(pool).await.unwrap(), rows);
            assert_eq!(rows.len(), 2);
            let encoded = encode(parameters()).unwrap();
            let changed = test.db.change("database.test", ROWS, encoded).await;
            assert_eq!(changed.unwrap(), 2);
        }
    }
}
