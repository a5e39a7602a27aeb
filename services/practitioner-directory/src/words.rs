//! The words under which names are found, and the words that are looked for.
//!
//! A name and a question about it are cut the same way. White space separates
//! groups; hyphens and apostrophes separate the words of a group; a particle (`de`,
//! `le`, `van`…) belongs to the group that follows it. Each group is also one glued
//! word, so that `LE GALL`, `LE-GALL` and `LEGALL` find each other, as do `D'ARC`
//! and `DARC`.

pub mod near;

use std::collections::BTreeSet;

use aval_domain::name::{search_key, search_tokens};

/// Particles of French names and of those of its neighbours. In a question they are
/// left out, unless there is nothing else.
const PARTICLES: [&str; 22] = [
    "A", "AL", "D", "DA", "DE", "DEL", "DEN", "DER", "DES", "DI", "DO", "DOS", "DU", "EL", "L",
    "LA", "LE", "LES", "TEN", "TER", "VAN", "VON",
];

/// The most words that a question has; it is refused beyond.
pub const MOST_WORDS: usize = 10;

/// The words under which something of these names is found: a person's family name
/// and given name, a structure's name and sign.
#[must_use]
pub fn index_words(names: &[&str]) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for name in names {
        let groups = groups_of(name);
        for group in &groups {
            words.insert(group.concat());
            words.extend(group.iter().cloned());
        }
        // `JEAN PIERRE` is found as `JEANPIERRE`; a whole sentence is not glued.
        if (2..=3).contains(&groups.len()) {
            words.insert(groups.concat().concat());
        }
    }
    words.remove("");
    words
}

/// The order of names: their [`search_key`]s one behind the other.
#[must_use]
pub fn sort_name(names: &[&str]) -> String {
    search_key(&names.join(" "))
}

/// What is looked for: every clause must be met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameQuestion {
    /// At least one, at most [`MOST_WORDS`]; the longest words first, because they
    /// leave the fewest candidates.
    pub clauses: Vec<Clause>,
}

/// Met by a name that has one of these words, or a word that begins with one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// At least one word.
    pub words: BTreeSet<String>,
}

/// Why a text is not a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidQuestion {
    /// Fewer than two letters or digits.
    #[error("it has at least 2 letters")]
    TooShort,
    /// Too many words.
    #[error("it has at most 10 words")]
    TooManyWords,
}

impl NameQuestion {
    /// Reads what somebody typed.
    pub fn parse(text: &str) -> Result<Self, InvalidQuestion> {
        if text.chars().filter(|c| c.is_alphanumeric()).count() < 2 {
            return Err(InvalidQuestion::TooShort);
        }
        let groups = groups_of(text);
        let mut clauses: Vec<Clause> = groups.iter().flat_map(|g| clauses_of(g)).collect();
        if clauses.is_empty() {
            clauses = groups
                .iter()
                .flatten()
                .map(|word| Clause::of(word))
                .collect();
        }
        if clauses.is_empty() {
            return Err(InvalidQuestion::TooShort);
        }
        if clauses.len() > MOST_WORDS {
            return Err(InvalidQuestion::TooManyWords);
        }
        clauses.sort_by_key(|clause| std::cmp::Reverse(clause.shortest()));
        clauses.dedup();
        Ok(Self { clauses })
    }
}

impl Clause {
    fn of(word: &str) -> Self {
        Self {
            words: BTreeSet::from([word.to_owned()]),
        }
    }

    fn shortest(&self) -> usize {
        self.words.iter().map(String::len).min().unwrap_or(0)
    }
}

/// A clause for each word of the group that is no particle: that word, or the group
/// written as one.
fn clauses_of(group: &[String]) -> Vec<Clause> {
    let glued = group.concat();
    group
        .iter()
        .filter(|word| !is_particle(word))
        .map(|word| Clause {
            words: BTreeSet::from([word.clone(), glued.clone()]),
        })
        .collect()
}

fn groups_of(name: &str) -> Vec<Vec<String>> {
    let mut groups: Vec<Vec<String>> = Vec::new();
    let mut particles = Vec::new();
    for typed in name.split_whitespace() {
        let words = search_tokens(typed);
        particles.extend(words);
        if particles.last().is_some_and(|word| !is_particle(word)) {
            groups.push(std::mem::take(&mut particles));
        }
    }
    if !particles.is_empty() {
        groups.push(particles);
    }
    groups
}

fn is_particle(word: &str) -> bool {
    PARTICLES.binary_search(&word).is_ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Whether a name of these parts answers the question in whole words.
    fn answers(names: &[&str], question: &str) -> bool {
        let words = index_words(names);
        NameQuestion::parse(question)
            .unwrap()
            .clauses
            .iter()
            .all(|clause| !clause.words.is_disjoint(&words))
    }

    #[test]
    fn accents_hyphens_apostrophes_particles_and_order_do_not_matter() {
        for (names, question) in [
            (["LE GALL", "Maëlle"], "maelle le gall"),
            (["LE GALL", "Maëlle"], "Legall"),
            (["LEGALL", "Maëlle"], "Le Gall Maelle"),
            (["DE LA TOUR", "Anne-Marie"], "tour anne marie"),
            (["DE LA TOUR", "Anne-Marie"], "annemarie de la tour"),
            (["D'ARTAGNAN", "Charles"], "dartagnan"),
            (["DARTAGNAN", "Charles"], "d’Artagnan"),
            (["O'BRIEN", "Jean Pierre"], "Jean-Pierre OBrien"),
            (["OBRIEN", "JEAN PIERRE"], "o'brien jeanpierre"),
            (["LEBŒUF", "Éloïse"], "leboeuf eloise"),
            (["VAN DER MEER", "Luuk"], "vandermeer"),
            (["LE", "Minh"], "le"),
        ] {
            assert!(answers(&names, question), "{names:?} {question}");
        }
    }

    #[test]
    fn another_name_does_not_answer() {
        assert!(!answers(&["LE GALL", "Maëlle"], "le goff maelle"));
        assert!(!answers(&["DE LA TOUR", "Anne"], "anne de la cour"));
    }

    #[test]
    fn the_longest_word_comes_first() {
        let question = NameQuestion::parse("li martin jo").unwrap();
        assert!(question.clauses[0].words.contains("MARTIN"));
    }

    #[test]
    fn a_question_has_two_letters_and_ten_words() {
        assert_eq!(NameQuestion::parse(" -' "), Err(InvalidQuestion::TooShort));
        assert_eq!(NameQuestion::parse("é"), Err(InvalidQuestion::TooShort));
        assert!(NameQuestion::parse("le").is_ok());
        let eleven = "ab cd ef gh ij kl mn op qr st uv";
        assert_eq!(
            NameQuestion::parse(eleven),
            Err(InvalidQuestion::TooManyWords)
        );
    }

    #[test]
    fn the_particles_are_sorted() {
        assert!(PARTICLES.is_sorted());
    }

    proptest! {
        #[test]
        fn a_name_answers_to_itself_in_any_order(
            family in "[A-Zé'-]{1,8}( [A-Zé'-]{1,8}){0,2}", given in "[a-zè'-]{2,8}",
        ) {
            let questions = [format!("{given} {family}"), format!("{family} {given}")];
            for question in questions {
                if NameQuestion::parse(&question).is_ok() {
                    prop_assert!(answers(&[&family, &given], &question), "{}", question);
                }
            }
        }

        #[test]
        fn reading_a_question_is_total_and_its_words_hold_letters_and_digits_only(text in "\\PC{0,100}") {
            let words = index_words(&[&text]);
            prop_assert!(words.iter().all(|w| w.chars().all(char::is_alphanumeric)));
            let _ = NameQuestion::parse(&text);
        }
    }
}
