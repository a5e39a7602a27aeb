//! Names made comparable for searching. Never for proof: identity checks
//! compare names as they are, hyphens included (ANS, `INSi`).

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The form under which names are searched: upper case, without accents,
/// ligatures spelt out, everything but letters and digits turned into single
/// spaces. Two spellings of one name have one key; a key is its own key.
///
/// ```
/// use aval_domain::name::search_key;
/// assert_eq!(search_key(" Lebœuf-d’Été "), "LEBOEUF D ETE");
/// ```
#[must_use]
pub fn search_key(name: &str) -> String {
    let mut key = String::with_capacity(name.len());
    let upper = name.nfkd().flat_map(char::to_uppercase);
    for character in upper.nfkd() {
        if is_combining_mark(character) {
            continue;
        }
        match spelt_out(character) {
            Some(letters) => key.push_str(letters),
            None if character.is_alphanumeric() && !is_modifier(character) => key.push(character),
            None if key.is_empty() || key.ends_with(' ') => {}
            None => key.push(' '),
        }
    }
    key.truncate(key.trim_end().len());
    key
}

/// The words of the [`search_key`], in order, each as often as it stands there.
#[must_use]
pub fn search_tokens(name: &str) -> Vec<String> {
    search_key(name)
        .split(' ')
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The form in which two spellings of one name are the same: the [`search_key`] without its
/// spaces, so that `Le Goff` is `LEGOFF` and `d'Ornano` is `DORNANO`. A name in which there
/// is no letter is itself, so that two of them are not the same for having none.
///
/// ```
/// use aval_domain::name::folded;
/// assert_eq!(folded("Pat-Trois"), folded("PAT TROIS"));
/// assert_eq!(folded("d’Été"), "DETE");
/// ```
#[must_use]
pub fn folded(name: &str) -> String {
    let mut letters = search_key(name);
    letters.retain(|character| character != ' ');
    if letters.is_empty() {
        let itself: String = name.nfc().collect();
        return itself.trim().to_owned();
    }
    letters
}

/// Capital letters that Unicode does not decompose.
const fn spelt_out(capital: char) -> Option<&'static str> {
    Some(match capital {
        'Œ' => "OE",
        'Æ' => "AE",
        'ẞ' => "SS",
        'Ø' => "O",
        'Ł' => "L",
        'Đ' | 'Ð' => "D",
        'Þ' => "TH",
        'Ħ' => "H",
        'ı' => "I",
        _ => return None,
    })
}

/// Letters that stand for signs: the apostrophe-like U+02BC and its kind.
const fn is_modifier(character: char) -> bool {
    matches!(character, '\u{2b0}'..='\u{2ff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spellings_of_one_name_have_one_key() {
        for (spellings, key) in [
            (
                vec!["Lefèvre", "LEFEVRE", "lefe\u{300}vre", "Lefèvre"],
                "LEFEVRE",
            ),
            (vec!["Lebœuf", "LEBOEUF", "Leboeuf"], "LEBOEUF"),
            (
                vec![
                    "Jean-Pierre",
                    "jean pierre",
                    "JEAN‑PIERRE",
                    " Jean  Pierre ",
                ],
                "JEAN PIERRE",
            ),
            (
                vec!["d'Ornano", "D’ORNANO", "d\u{2bc}Ornano", "d` ornano"],
                "D ORNANO",
            ),
            (vec!["Straße", "STRASSE", "STRAẞE"], "STRASSE"),
            (vec!["Łukasz", "lukasz"], "LUKASZ"),
            (vec!["ＭＡＲＩＥ", "Marie", "𝐌𝐚𝐫𝐢𝐞"], "MARIE"),
            (vec!["", " ", "-'-", "\u{300}"], ""),
        ] {
            for spelling in spellings {
                assert_eq!(search_key(spelling), key, "{spelling:?}");
            }
        }
    }

    #[test]
    fn tokens_are_the_words_in_order() {
        assert_eq!(
            search_tokens("de la Tour-d'Auvergne"),
            ["DE", "LA", "TOUR", "D", "AUVERGNE"]
        );
        assert!(search_tokens(" - ").is_empty());
    }

    #[test]
    fn spellings_of_one_name_fold_to_one_and_names_that_differ_do_not() {
        for (spellings, folded_name) in [
            (
                vec![
                    "PAT-TROIS",
                    "pat trois",
                    "Pat‑Trois",
                    "PATTROIS",
                    "pa\u{200b}t-trois",
                ],
                "PATTROIS",
            ),
            (vec!["Le Goff", "LEGOFF", "le-goff"], "LEGOFF"),
            (
                vec![
                    "d'Ornano",
                    "D’ORNANO",
                    "D ORNANO",
                    "DORNANO",
                    "d\u{2bc}Ornano",
                ],
                "DORNANO",
            ),
            (vec!["Lebœuf", "LEBOEUF", "Le Bœuf"], "LEBOEUF"),
            (vec!["ANDRÉE", "ANDREE", "andre\u{301}e"], "ANDREE"),
            (vec!["", "  "], ""),
            (vec!["-", " - "], "-"),
            (vec!["🦀"], "🦀"),
        ] {
            for spelling in spellings {
                assert_eq!(folded(spelling), folded_name, "{spelling:?}");
            }
        }
        for (one, other) in [
            ("PAT-TROIS", "PAT-QUATRE"),
            ("ANNE", "ANNA"),
            ("MARIE-ANNE", "MARIANNE"),
            ("🦀", "👻"),
            ("-", "'"),
            ("Иванов", "Петров"),
            ("علي", "عمر"),
        ] {
            assert_ne!(folded(one), folded(other), "{one} {other}");
        }
    }

    proptest! {
        #[test]
        fn what_is_folded_folds_to_itself(name in any::<String>()) {
            let once = folded(&name);
            prop_assert_eq!(folded(&once), once);
        }

        #[test]
        fn what_keeps_the_words_of_a_name_apart_does_not_change_it(
            words in prop::collection::vec("[A-ZÉÈÇŒ][a-zéèçœ]{0,10}", 1..4),
            between in prop::sample::select(vec!["", " ", "-", "'", "’", "‑", "  ", "\u{ad}"]),
        ) {
            let spelt = words.join(between);
            prop_assert_eq!(folded(&spelt), folded(&words.concat()));
            prop_assert_eq!(folded(&spelt.to_uppercase()), folded(&spelt));
            let decomposed: String = spelt.nfd().collect();
            prop_assert_eq!(folded(&decomposed), folded(&spelt));
            let unaccented: String = spelt.nfd().filter(|&c| !is_combining_mark(c)).collect();
            prop_assert_eq!(folded(&unaccented), folded(&spelt));
        }

        #[test]
        fn names_of_other_letters_fold_to_others(one in "[A-Z]{1,20}", other in "[A-Z]{1,20}") {
            prop_assert_eq!(folded(&one) == folded(&other), one == other);
        }

        #[test]
        fn a_key_is_its_own_key(name in any::<String>()) {
            let key = search_key(&name);
            prop_assert_eq!(search_key(&key), key);
        }

        #[test]
        fn a_key_has_single_inner_spaces_only(name in "[a-zA-Zéèçœ '’-]{0,40}") {
            let key = search_key(&name);
            prop_assert!(!key.contains("  ") && key.trim() == key);
            prop_assert!(key.chars().all(|letter| letter == ' ' || letter.is_ascii_uppercase()));
            prop_assert_eq!(search_tokens(&name).join(" "), key);
        }

        #[test]
        fn case_does_not_change_a_key(name in "[a-zà-öø-ÿœ' -]{0,40}") {
            prop_assert_eq!(search_key(&name.to_uppercase()), search_key(&name));
        }
    }
}
