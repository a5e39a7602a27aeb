//! Bytes to lines, whatever the pieces in which they come.

/// The longest line that is read, in bytes, without its end. Published rows have
/// less than 2,000.
pub const LONGEST_LINE: usize = 64 * 1024;

/// One line of the file, without its end (LF or CR LF).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RawLine<'a> {
    /// Its bytes.
    Bytes(&'a [u8]),
    /// It has more than [`LONGEST_LINE`] bytes; they were not kept.
    TooLong,
}

/// Splits pieces into lines. Holds at most one unfinished line.
#[derive(Debug, Default)]
pub(super) struct Lines {
    unfinished: Vec<u8>,
    too_long: bool,
    finished: u64,
}

impl Lines {
    /// Gives each line that `piece` completes to `each`, with its number from 1.
    pub(super) fn push<E>(
        &mut self,
        mut piece: &[u8],
        mut each: impl FnMut(u64, RawLine<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        while let Some(end) = memchr::memchr(b'\n', piece) {
            let (line, rest) = piece.split_at(end);
            piece = &rest[1..];
            self.finished += 1;
            if self.unfinished.is_empty() && !self.too_long {
                each(self.finished, raw(line))?;
                continue;
            }
            self.keep(line);
            let outcome = if self.too_long {
                each(self.finished, RawLine::TooLong)
            } else {
                each(self.finished, raw(&self.unfinished))
            };
            self.unfinished.clear();
            self.too_long = false;
            outcome?;
        }
        self.keep(piece);
        Ok(())
    }

    /// What stands after the last line end, with its number, if anything does.
    pub(super) fn unterminated(&self) -> Option<(u64, RawLine<'_>)> {
        let number = self.finished + 1;
        if self.too_long {
            return Some((number, RawLine::TooLong));
        }
        (!self.unfinished.is_empty()).then(|| (number, raw(&self.unfinished)))
    }

    fn keep(&mut self, part: &[u8]) {
        // One byte more than a line: the CR before its end.
        if self.unfinished.len() + part.len() > LONGEST_LINE + 1 {
            self.too_long = true;
            self.unfinished.clear();
        }
        if !self.too_long {
            self.unfinished.extend_from_slice(part);
        }
    }
}

fn raw(line: &[u8]) -> RawLine<'_> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.len() > LONGEST_LINE {
        return RawLine::TooLong;
    }
    RawLine::Bytes(line)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines_of(pieces: &[&[u8]]) -> Vec<Option<Vec<u8>>> {
        let mut lines = Lines::default();
        let mut found = Vec::new();
        let kept = |line: RawLine<'_>| match line {
            RawLine::Bytes(bytes) => Some(bytes.to_vec()),
            RawLine::TooLong => None,
        };
        for piece in pieces {
            lines
                .push(piece, |number, line| {
                    assert_eq!(number, found.len() as u64 + 1);
                    found.push(kept(line));
                    Ok::<(), ()>(())
                })
                .unwrap();
        }
        found.extend(lines.unterminated().map(|(_, line)| kept(line)));
        found
    }

    #[test]
    fn both_line_ends_are_taken_off_and_the_last_line_may_have_none() {
        let found = lines_of(&[b"a\r\nb\n\nc\r"]);
        let expected = ["a", "b", "", "c"].map(|line| Some(line.as_bytes().to_vec()));
        assert_eq!(found, expected);
    }

    #[test]
    fn a_line_of_ten_megabytes_is_one_line_too_long_and_is_not_kept() {
        let piece = vec![b'x'; 1024 * 1024];
        let mut lines = Lines::default();
        for _ in 0..10 {
            lines.push(&piece, |_, _| Err(())).unwrap();
            assert!(lines.unfinished.capacity() <= 2 * LONGEST_LINE);
        }
        let mut found = Vec::new();
        lines
            .push(b"\nnext\n", |_, line| {
                found.push(matches!(line, RawLine::TooLong));
                Ok::<(), ()>(())
            })
            .unwrap();
        assert_eq!(found, [true, false]);
    }

    #[test]
    fn a_line_of_the_longest_length_is_read_with_either_end_in_any_pieces() {
        let longest = vec![b'x'; LONGEST_LINE];
        for end in ["\n", "\r\n"] {
            let whole = [longest.as_slice(), end.as_bytes()].concat();
            for cut in [1, LONGEST_LINE - 1, LONGEST_LINE, LONGEST_LINE + 1] {
                let (first, second) = whole.split_at(cut);
                assert_eq!(lines_of(&[first, second]), [Some(longest.clone())]);
            }
            let more = [b"x", whole.as_slice()].concat();
            assert_eq!(lines_of(&[&more]), [None]);
            assert_eq!(lines_of(&[&more[..9], &more[9..]]), [None]);
        }
    }

    proptest! {
        #[test]
        fn the_pieces_do_not_matter(
            bytes in proptest::collection::vec(
                prop_oneof![Just(b'\n'), Just(b'\r'), any::<u8>()], 0..200,
            ),
            size in 1_usize..20,
        ) {
            let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
            prop_assert_eq!(lines_of(&pieces), lines_of(&[&bytes]));
        }
    }
}
