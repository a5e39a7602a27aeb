//! What the text formats have in common: numbered lines and decimals with one spelling.

/// A line that does not read as its format says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: expected {expected}")]
pub struct Malformed {
    /// Line number in the text that was parsed, from 1. One past the last line if the text stops short.
    pub line: usize,
    /// What should have stood there.
    pub expected: &'static str,
}

impl Malformed {
    pub(crate) const fn at(line: usize, expected: &'static str) -> Self {
        Self { line, expected }
    }

    /// The same complaint about a text that begins after `lines` lines of another.
    pub(crate) const fn after(self, lines: usize) -> Self {
        Self {
            line: self.line.saturating_add(lines),
            expected: self.expected,
        }
    }
}

/// Reads ASCII decimal digits without sign, space or leading zero.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let has_leading_zero = text.len() > 1 && text.starts_with('0');
    if has_leading_zero || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// The line number of the byte at this offset.
pub(crate) fn line_at(bytes: &[u8], offset: usize) -> usize {
    1 + bytes
        .iter()
        .take(offset)
        .filter(|byte| **byte == b'\n')
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_has_one_spelling() {
        assert_eq!(decimal("0"), Some(0));
        assert_eq!(decimal("18446744073709551615"), Some(u64::MAX));
        for other in [
            "",
            "00",
            "01",
            "+1",
            "-1",
            " 1",
            "1 ",
            "1_0",
            "١",
            "18446744073709551616",
        ] {
            assert_eq!(decimal(other), None, "{other}");
        }
    }

    #[test]
    fn lines_are_counted_from_one() {
        let offsets = [0, 1, 2, 4, 9];
        assert_eq!(
            offsets.map(|offset| line_at(b"a\nb\nc", offset)),
            [1, 1, 2, 3, 3]
        );
    }
}
