//! One row of `PS_LibreAcces_Dipl_AutExerc`, checked.

use aval_domain::id_nat_ps::IdNatPs;

use super::RowFault;
use super::column::Column;
use super::values::Values;

/// A diploma of a person, an authorisation to practise, or both. The names in the row
/// are not read: those of the practice situations hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QualificationRow<'line> {
    /// Whose, by their national identifier.
    pub national_id: IdNatPs,
    /// A diploma that they obtained.
    pub diploma: Option<QualificationText<'line>>,
    /// An authorisation to practise; its code is that of the discipline to which it is
    /// restricted, if it is.
    pub authorization: Option<QualificationText<'line>>,
}

/// A qualification as published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QualificationText<'line> {
    /// Code of its kind.
    pub type_code: &'line str,
    /// Its kind in French.
    pub type_label: &'line str,
    /// Its code.
    pub code: &'line str,
    /// In French.
    pub label: &'line str,
}

impl<'line> QualificationRow<'line> {
    pub(super) fn parse(row: &Values<'_, 'line>) -> Result<Self, RowFault> {
        let national_id = row.national_id()?;
        let diploma = QualificationText {
            type_code: row.code(Column::DiplomaType)?,
            type_label: row.text(Column::DiplomaTypeLabel)?,
            code: row.code(Column::Diploma)?,
            label: row.text(Column::DiplomaLabel)?,
        };
        let authorization = QualificationText {
            type_code: row.code(Column::AuthorizationType)?,
            type_label: row.text(Column::AuthorizationTypeLabel)?,
            code: row.code(Column::Discipline)?,
            label: row.text(Column::DisciplineLabel)?,
        };
        let diploma = (!diploma.code.is_empty()).then_some(diploma);
        let authorization = (!authorization.type_code.is_empty()).then_some(authorization);
        if diploma.is_none() && authorization.is_none() {
            let rule = "a diploma or an authorisation is there";
            return Err(row.says_nothing(Column::Diploma, rule));
        }
        Ok(Self {
            national_id,
            diploma,
            authorization,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::read_as;
    use super::super::written::{QUALIFICATION_HEADER, SKILL_HEADER, WrittenRow, file};
    use super::super::{ExtractionReader, Malformed, ReadLine};
    use super::{QualificationText, RowFault};
    use crate::source::Source;

    fn qualified() -> WrittenRow {
        WrittenRow::doctor()
            .with("Code type diplôme obtenu", "DE")
            .with("Libellé type diplôme obtenu", "Diplôme d'Etat français")
            .with("Code diplôme obtenu", "DE05")
            .with("Libellé diplôme obtenu", "DE Docteur en médecine")
    }

    /// What is read of a row: its codes, or its fault.
    fn read(row: &WrittenRow) -> Result<[Option<(String, String)>; 2], RowFault> {
        let text = file(QUALIFICATION_HEADER, "\n", std::slice::from_ref(row));
        let mut found = None;
        let mut reader = ExtractionReader::new(Source::Qualifications);
        let pushed = reader.push(text.as_bytes(), |_, read| {
            let codes =
                |text: QualificationText<'_>| (text.type_code.to_owned(), text.code.to_owned());
            found = Some(match read {
                ReadLine::Qualification(row) => {
                    assert_eq!(row.national_id.to_string(), "899700366240");
                    Ok([row.diploma.map(codes), row.authorization.map(codes)])
                }
                ReadLine::Fault(fault) => Err(fault),
                other => panic!("{other:?}"),
            });
        });
        pushed.unwrap();
        found.unwrap()
    }

    fn coded(type_code: &str, code: &str) -> (String, String) {
        (type_code.to_owned(), code.to_owned())
    }

    #[test]
    fn a_row_holds_a_diploma_or_an_authorisation_or_both() {
        assert_eq!(read(&qualified()), Ok([Some(coded("DE", "DE05")), None]));
        let both = qualified().with("Code type autorisation", "AM01");
        assert_eq!(
            read(&both),
            Ok([Some(coded("DE", "DE05")), Some(coded("AM01", ""))])
        );
        let authorised = both.with("Code diplôme obtenu", "");
        assert_eq!(read(&authorised), Ok([None, Some(coded("AM01", ""))]));
    }

    #[test]
    fn each_bad_row_says_its_column_and_its_rule() {
        let fault = read(&WrittenRow::doctor()).unwrap_err();
        assert_eq!(fault.column, "Code diplôme obtenu");
        assert_eq!(fault.reason, "a diploma or an authorisation is there");
        assert!(!fault.is_malformed, "which does not speak against the file");
        for (column, value) in [
            ("Identification nationale PP", "899700024450"),
            ("Code diplôme obtenu", "A CODE OF MORE THAN 16"),
        ] {
            let fault = read(&qualified().with(column, value)).unwrap_err();
            assert_eq!((fault.column.as_str(), fault.is_malformed), (column, true));
        }
        let long = "x".repeat(201);
        let fault = read(&qualified().with("Libellé diplôme obtenu", long)).unwrap_err();
        assert_eq!(fault.column, "Libellé diplôme obtenu");
    }

    #[test]
    fn the_file_of_skills_is_not_this_one() {
        let text = file(SKILL_HEADER, "\n", &[WrittenRow::doctor()]);
        let outcome = read_as(Source::Qualifications, &[text.as_bytes()]);
        assert_eq!(outcome.end, Err(Malformed::HeaderUnknown));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_below_the_header_never_panic_and_the_pieces_do_not_matter(
            bytes in proptest::collection::vec(
                prop_oneof![Just(b'|'), Just(b'\n'), any::<u8>()], 0..600,
            ),
            size in 1_usize..64,
        ) {
            let mut text = format!("{QUALIFICATION_HEADER}\n").into_bytes();
            text.extend(bytes);
            let pieces: Vec<&[u8]> = text.chunks(size).collect();
            prop_assert_eq!(
                read_as(Source::Qualifications, &pieces),
                read_as(Source::Qualifications, &[&text])
            );
        }
    }
}
