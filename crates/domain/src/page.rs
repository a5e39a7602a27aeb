//! How many items a list gives at once.

use crate::InvalidValue;

/// The size of a page of a list, 1 to 200.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PageSize(u16);

impl PageSize {
    /// What a request that says nothing gets.
    pub const DEFAULT: Self = Self(50);
    /// The most that a request gets.
    pub const MAX: Self = Self(200);

    /// The size that a request asks for (AIP-158): 0 gives
    /// [`DEFAULT`](Self::DEFAULT), too many give [`MAX`](Self::MAX), a negative
    /// number is an error.
    pub fn from_request(page_size: i32) -> Result<Self, InvalidValue> {
        let asked = u32::try_from(page_size)
            .map_err(|_| InvalidValue::new("page size", "it is not negative"))?;
        if asked == 0 {
            return Ok(Self::DEFAULT);
        }
        Ok(u16::try_from(asked).map_or(Self::MAX, |size| Self(size).min(Self::MAX)))
    }

    /// The number of items.
    #[must_use]
    pub const fn get(self) -> usize {
        self.0 as usize
    }

    /// One item more than the page: a query with this limit also learns whether
    /// another page follows.
    #[must_use]
    pub const fn with_one_more(self) -> u64 {
        self.0 as u64 + 1
    }
}

impl Default for PageSize {
    fn default() -> Self {
        Self::DEFAULT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_size_is_defaulted_capped_or_refused() {
        let size = |asked| PageSize::from_request(asked).map(PageSize::get);
        assert_eq!(size(0), Ok(50));
        assert_eq!(size(1), Ok(1));
        assert_eq!(size(200), Ok(200));
        assert_eq!(size(201), Ok(200));
        assert_eq!(size(i32::MAX), Ok(200));
        assert!(size(-1).is_err());
        assert!(size(i32::MIN).is_err());
    }

    #[test]
    fn one_more_than_the_page_is_asked_of_the_store() {
        assert_eq!(PageSize::MAX.with_one_more(), 201);
    }
}
