//! The form of the FINESS register's file: values between semicolons, some in quotes,
//! and records of several kinds below a first line that names no column.

/// Stands between two values once a line is read: no text holds it.
pub(super) const SEPARATOR: char = '\u{1F}';

/// How the first line begins: which file it is; its number and date follow.
const MANIFEST: &str = "finess;etalab;";

/// How a record of where an establishment lies begins.
const POSITION: &str = "geolocalisation;";

/// The columns of a record of an establishment, where the first line does not name them.
const COLUMNS: &str = "enregistrement;nofinesset;nofinessej;rs;rslongue;complrs;compldistrib;\
    numvoie;typvoie;voie;compvoie;lieuditbp;commune;departement;libdepartement;\
    ligneacheminement;telephone;telecopie;categetab;libcategetab;categagretab;\
    libcategagretab;siret;codeape;codemft;libmft;codesph;libsph;dateouv;dateautor;datemaj;\
    numuai";

/// The header that a first line stands for: itself, where it names columns.
pub(super) fn header_of(first_line: &str) -> String {
    if first_line.starts_with(MANIFEST) {
        return unquoted(COLUMNS);
    }
    unquoted(first_line)
}

/// Whether a line says where an establishment lies, which is not read.
pub(super) fn is_position(line: &str) -> bool {
    line.starts_with(POSITION)
}

/// The values of a line one behind the other, with [`SEPARATOR`] between them. In a value
/// that begins with a quote semicolons are its own and two quotes are one, up to the
/// single quote that ends it; one that does not end takes the rest of the line.
pub(super) fn unquoted(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut is_quoted = false;
    let mut begins = true;
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if begins => is_quoted = true,
            '"' if is_quoted && characters.next_if_eq(&'"').is_some() => plain.push('"'),
            '"' if is_quoted => is_quoted = false,
            ';' if !is_quoted => {
                plain.push(SEPARATOR);
                begins = true;
                continue;
            }
            other => plain.push(other),
        }
        begins = false;
    }
    plain
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn values(line: &str) -> Vec<String> {
        let plain = unquoted(line);
        plain.split(SEPARATOR).map(str::to_owned).collect()
    }

    #[test]
    fn quotes_are_taken_off_and_what_they_hold_is_kept() {
        assert_eq!(values("a;;b c;"), ["a", "", "b c", ""]);
        assert_eq!(values("\"a;b\";c"), ["a;b", "c"]);
        assert_eq!(values("\"LIEU \"\"ICI\"\"\";c"), ["LIEU \"ICI\"", "c"]);
        assert_eq!(values("\"\";c"), ["", "c"]);
        assert_eq!(values("l\"a\";b"), ["l\"a\"", "b"]);
        assert_eq!(values("a;\"b;c"), ["a", "b;c"]);
    }

    proptest! {
        #[test]
        fn what_is_quoted_is_read_back(
            written in proptest::collection::vec("[a;\" é]{0,8}", 1..6),
        ) {
            let quoted: Vec<String> = written
                .iter()
                .map(|value| format!("\"{}\"", value.replace('"', "\"\"")))
                .collect();
            prop_assert_eq!(values(&quoted.join(";")), written);
        }

        #[test]
        fn reading_a_line_is_total_and_adds_nothing(line in "\\PC{0,80}") {
            prop_assert!(unquoted(&line).len() <= line.len());
        }
    }
}
