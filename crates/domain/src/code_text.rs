//! A short ASCII code held in place: copying it allocates nothing.

use std::fmt;

/// At most `N` ASCII bytes, the unused ones zero. Ordered and compared as text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct CodeText<const N: usize>([u8; N]);

impl<const N: usize> CodeText<N> {
    /// Holds `text`, or `None` when it is too long or not printable ASCII.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let mut bytes = [0; N];
        bytes
            .get_mut(..text.len())?
            .copy_from_slice(text.as_bytes());
        let printable = text.bytes().all(|byte| byte.is_ascii_graphic());
        printable.then_some(Self(bytes))
    }

    /// Holds a literal. Fails to compile in a constant when it is too long.
    pub(crate) const fn of(text: &str) -> Self {
        let mut bytes = [0; N];
        let (taken, _) = bytes.split_at_mut(text.len());
        taken.copy_from_slice(text.as_bytes());
        Self(bytes)
    }

    pub(crate) fn as_str(&self) -> &str {
        let length = self.0.iter().position(|byte| *byte == 0).unwrap_or(N);
        std::str::from_utf8(&self.0[..length]).expect("only ASCII is ever stored")
    }
}

impl<const N: usize> fmt::Debug for CodeText<N> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_of_the_full_length_is_kept_and_a_longer_one_refused() {
        assert_eq!(CodeText::<4>::new("SM26").unwrap().as_str(), "SM26");
        assert_eq!(CodeText::<4>::new("SM260"), None);
        assert_eq!(CodeText::<4>::new("SM\u{e9}"), None);
        assert_eq!(CodeText::<4>::new("S\0"), None);
    }

    #[test]
    fn codes_sort_as_their_text() {
        assert!(CodeText::<4>::of("SM1") < CodeText::<4>::of("SM10"));
        assert!(CodeText::<4>::of("SA99") < CodeText::<4>::of("SM01"));
    }
}
