//! In which encoding a file is written, decided from what it holds.

use std::borrow::Cow;

use encoding_rs::WINDOWS_1252;

/// How the lines of a file are read. Decided by the first line with a byte above
/// 0x7F, and kept from then on.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Only ASCII so far: both readings agree.
    #[default]
    Undecided,
    /// UTF-8.
    Utf8,
    /// Windows-1252, the superset of Latin-1.
    Latin1,
}

/// A line that is not UTF-8 in a file that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotUtf8;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

impl Encoding {
    /// Takes the mark off the first line, and its word for the encoding.
    pub(super) fn without_mark<'a>(&mut self, first_line: &'a [u8]) -> &'a [u8] {
        match first_line.strip_prefix(BYTE_ORDER_MARK) {
            Some(rest) => {
                *self = Self::Utf8;
                rest
            }
            None => first_line,
        }
    }

    /// The text of a line.
    pub(super) fn read<'a>(&mut self, line: &'a [u8]) -> Result<Cow<'a, str>, NotUtf8> {
        if let Self::Latin1 = self {
            return Ok(latin1(line));
        }
        match (std::str::from_utf8(line), &self) {
            (Ok(text), _) => {
                if !text.is_ascii() {
                    *self = Self::Utf8;
                }
                Ok(Cow::Borrowed(text))
            }
            (Err(_), Self::Undecided) => {
                *self = Self::Latin1;
                Ok(latin1(line))
            }
            (Err(_), _) => Err(NotUtf8),
        }
    }
}

fn latin1(line: &[u8]) -> Cow<'_, str> {
    WINDOWS_1252.decode_without_bom_handling(line).0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_above_ascii_decides_for_the_file() {
        let mut encoding = Encoding::default();
        assert_eq!(encoding.read(b"plain").unwrap(), "plain");
        assert_eq!(encoding, Encoding::Undecided);
        assert_eq!(encoding.read("Libellé".as_bytes()).unwrap(), "Libellé");
        assert_eq!(encoding.read(b"Libell\xE9"), Err(NotUtf8));
        assert_eq!(encoding.read(b"plain").unwrap(), "plain");

        let mut encoding = Encoding::default();
        assert_eq!(encoding.read(b"Libell\xE9").unwrap(), "Libellé");
        assert_eq!(encoding.read("é".as_bytes()).unwrap(), "Ã©");
        assert_eq!(encoding.read(b"C\x9Cur").unwrap(), "Cœur");
    }

    #[test]
    fn a_byte_order_mark_is_taken_off_and_means_utf_8() {
        let mut encoding = Encoding::default();
        assert_eq!(encoding.without_mark(b"\xEF\xBB\xBFa"), b"a");
        assert_eq!(encoding.read(b"\xE9"), Err(NotUtf8));
    }

    #[test]
    fn every_byte_reads_as_some_character_of_latin_1() {
        let bytes: Vec<u8> = (0..=255).collect();
        let mut encoding = Encoding::Latin1;
        assert_eq!(encoding.read(&bytes).unwrap().chars().count(), 256);
    }
}
