//! The part of an identifier that a structure's own register gave.

use std::fmt;

use crate::InvalidValue;

/// A person's number in the register of a structure: 1 to 64 visible ASCII
/// characters, none of them `/` or `@`. Cloning it is cheap.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalNumber(std::sync::Arc<str>);

impl LocalNumber {
    /// The most characters it has.
    pub const MAX_LENGTH: usize = 64;

    /// Takes `text` as it is.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let allowed = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'/' | b'@');
        if !(1..=Self::MAX_LENGTH).contains(&text.len()) || !text.bytes().all(allowed) {
            let rule = "it has 1 to 64 visible ASCII characters, none of them '/' or '@'";
            return Err(InvalidValue::new("local number", rule));
        }
        Ok(Self(text.into()))
    }

    /// The number as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LocalNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}
