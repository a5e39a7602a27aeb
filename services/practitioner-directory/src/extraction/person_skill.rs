//! One row of `PS_LibreAcces_SavoirFaire`, checked.

use aval_domain::code::Profession;
use aval_domain::id_nat_ps::IdNatPs;

use super::column::Column;
use super::values::Values;
use super::{RowFault, SkillText};

/// One skill of one person in one of their professions. The names in the row are not
/// read: those of the practice situations hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonSkillRow<'line> {
    /// Whose, by their national identifier.
    pub national_id: IdNatPs,
    /// In which profession.
    pub profession: Profession,
    /// In which professional category, as published.
    pub category: &'line str,
    /// The skill.
    pub skill: SkillText<'line>,
}

impl<'line> PersonSkillRow<'line> {
    pub(super) fn parse(row: &Values<'_, 'line>) -> Result<Self, RowFault> {
        let (national_id, profession) = (row.national_id()?, row.profession()?);
        let category = row.code(Column::Category)?;
        let Some(skill) = row.skill()? else {
            return Err(row.says_nothing(Column::Skill, "a skill is there"));
        };
        Ok(Self {
            national_id,
            profession,
            category,
            skill,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::read_as;
    use super::super::written::{SKILL_HEADER, WrittenRow, file};
    use super::super::{ExtractionReader, Malformed, ReadLine};
    use crate::source::Source;

    fn fault_of(row: &WrittenRow) -> (String, String, bool) {
        let mut faults = Vec::new();
        let text = file(SKILL_HEADER, "\n", std::slice::from_ref(row));
        let mut reader = ExtractionReader::new(Source::Skills);
        let pushed = reader.push(text.as_bytes(), |line, read| {
            let ReadLine::Fault(fault) = read else {
                panic!("{read:?}")
            };
            assert_eq!(line, 2);
            faults.push((fault.column, fault.reason.into_owned(), fault.is_malformed));
        });
        pushed.unwrap();
        faults.pop().unwrap()
    }

    #[test]
    fn each_bad_row_says_its_column_and_its_rule() {
        let doctor = WrittenRow::doctor;
        let without = fault_of(&doctor().with("Code savoir-faire", ""));
        let expected = ("Code savoir-faire".into(), "a skill is there".into(), false);
        assert_eq!(without, expected, "which does not speak against the file");
        let national = "Identification nationale PP";
        let (column, _, is_malformed) = fault_of(&doctor().with(national, "899700024450"));
        assert_eq!((column.as_str(), is_malformed), (national, true));
        let (column, _, is_malformed) = fault_of(&doctor().with("Code profession", "93"));
        assert_eq!((column.as_str(), is_malformed), ("Code profession", false));
        let (column, ..) = fault_of(&doctor().with("Libellé savoir-faire", "a|b"));
        assert_eq!(column, "");
    }

    #[test]
    fn the_file_of_practice_situations_is_not_this_one() {
        let text = file(
            super::super::written::HEADER_56,
            "\n",
            &[WrittenRow::doctor()],
        );
        let outcome = read_as(Source::Skills, &[text.as_bytes()]);
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
            let mut text = format!("{SKILL_HEADER}\n").into_bytes();
            text.extend(bytes);
            let pieces: Vec<&[u8]> = text.chunks(size).collect();
            prop_assert_eq!(read_as(Source::Skills, &pieces), read_as(Source::Skills, &[&text]));
        }

        #[test]
        fn what_is_written_is_read(
            kind in "[A-Z]{0,4}", code in "[A-Z]{1,3}[0-9]{0,4}",
            label in "[\\PC&&[^|]]{0,40}", category in "[A-Z]{0,2}", windows in any::<bool>(),
        ) {
            let row = WrittenRow::doctor()
                .with("Code type savoir-faire", kind.as_str())
                .with("Code savoir-faire", code.as_str())
                .with("Libellé savoir-faire", label.as_str())
                .with("Code catégorie professionnelle", category.as_str());
            let text = file(SKILL_HEADER, if windows { "\r\n" } else { "\n" }, &[row]);
            let mut read_back = Vec::new();
            ExtractionReader::new(Source::Skills).push(text.as_bytes(), |_, read| {
                let ReadLine::Skill(row) = read else { panic!("{read:?}") };
                assert_eq!(row.national_id.to_string(), "899700366240");
                assert_eq!(row.profession.code(), "10");
                let skill = row.skill;
                let texts = [skill.type_code, skill.code, skill.label, row.category];
                read_back.push(texts.map(str::to_owned));
            }).unwrap();
            let written = [kind, code, label.trim().to_owned(), category];
            prop_assert_eq!(read_back, [written]);
        }
    }
}
