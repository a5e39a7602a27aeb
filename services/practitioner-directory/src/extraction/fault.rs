//! What is wrong with one row.

use std::borrow::Cow;

use aval_domain::id_nat_ps::IdNatPs;

/// A row that is put aside, and why. The others go on without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFault {
    /// The column at fault, as the file words it; empty: the row as a whole.
    pub column: String,
    /// The rule that it breaks: a fixed public sentence, never the value.
    pub reason: Cow<'static, str>,
    /// Whether the row is ill-formed, rather than well-formed and not understood
    /// (a profession that is not in the list): only ill-formed rows speak against
    /// the file.
    pub is_malformed: bool,
    /// Whose row it is, if that can be read.
    pub national_id: Option<IdNatPs>,
}

impl RowFault {
    /// The row as a whole is ill-formed.
    pub(super) fn row(reason: &'static str) -> Self {
        Self::column("", reason)
    }

    /// A column's value is ill-formed.
    pub(super) fn column(column: &str, reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            column: column.to_owned(),
            reason: reason.into(),
            is_malformed: true,
            national_id: None,
        }
    }

    /// A column's value is well-formed and unknown.
    pub(super) fn unknown(column: &str, reason: &'static str) -> Self {
        Self {
            is_malformed: false,
            ..Self::column(column, reason)
        }
    }
}
