//! How people type a name.

use aval_domain::name::search_key;
use aval_testing::synthesize::Person;

/// How the name is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Typed {
    /// First name and family name, as published.
    Exactly,
    /// Without accents, in capitals.
    Plainly,
    /// The family name first.
    Swapped,
    /// The beginnings of both.
    Begun,
    /// One slip, anywhere in first name and family name.
    Wrong(Slip),
}

/// What is hit instead of what is meant.
const ALPHABET: &[u8; 26] = b"abcdefghijklmnopqrstuvwxyz";

/// A slip of the finger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Slip {
    /// A letter is missing.
    Missing,
    /// A letter is one too many.
    Added,
    /// A letter is another.
    Replaced,
    /// Two neighbours changed places.
    Exchanged,
}

impl Typed {
    pub(super) const ALL: [Self; 8] = [
        Self::Exactly,
        Self::Plainly,
        Self::Swapped,
        Self::Begun,
        Self::Wrong(Slip::Missing),
        Self::Wrong(Slip::Added),
        Self::Wrong(Slip::Replaced),
        Self::Wrong(Slip::Exchanged),
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Exactly => "exact",
            Self::Plainly => "no accents",
            Self::Swapped => "swapped",
            Self::Begun => "beginnings",
            Self::Wrong(Slip::Missing) => "a letter missing",
            Self::Wrong(Slip::Added) => "a letter too many",
            Self::Wrong(Slip::Replaced) => "a letter replaced",
            Self::Wrong(Slip::Exchanged) => "letters exchanged",
        }
    }

    /// What is typed; `choice` decides where a slip is made.
    pub(super) fn name_of(self, person: &Person, choice: u32) -> String {
        let (given, family) = (&person.given_name, &person.family_name);
        match self {
            Self::Exactly => format!("{given} {family}"),
            Self::Plainly => search_key(&format!("{given} {family}")),
            Self::Swapped => format!("{family} {given}"),
            Self::Begun => format!("{} {}", beginning(given), beginning(family)),
            Self::Wrong(slip) => slip.made_in(&format!("{given} {family}"), choice),
        }
    }
}

impl Slip {
    /// The name with this slip at one of the places where it changes something.
    fn made_in(self, name: &str, choice: u32) -> String {
        let mut letters: Vec<char> = name.chars().collect();
        let choice = mixed(choice);
        let letter = char::from(ALPHABET[(choice >> 16) as usize % ALPHABET.len()]);
        let places: Vec<usize> = (0..letters.len())
            .filter(|place| self.tells(&letters[*place..], letter))
            .collect();
        let Some(place) = places.get(choice as usize % places.len().max(1)).copied() else {
            return name.to_owned();
        };
        match self {
            Self::Missing => drop(letters.remove(place)),
            Self::Added => letters.insert(place, letter),
            Self::Replaced => letters[place] = letter,
            Self::Exchanged => letters.swap(place, place + 1),
        }
        letters.into_iter().collect()
    }

    /// Whether it changes what begins here: separators are no letters.
    fn tells(self, from: &[char], letter: char) -> bool {
        let is_another = || !from[0].to_lowercase().eq([letter]);
        from[0].is_alphabetic()
            && match self {
                Self::Missing | Self::Added => true,
                Self::Replaced => is_another(),
                Self::Exchanged => from.len() > 1 && from[1].is_alphabetic() && from[1] != from[0],
            }
    }
}

/// Spreads neighbouring numbers.
const fn mixed(number: u32) -> u32 {
    let number = (number ^ (number >> 16)).wrapping_mul(0x045d_9f3b);
    let number = (number ^ (number >> 16)).wrapping_mul(0x045d_9f3b);
    number ^ (number >> 16)
}

fn beginning(name: &str) -> String {
    name.chars().take(4).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slip_changes_the_name_by_one() {
        for choice in 0..200 {
            let typed = |slip: Slip| slip.made_in("Zoé L'HOSTIS", choice);
            let length = |slip| typed(slip).chars().count();
            assert_eq!(length(Slip::Missing), 11);
            assert_eq!(length(Slip::Added), 13);
            for slip in [Slip::Replaced, Slip::Exchanged] {
                let pairs = "Zoé L'HOSTIS"
                    .chars()
                    .zip(typed(slip).chars().collect::<Vec<_>>());
                let changed = pairs.filter(|(a, b)| a != b).count();
                assert_eq!(changed, if slip == Slip::Replaced { 1 } else { 2 });
            }
        }
    }
}
