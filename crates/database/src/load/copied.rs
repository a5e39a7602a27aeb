//! Rows of one table of PostgreSQL, as the binary format of `COPY` has them.

use sea_orm::prelude::Uuid;

/// What they begin with: a signature, no flags, and no more of a header.
const SIGNATURE: &[u8] = b"PGCOPY\n\xFF\r\n\0\0\0\0\0\0\0\0\0";
/// In the place of a number of values: there are no more rows.
const END: i16 = -1;
/// In the place of a value's length: it is null.
const NULL: i32 = -1;

/// Rows on their way into one table, value by value: what is written here is read nowhere
/// but there.
#[derive(Debug)]
pub struct CopiedRows {
    statement: String,
    columns: i16,
    bytes: Vec<u8>,
}

/// A row to be filled: as many values as there are columns, in their order.
#[derive(Debug)]
pub struct CopiedRow<'a>(&'a mut Vec<u8>);

impl CopiedRows {
    /// No row yet, of these columns; the others get what they have by default.
    #[must_use]
    pub fn into_table(table: &str, columns: &[&str]) -> Self {
        let statement = format!(
            "COPY {table} ({}) FROM STDIN (FORMAT BINARY)",
            columns.join(", ")
        );
        Self {
            statement,
            columns: i16::try_from(columns.len()).unwrap_or(i16::MAX),
            bytes: Vec::new(),
        }
    }

    /// Begins a row.
    pub fn row(&mut self) -> CopiedRow<'_> {
        if self.bytes.is_empty() {
            self.bytes.extend_from_slice(SIGNATURE);
        }
        self.bytes.extend(self.columns.to_be_bytes());
        CopiedRow(&mut self.bytes)
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The statement, and what is sent with it.
    pub(super) fn into_parts(mut self) -> (String, Vec<u8>) {
        self.bytes.extend(END.to_be_bytes());
        (self.statement, self.bytes)
    }
}

impl CopiedRow<'_> {
    /// A text.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.bytes(text.as_bytes())
    }

    /// Some bytes.
    ///
    /// # Panics
    ///
    /// When there are 2 GiB of them, which no value has.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        let length = i32::try_from(bytes.len()).expect("a value has less than 2 GiB");
        self.0.extend(length.to_be_bytes());
        self.0.extend_from_slice(bytes);
        self
    }

    /// An identifier.
    pub fn uuid(&mut self, uuid: Uuid) -> &mut Self {
        self.bytes(uuid.as_bytes())
    }

    /// A number of 64 bits.
    pub fn number(&mut self, number: i64) -> &mut Self {
        self.bytes(&number.to_be_bytes())
    }

    /// True or false.
    pub fn truth(&mut self, truth: bool) -> &mut Self {
        self.bytes(&[u8::from(truth)])
    }

    /// Nothing.
    pub fn null(&mut self) -> &mut Self {
        self.0.extend(NULL.to_be_bytes());
        self
    }
}
