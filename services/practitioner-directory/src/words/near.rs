//! Words that are a slip of the finger apart.
//!
//! Two words are near when one letter is missing, too many or another, or two
//! neighbours changed places.

/// The shortest word in which any slip is forgiven, in letters: of three letters, one
/// in three would be ignored. Of one letter fewer it is forgiven that it misses one.
pub const SHORTEST: usize = 4;

/// The longest, in letters.
pub const LONGEST: usize = 40;

/// Whether two words are near; a word is not near itself.
#[must_use]
pub fn are_near(one: &str, other: &str) -> bool {
    let begins = common(one.chars(), other.chars());
    let (one, other) = (&one[begins..], &other[begins..]);
    let ends = common(one.chars().rev(), other.chars().rev());
    let letters = |word: &str| {
        let mut letters = word[..word.len() - ends].chars();
        (letters.next(), letters.next(), letters.next())
    };
    match (letters(one), letters(other)) {
        ((Some(_), None, _), (_, None, _)) | ((None, ..), (Some(_), None, _)) => true,
        ((Some(a), Some(b), None), (Some(c), Some(d), None)) => a == d && b == c,
        _ => false,
    }
}

/// How many bytes of both are the same letters.
fn common(one: impl Iterator<Item = char>, other: impl Iterator<Item = char>) -> usize {
    let pairs = one.zip(other);
    let same = pairs.take_while(|(one, other)| one == other);
    same.map(|(letter, _)| letter.len_utf8()).sum()
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// What a word that was typed would be looked up by if variants were kept: itself and
    /// its variants; of one that is just too short only itself, which may be another's
    /// variant; nothing if no slip in it is forgiven.
    pub(crate) fn variants(word: &str) -> BTreeSet<String> {
        let length = word.chars().count();
        if length + 1 == SHORTEST {
            return BTreeSet::from([word.to_owned()]);
        }
        if !(SHORTEST..=LONGEST).contains(&length) {
            return BTreeSet::new();
        }
        let shorter = word.char_indices().map(|(place, letter)| {
            let rest = &word[place + letter.len_utf8()..];
            format!("{}{rest}", &word[..place])
        });
        shorter.chain([word.to_owned()]).collect()
    }

    /// Whether a word that was typed leads to a known one, by what is kept of this one.
    fn leads(typed: &str, known: &str) -> bool {
        let mut kept = variants(known);
        kept.insert(known.to_owned());
        !variants(typed).is_disjoint(&kept)
    }

    #[test]
    fn the_four_slips_are_near_and_nothing_else_is() {
        for near in ["MARTI", "MARTINN", "MARTIS", "MATRIN", "ARTIN", "AMRTIN"] {
            assert!(are_near(near, "MARTIN"), "{near}");
        }
        for far in [
            "MARTIN", "MART", "MARTINEZ", "MRATNI", "TARMIN", "NITRAM", "",
        ] {
            assert!(!are_near(far, "MARTIN"), "{far}");
        }
    }

    #[test]
    fn short_and_endless_words_lead_nowhere() {
        assert_eq!(variants("RO"), BTreeSet::new());
        assert_eq!(variants("ROX"), BTreeSet::from(["ROX".to_owned()]));
        assert_eq!(variants(&"A".repeat(LONGEST + 1)), BTreeSet::new());
        assert_eq!(variants("ANNA").len(), 4);
    }

    /// Few letters, so that they repeat and the slips coincide.
    const WORD: &str = "[A-Cé\u{301}7]{4,12}";

    proptest! {
        #[test]
        fn every_slip_leads_to_the_word_and_is_near(
            word in WORD, kind in 0..4, at: prop::sample::Index, letter in "[A-Cé7]",
        ) {
            let letters: Vec<char> = word.chars().collect();
            let letter = letter.chars().next().unwrap();
            let place = at.index(letters.len() - 1);
            let mut typed = letters.clone();
            match kind {
                0 => { typed.remove(place); }
                1 => typed.insert(place, letter),
                2 => typed[place] = letter,
                _ => typed.swap(place, place + 1),
            }
            let typed: String = typed.into_iter().collect();
            prop_assert!(leads(&typed, &word), "{} {}", typed, word);
            prop_assert_eq!(are_near(&typed, &word), typed != word);
            prop_assert_eq!(are_near(&word, &typed), typed != word);
        }

        #[test]
        fn words_that_differ_by_three_letters_in_length_or_place_are_far(
            word in "[A-C]{4,12}", others in "[X-Z]{3}", first: prop::sample::Index,
        ) {
            let mut typed: Vec<char> = word.chars().collect();
            let first = first.index(typed.len() - 3);
            for (place, letter) in (first..).zip(others.chars()) {
                typed[place] = letter;
            }
            let replaced: String = typed.into_iter().collect();
            for far in [replaced, format!("{word}{others}")] {
                prop_assert!(!are_near(&far, &word));
                prop_assert!(!leads(&far, &word));
            }
        }

        #[test]
        fn looking_at_words_is_total(one in "\\PC{0,60}", other in "\\PC{0,60}") {
            prop_assert_eq!(are_near(&one, &other), are_near(&other, &one));
            prop_assert!(variants(&one).len() <= LONGEST + 1);
        }
    }
}
