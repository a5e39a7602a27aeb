//! Many short texts in the order of their bytes, one behind the other.

use std::ops::Range;

/// Sorted texts, each under its number.
#[derive(Debug, Default)]
pub(super) struct Texts {
    text: String,
    /// Where each ends.
    ends: Vec<u32>,
}

/// More text than is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooMuch;

impl Texts {
    /// These, which are sorted.
    pub(super) fn of<'a>(sorted: impl Iterator<Item = &'a str>) -> Result<Self, TooMuch> {
        let mut texts = Self::default();
        for text in sorted {
            texts.text.push_str(text);
            let end = u32::try_from(texts.text.len()).map_err(|_| TooMuch)?;
            texts.ends.push(end);
        }
        texts.text.shrink_to_fit();
        texts.ends.shrink_to_fit();
        Ok(texts)
    }

    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.ends.len()).unwrap_or(u32::MAX)
    }

    /// The text of this number.
    pub(super) fn get(&self, number: u32) -> &str {
        let number = number as usize;
        let begin = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[begin as usize..self.ends[number] as usize]
    }

    /// Its number, if it is one of them.
    pub(super) fn find(&self, text: &str) -> Option<u32> {
        self.find_among(0..self.len(), text)
    }

    /// The same where it is one of these or none.
    pub(super) fn find_among(&self, among: Range<u32>, text: &str) -> Option<u32> {
        let place = self.first_from(among.clone(), |known| known < text);
        (place < among.end && self.get(place) == text).then_some(place)
    }

    /// Those that are this text: several may be the same.
    pub(super) fn all_of(&self, text: &str) -> Range<u32> {
        let first = self.first_from(0..self.len(), |known| known < text);
        first..self.first_from(first..self.len(), |known| known <= text)
    }

    /// Those of these that begin so.
    pub(super) fn beginning_with(&self, among: Range<u32>, beginning: &str) -> Range<u32> {
        let first = self.first_from(among.clone(), |known| known < beginning);
        let end = self.first_from(first..among.end, |known| known.starts_with(beginning));
        first..end
    }

    /// The first of these of which it does not hold; it holds of those before.
    fn first_from(&self, among: Range<u32>, holds: impl Fn(&str) -> bool) -> u32 {
        let Range { mut start, mut end } = among;
        while start < end {
            let middle = start + (end - start) / 2;
            if holds(self.get(middle)) {
                start = middle + 1;
            } else {
                end = middle;
            }
        }
        start
    }

    /// How many bytes they take.
    pub(super) fn bytes(&self) -> usize {
        self.text.capacity() + self.ends.capacity() * size_of::<u32>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_whole_and_by_their_beginnings() {
        let texts = Texts::of(["AL", "ALI", "ALIX", "ALÉ", "B"].into_iter()).unwrap();
        let all = 0..texts.len();
        assert_eq!(texts.find("ALI"), Some(1));
        assert_eq!(texts.find("ALO"), None);
        assert_eq!(texts.find("C"), None);
        assert_eq!(texts.beginning_with(all.clone(), "ALI"), 1..3);
        assert_eq!(texts.beginning_with(all.clone(), ""), all);
        assert_eq!(texts.beginning_with(all, "AA"), 0..0);
        assert_eq!(texts.get(3), "ALÉ");
        assert_eq!(Texts::default().find(""), None);
    }

    #[test]
    fn a_text_that_stands_there_several_times_is_found_each_time() {
        let texts = Texts::of(["A", "B", "B", "B", "C"].into_iter()).unwrap();
        assert_eq!(texts.all_of("B"), 1..4);
        assert_eq!(texts.all_of("BA"), 4..4);
        assert_eq!(texts.all_of("D"), 5..5);
    }
}
