//! The words of the directory that are near a typed one, without its variants being kept:
//! what shares its beginning stands together, and there is little of it once a few letters
//! are shared.

use super::PeopleIndex;
use super::filter::Beginnings;
use crate::words::near::{LONGEST, SHORTEST, are_near};

/// From how many words on those that share a beginning are not looked at one by one.
const FEW: u32 = 64;

impl PeopleIndex {
    /// Those that are [near](crate::words::near) this word, those that begin alike first.
    pub(super) fn near(&self, typed: &str) -> Vec<u32> {
        let letters: Vec<char> = typed.chars().collect();
        if !(SHORTEST - 1..=LONGEST).contains(&letters.len()) {
            return Vec::new();
        }
        let beginnings = Beginnings::of(&letters);
        let mut found = Vec::new();
        let mut among = 0..self.words.len();
        for place in 0..=letters.len() {
            let beginning: String = letters[..place].iter().collect();
            among = self.words.beginning_with(among, &beginning);
            if among.end - among.start <= FEW {
                found.extend(among);
                break;
            }
            self.slips_at(place, &letters, &beginnings, |slipped| {
                found.extend(self.words.find_among(among.clone(), slipped));
            });
        }
        found.sort_unstable();
        found.dedup();
        found.retain(|word| is_forgiven(typed, letters.len(), self.words.get(*word)));
        let first = letters.first();
        let is_alike = |word: &u32| self.words.get(*word).chars().next().as_ref() == first;
        let (mut alike, other): (Vec<u32>, Vec<u32>) = found.into_iter().partition(is_alike);
        alike.extend(other);
        alike
    }

    /// Gives each word that a slip at this place makes of these letters to `each`, but for
    /// most of those that are no words of the index.
    fn slips_at(
        &self,
        place: usize,
        letters: &[char],
        beginnings: &Beginnings,
        mut each: impl FnMut(&str),
    ) {
        let mut slipped = String::with_capacity(letters.len() * 2 + 4);
        let mut give = |middle: &[char], from: usize| {
            let hash = beginnings.slipped(place, middle, from);
            if !self.filter.may_have(hash) {
                return;
            }
            slipped.clear();
            slipped.extend(&letters[..place]);
            slipped.extend(middle);
            slipped.extend(&letters[from..]);
            each(&slipped);
        };
        for letter in &self.letters {
            give(&[*letter], place);
        }
        let [one, rest @ ..] = &letters[place..] else {
            return;
        };
        give(&[], place + 1);
        for letter in &self.letters {
            give(&[*letter], place + 1);
        }
        if let [other, ..] = rest {
            give(&[*other, *one], place + 2);
        }
    }
}

/// In short and endless words no slip is forgiven; in one that is just too short, that it
/// misses one letter.
fn is_forgiven(typed: &str, length: usize, known: &str) -> bool {
    let known_length = known.chars().count();
    let is_kept = (SHORTEST - 1..=LONGEST).contains(&known_length);
    let is_told = length >= SHORTEST || known_length == SHORTEST;
    is_kept && is_told && are_near(typed, known)
}
