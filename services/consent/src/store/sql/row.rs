//! Values of rows that rules of the domain speak of.

use std::fmt::Display;

use aval_database::DatabaseError;
use aval_domain::etag::Version;
use aval_domain::period::Period;
use aval_domain::time::Timestamp;

/// Which row is read: names it when it is bad.
#[derive(Clone, Copy)]
pub(super) struct Row<Id> {
    pub(super) table: &'static str,
    pub(super) id: Id,
}

impl<Id: Display> Row<Id> {
    /// The value, or the error that says which column is bad.
    pub(super) fn require<T>(
        &self,
        column: &'static str,
        value: Option<T>,
    ) -> Result<T, DatabaseError> {
        value.ok_or_else(|| DatabaseError::corrupt(self.table, column, &self.id))
    }

    pub(super) fn instant(
        &self,
        column: &'static str,
        micros: i64,
    ) -> Result<Timestamp, DatabaseError> {
        self.require(column, Timestamp::try_from(micros).ok())
    }

    pub(super) fn optional_instant(
        &self,
        column: &'static str,
        micros: Option<i64>,
    ) -> Result<Option<Timestamp>, DatabaseError> {
        micros
            .map(|micros| self.instant(column, micros))
            .transpose()
    }

    pub(super) fn period(&self, from: i64, until: Option<i64>) -> Result<Period, DatabaseError> {
        let from = self.instant("from_at", from)?;
        let until = self.optional_instant("until_at", until)?;
        self.require("until_at", Period::new(from, until).ok())
    }

    pub(super) fn version(&self, version: i64) -> Result<Version, DatabaseError> {
        self.require("version", u64::try_from(version).ok().map(Version))
    }
}

/// A version as it is stored. It counts changes of one row by hand: it fits.
pub(super) fn version_to_row(version: Version) -> i64 {
    i64::try_from(version.0).unwrap_or(i64::MAX)
}
