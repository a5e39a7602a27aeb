//! The first line: which column stands where.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::Malformed;
use super::column::{COLUMNS, Column, WORDINGS, foreign, required};
use super::register;
use crate::source::Source;

/// What the header of a file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    /// Where each column that is read stands; `None`: this file does not have it.
    places: [Option<usize>; COLUMNS],
    /// Every column as the file words it.
    names: Vec<String>,
    /// Whether lines end in a separator.
    ends_in_separator: bool,
    /// What stands between two columns.
    separator: char,
}

/// What stands between two columns of this source's lines.
const fn separator_of(source: Source) -> char {
    match source {
        Source::Establishments => register::SEPARATOR,
        _ => '|',
    }
}

/// Without spaces around it. Most values have none, which their first and last bytes tell.
fn trimmed(value: &str) -> &str {
    let ends = [value.as_bytes().first(), value.as_bytes().last()];
    if ends.iter().all(|end| end.is_some_and(u8::is_ascii_graphic)) {
        return value;
    }
    value.trim()
}

/// How much of a column's wording is kept to name it in a report, in characters.
const LONGEST_NAME: usize = 100;

impl Header {
    /// The header of a file of this source.
    pub(super) fn parse(source: Source, line: &str) -> Result<Self, Malformed> {
        let separator = separator_of(source);
        if line.contains(|c: char| c.is_control() && c != separator) {
            return Err(Malformed::NotText);
        }
        let without_last = line.strip_suffix(separator);
        let ends_in_separator = without_last.is_some();
        let mut places = [None; COLUMNS];
        let mut names = Vec::new();
        for (place, name) in without_last.unwrap_or(line).split(separator).enumerate() {
            if let Some(column) = column_of(name) {
                let known = places[column as usize].replace(place);
                if known.is_some() {
                    return Err(Malformed::HeaderUnknown);
                }
            }
            names.push(name.trim().chars().take(LONGEST_NAME).collect());
        }
        let has = |column: &Column| places[*column as usize].is_some();
        if !required(source).iter().all(has) || foreign(source).iter().any(has) {
            return Err(Malformed::HeaderUnknown);
        }
        Ok(Self {
            places,
            names,
            ends_in_separator,
            separator,
        })
    }

    /// The values of a line, or `None` if they are not as many as the columns.
    pub(super) fn split<'line>(&self, line: &'line str) -> Option<Vec<&'line str>> {
        let separator = u8::try_from(self.separator).ok()?;
        let mut values = Vec::with_capacity(self.names.len() + 2);
        let mut begin = 0;
        // One more than there may be tells as much as all of them.
        let ends = memchr::memchr_iter(separator, line.as_bytes());
        for end in ends.take(self.names.len() + 1).chain([line.len()]) {
            values.push(line.get(begin..end)?);
            begin = end + 1;
        }
        if values.len() == self.names.len() + 1 && values.last() == Some(&"") {
            values.pop();
        }
        (values.len() == self.names.len()).then_some(values)
    }

    /// Whether a last line without a line end was cut off before its end.
    pub(super) fn is_cut(&self, last_line: &str) -> bool {
        let separators = last_line.matches(self.separator).count();
        let expected = self.names.len() - usize::from(!self.ends_in_separator);
        separators < expected
    }

    /// The value of a column; empty where the file does not have the column.
    pub(super) fn value<'line>(&self, values: &[&'line str], column: Column) -> &'line str {
        self.places[column as usize]
            .and_then(|place| values.get(place))
            .map_or("", |value| trimmed(value))
    }

    /// A column as the file words it.
    pub(super) fn name(&self, column: Column) -> &str {
        self.places[column as usize].map_or("", |place| self.name_at(place))
    }

    /// The column at a place, as the file words it.
    pub(super) fn name_at(&self, place: usize) -> &str {
        self.names.get(place).map_or("", String::as_str)
    }
}

fn column_of(wording: &str) -> Option<Column> {
    let wording = normalised(wording);
    WORDINGS
        .iter()
        .find(|(published, _)| normalised(published) == wording)
        .map(|(_, column)| *column)
}

/// Lower case, no accents, and single spaces instead of everything that is neither
/// letter nor digit.
fn normalised(wording: &str) -> String {
    let mut plain = String::with_capacity(wording.len());
    for character in wording.nfkd().filter(|c| !is_combining_mark(*c)) {
        if character.is_alphanumeric() {
            plain.extend(character.to_lowercase());
        } else if !plain.is_empty() && !plain.ends_with(' ') {
            plain.push(' ');
        }
    }
    plain.truncate(plain.trim_end().len());
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extraction::written::{HEADER_52, HEADER_56, MAILBOX_HEADER, SKILL_HEADER};

    const SITUATIONS: Source = Source::PracticeSituations;

    /// Whether it has every column that is read of people and structures.
    fn all_but_mailboxes(header: &Header) -> bool {
        let (read, of_mailboxes) = header.places.split_at(Column::Kind as usize + 1);
        read.iter().all(Option::is_some) && of_mailboxes.iter().all(Option::is_none)
    }

    #[test]
    fn both_published_headers_are_understood() {
        let recent = Header::parse(SITUATIONS, HEADER_56).unwrap();
        assert_eq!(recent.names.len(), 56);
        assert!(all_but_mailboxes(&recent));
        let older = Header::parse(SITUATIONS, HEADER_52).unwrap();
        assert_eq!(older.names.len(), 52);
        assert_eq!(older.places[Column::Function as usize], None);
    }

    #[test]
    fn wording_may_drift_in_case_accents_punctuation_and_order() {
        let drifted = HEADER_56
            .to_uppercase()
            .replace(['É', 'È'], "E")
            .replace("D'EXERCICE", "D’  EXERCICE")
            .replace("CODE RÔLE (A.K.A. CODE FONCTION)", "Code fonction");
        let header = Header::parse(SITUATIONS, &drifted).unwrap();
        assert!(all_but_mailboxes(&header));

        let mut columns: Vec<&str> = HEADER_56.trim_end_matches('|').split('|').collect();
        columns.reverse();
        let header = Header::parse(SITUATIONS, &columns.join("|")).unwrap();
        assert_eq!(header.places[Column::IdentifierType as usize], Some(55));
    }

    #[test]
    fn a_line_that_is_no_header_is_refused() {
        let missing = HEADER_56.replace("Code profession|", "Code métier|");
        let twice = format!("{HEADER_56}Code profession|");
        for line in ["", "|", "a;b;c", &missing, &twice] {
            assert_eq!(
                Header::parse(SITUATIONS, line),
                Err(Malformed::HeaderUnknown),
                "{line}"
            );
        }
        assert_eq!(
            Header::parse(SITUATIONS, "PK\u{3}\u{4}"),
            Err(Malformed::NotText)
        );
    }

    #[test]
    fn a_heading_that_nobody_knows_does_not_blank_every_structure() {
        for known in [
            "Numéro SIRET site",
            "Numéro FINESS site",
            "Raison sociale site",
            "Code postal (coord. structure)",
            "Libellé commune (coord. structure)",
        ] {
            let renamed = HEADER_56.replace(known, "Autre libellé");
            assert_ne!(renamed, HEADER_56);
            let refused = Header::parse(SITUATIONS, &renamed);
            assert_eq!(refused, Err(Malformed::HeaderUnknown), "{known}");
        }
    }

    #[test]
    fn each_source_knows_its_own_header_and_no_other() {
        let skills = Header::parse(Source::Skills, SKILL_HEADER).unwrap();
        assert_eq!(skills.names.len(), 13);
        assert_eq!(skills.places[Column::Skill as usize], Some(11));
        let mailboxes = Header::parse(Source::Mailboxes, MAILBOX_HEADER).unwrap();
        assert_eq!(mailboxes.names.len(), 31);
        assert_eq!(mailboxes.places[Column::IdentifierType as usize], Some(2));
        for (source, header) in [
            (Source::Skills, HEADER_56),
            (SITUATIONS, SKILL_HEADER),
            (Source::Mailboxes, HEADER_56),
            (Source::Skills, MAILBOX_HEADER),
        ] {
            let refused = Header::parse(source, header);
            assert_eq!(refused, Err(Malformed::HeaderUnknown), "{source}");
        }
    }

    #[test]
    fn a_line_has_as_many_values_as_the_header_with_or_without_the_last_separator() {
        let header = Header::parse(SITUATIONS, HEADER_52).unwrap();
        let exact = vec!["x"; 52].join("|");
        assert_eq!(header.split(&exact).unwrap().len(), 52);
        assert_eq!(header.split(&format!("{exact}|")).unwrap().len(), 52);
        assert_eq!(header.split(&format!("{exact}||")), None);
        assert_eq!(header.split(&format!("{exact}|y")), None);
        assert_eq!(header.split(&vec!["x"; 51].join("|")), None);
        assert!(header.is_cut(&exact) && !header.is_cut(&format!("{exact}|")));
        let bare = Header::parse(SITUATIONS, HEADER_52.trim_end_matches('|')).unwrap();
        assert!(bare.is_cut(&vec!["x"; 51].join("|")) && !bare.is_cut(&exact));
    }
}
