//! Tables by the million rows, read as they come.
//!
//! PostgreSQL copies: the answer to a query would be rows of their own, each with the names
//! and types of its values, or one row as long as the table; a copy is a stream of values, of
//! which no more is here than what came last.

use futures::StreamExt;
use sea_orm::DbErr;
use sqlx::{Executor, PgPool};
use tracing::Instrument;

use crate::{Database, DatabaseError};

/// What a copy begins with, before its flags and the length of the rest of its header.
const SIGNATURE: &[u8; 11] = b"PGCOPY\n\xFF\r\n\0";
/// After so many rows whoever else waits for this thread has their turn.
const ROWS_AT_ONCE: u32 = 1_000;

impl Database {
    /// Reads all rows of a query on PostgreSQL as they come, however long that takes. `take`
    /// has the values of each, `N` of them in PostgreSQL's binary form and none of them null,
    /// with what was made of the rows before; what was made of all is the answer.
    ///
    /// All rows are of one state. Whoever stops waiting has them read to their end all the
    /// same.
    pub async fn copy_out<const N: usize, T: Send + 'static>(
        &self,
        name: &'static str,
        query: &str,
        into: T,
        take: fn(&mut T, [&[u8]; N]) -> Result<(), DatabaseError>,
    ) -> Result<T, DatabaseError> {
        if self.backend() != crate::Backend::Postgres {
            return Err(unread("only PostgreSQL copies"));
        }
        let pool = self.reader().get_postgres_connection_pool().clone();
        let copy = format!("COPY ({query}) TO STDOUT (FORMAT BINARY)");
        let span = tracing::info_span!("transaction", otel.name = name, transaction.name = name);
        // A connection that is left in the middle of a copy is of no use to whoever has it
        // next: a task of its own comes to its end whoever stops waiting for it.
        let reading = tokio::spawn(read(pool, copy, into, take).instrument(span));
        reading
            .await
            .map_err(|_| unread("a copy comes to its end"))?
    }
}

async fn read<const N: usize, T>(
    pool: PgPool,
    copy: String,
    mut into: T,
    take: fn(&mut T, [&[u8]; N]) -> Result<(), DatabaseError>,
) -> Result<T, DatabaseError> {
    let mut tx = match pool.begin().await {
        // The connection was still answering somebody who is gone; by now it has.
        Err(sqlx::Error::BeginFailed) => pool.begin().await?,
        begun => begun?,
    };
    tx.execute("SET LOCAL statement_timeout = 0").await?;
    let mut rows = Rows::default();
    let mut outcome = Ok(());
    let mut waited = 0;
    {
        let mut pieces = tx.copy_out_raw(&copy).await?;
        while let Some(piece) = pieces.next().await {
            let piece = piece?;
            // The rest is read in any case.
            if outcome.is_ok() {
                outcome = rows.push(&piece, |row| take(&mut into, row));
            }
            waited += 1;
            if waited == ROWS_AT_ONCE {
                waited = 0;
                tokio::task::yield_now().await;
            }
        }
    }
    tx.commit().await?;
    outcome?;
    if rows.has_ended {
        Ok(into)
    } else {
        Err(unread("a copy has an end"))
    }
}

/// What came of a copy and was not taken yet.
#[derive(Debug, Default)]
struct Rows {
    bytes: Vec<u8>,
    has_begun: bool,
    has_ended: bool,
}

impl Rows {
    /// Takes every row that is whole by now.
    fn push<const N: usize>(
        &mut self,
        piece: &[u8],
        mut take: impl FnMut([&[u8]; N]) -> Result<(), DatabaseError>,
    ) -> Result<(), DatabaseError> {
        self.bytes.extend_from_slice(piece);
        let mut rest = self.bytes.as_slice();
        if !self.has_begun {
            let Some(behind) = behind_header(rest)? else {
                return Ok(());
            };
            rest = behind;
            self.has_begun = true;
        }
        loop {
            match row(rest)? {
                Next::Row(values, behind) => {
                    take(values)?;
                    rest = behind;
                }
                Next::More => break,
                Next::End => {
                    self.has_ended = true;
                    rest = &[];
                    break;
                }
            }
        }
        let taken = self.bytes.len() - rest.len();
        self.bytes.drain(..taken);
        Ok(())
    }
}

/// What stands next in a copy.
enum Next<'a, const N: usize> {
    /// A row, and what is behind it.
    Row([&'a [u8]; N], &'a [u8]),
    /// Part of a row.
    More,
    /// Nothing, and there never will.
    End,
}

fn behind_header(bytes: &[u8]) -> Result<Option<&[u8]>, DatabaseError> {
    let Some((signature, rest)) = bytes.split_first_chunk() else {
        return Ok(None);
    };
    if signature != SIGNATURE {
        return Err(unread("a copy is of the binary form"));
    }
    let Some((_flags, rest)) = rest.split_first_chunk::<4>() else {
        return Ok(None);
    };
    let Some((length, rest)) = rest.split_first_chunk() else {
        return Ok(None);
    };
    Ok(rest.get(u32::from_be_bytes(*length) as usize..))
}

fn row<const N: usize>(bytes: &[u8]) -> Result<Next<'_, N>, DatabaseError> {
    let Some((count, mut rest)) = bytes.split_first_chunk() else {
        return Ok(Next::More);
    };
    let count = i16::from_be_bytes(*count);
    if count == -1 {
        return Ok(Next::End);
    }
    if usize::try_from(count) != Ok(N) {
        return Err(unread("a row has as many values as are taken"));
    }
    let mut values = [[].as_slice(); N];
    for value in &mut values {
        let Some((length, behind)) = rest.split_first_chunk() else {
            return Ok(Next::More);
        };
        let length = usize::try_from(i32::from_be_bytes(*length));
        let length = length.map_err(|_| unread("no value is null"))?;
        let Some((found, behind)) = behind.split_at_checked(length) else {
            return Ok(Next::More);
        };
        *value = found;
        rest = behind;
    }
    Ok(Next::Row(values, rest))
}

fn unread(rule: &str) -> DatabaseError {
    DbErr::Custom(rule.to_owned()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Backend;
    use crate::testing::test_databases;

    type Read = Vec<(i64, String)>;

    fn take(read: &mut Read, [number, text]: [&[u8]; 2]) -> Result<(), DatabaseError> {
        let number = number
            .first_chunk()
            .ok_or_else(|| unread("eight bytes are a number"))?;
        let text = String::from_utf8_lossy(text).into_owned();
        read.push((i64::from_be_bytes(*number), text));
        Ok(())
    }

    const QUERY: &str = "\
        SELECT n, repeat('é', (n % 40)::integer) FROM generate_series(0::bigint, 4999) n";

    #[tokio::test]
    async fn every_row_comes_out_once_and_as_it_is() {
        let name = concat!(module_path!(), "::every_row_comes_out");
        for database in test_databases(name).await {
            let db = &database.db;
            let read = db.copy_out("test.copy_out", QUERY, Read::new(), take).await;
            if db.backend() != Backend::Postgres {
                assert!(read.is_err());
                continue;
            }
            let expected = (0..5_000).map(|n: i64| {
                let length = usize::try_from(n % 40).unwrap();
                (n, "é".repeat(length))
            });
            assert_eq!(read.unwrap(), expected.collect::<Read>());
            // Whatever fails, the connections serve on.
            for query in [
                "SELECT n, NULL::text FROM generate_series(0::bigint, 4999) n",
                "SELECT n FROM generate_series(0::bigint, 4999) n",
                "SELECT 1 / (4000 - n), '' FROM generate_series(0::bigint, 4999) n",
                "SELECT nothing",
            ] {
                let failed = db.copy_out("test.copy_out", query, Read::new(), take).await;
                assert!(failed.is_err(), "{query}");
            }
            let read = db.copy_out("test.copy_out", QUERY, Read::new(), take).await;
            assert_eq!(read.unwrap().len(), 5_000);
        }
    }

    #[test]
    fn however_a_copy_is_cut_the_same_rows_are_in_it() {
        let mut copy = SIGNATURE.to_vec();
        copy.extend([0, 0, 0, 0, 0, 0, 0, 2, 7, 7]);
        for (number, text) in [(1_i64, "un"), (2, ""), (3, "trois")] {
            copy.extend(2_i16.to_be_bytes());
            for value in [number.to_be_bytes().as_slice(), text.as_bytes()] {
                copy.extend(i32::try_from(value.len()).unwrap().to_be_bytes());
                copy.extend_from_slice(value);
            }
        }
        copy.extend((-1_i16).to_be_bytes());
        for length in 1..=copy.len() {
            let (mut rows, mut read) = (Rows::default(), Read::new());
            for piece in copy.chunks(length) {
                assert!(!rows.has_ended);
                rows.push(piece, |row| take(&mut read, row)).unwrap();
            }
            assert!(rows.has_ended);
            let texts: Vec<&str> = read.iter().map(|(_, text)| text.as_str()).collect();
            assert_eq!(texts, ["un", "", "trois"]);
        }
    }
}
