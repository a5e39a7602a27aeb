//! One row of the FINESS register, checked.

use aval_domain::finess::Finess;

use super::RowFault;
use super::column::Column;
use super::values::Values;

/// An establishment (site) of the register. Every text but the first two may be empty.
/// Its numbers but the FINESS are not read: those of the practice situations hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EstablishmentRow<'line> {
    /// Its FINESS, of the site.
    pub finess: Finess,
    /// Its long name, or its short one where it has no long one.
    pub name: &'line str,
    /// Number, complement, type and name of the street, then the locality or box.
    pub street: [&'line str; 5],
    /// Postal code, of the office that delivers.
    pub postal_code: &'line str,
    /// Town, as the post writes it.
    pub town: &'line str,
    /// INSEE code of the town, but of the overseas départements, which the register
    /// writes in another way.
    pub town_code: String,
    /// Code of the département, but of those overseas.
    pub department: &'line str,
    /// Code of its category.
    pub category_code: &'line str,
    /// Its category in French.
    pub category_label: &'line str,
    /// When it opened, as a year, month and day with hyphens.
    pub opened_on: &'line str,
}

impl<'line> EstablishmentRow<'line> {
    pub(super) fn parse(row: &Values<'_, 'line>) -> Result<Self, RowFault> {
        if !matches!(row.text(Column::RecordType)?, "" | "structureet") {
            let rule = "it is structureet or geolocalisation";
            return Err(row.says_nothing(Column::RecordType, rule));
        }
        let finess = Finess::parse(row.number(Column::Finess)?)
            .map_err(|error| row.fault(Column::Finess, error.to_string()))?;
        let [short, long] = [Column::EstablishmentName, Column::EstablishmentLongName];
        let name = match row.text(long)? {
            "" => row.text(short)?,
            long => long,
        };
        if name.is_empty() {
            return Err(row.fault(short, "a name is there"));
        }
        let (postal_code, town) = routed(row.text(Column::EstablishmentRouting)?);
        let department = department(row.code(Column::EstablishmentDepartment)?);
        let in_department = row.code(Column::EstablishmentTownInDepartment)?;
        let town_code = match row.code(Column::EstablishmentTownCode)? {
            "" if department.is_empty() || in_department.is_empty() => String::new(),
            "" => format!("{department}{in_department:0>3}"),
            whole => whole.to_owned(),
        };
        Ok(Self {
            finess,
            name,
            street: [
                row.text(Column::EstablishmentStreetNumber)?,
                row.text(Column::EstablishmentStreetComplement)?,
                row.text(Column::EstablishmentStreetType)?,
                row.text(Column::EstablishmentStreet)?,
                row.text(Column::EstablishmentLocality)?,
            ],
            postal_code,
            town,
            town_code,
            department,
            category_code: row.code(Column::EstablishmentCategory)?,
            category_label: row.text(Column::EstablishmentCategoryLabel)?,
            opened_on: opened_on(row)?,
        })
    }
}

/// Five digits and a town; of anything else the whole is the town.
fn routed(line: &str) -> (&str, &str) {
    match line.split_once(' ') {
        Some((code, town)) if code.len() == 5 && code.bytes().all(|b| b.is_ascii_digit()) => {
            (code, town.trim_start())
        }
        _ => ("", line),
    }
}

/// Overseas the register has `9` and a letter, which nothing else here has.
fn department(code: &str) -> &str {
    match code.as_bytes() {
        [b'9', letter] if letter.is_ascii_uppercase() => "",
        _ => code,
    }
}

fn opened_on<'line>(row: &Values<'_, 'line>) -> Result<&'line str, RowFault> {
    let date = row.code(Column::EstablishmentOpened)?;
    let has_its_form = |(place, byte): (usize, u8)| match place {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    let is_date = date.len() == 10 && date.bytes().enumerate().all(has_its_form);
    if !date.is_empty() && !is_date {
        let rule = "it is a year, a month and a day, with hyphens between";
        return Err(row.fault(Column::EstablishmentOpened, rule));
    }
    Ok(date)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::read_as;
    use super::super::{ExtractionReader, Malformed, ReadLine};
    use crate::source::Source;

    const MANIFEST: &str = "finess;etalab;111;2026-05-12";

    /// A record of an establishment that does not exist.
    const RECORD: &str = "structureet;019000013;019000021;CH D'ESSAI;CENTRE HOSPITALIER D'ESSAI;;;\
        12;R;DES LILAS;B;;053;01;AIN;01000 BOURG EN BRESSE;;;355;Centre Hospitalier (C.H.);1102;\
        Centres Hospitaliers;;8610Z;03;ARS;1;Etablissement public de santé;\
        1979-02-13;1979-02-13;2020-02-04;";

    /// The record with another value in a column, counted from 0.
    fn with(column: usize, value: &str) -> String {
        let mut values: Vec<&str> = RECORD.split(';').collect();
        values[column] = value;
        values.join(";")
    }

    fn outcome(lines: &[&str]) -> super::super::tests::Outcome {
        let text = lines
            .iter()
            .fold(String::new(), |text, line| text + line + "\n");
        read_as(Source::Establishments, &[text.as_bytes()])
    }

    /// What is shown of the one row below this first line: name, street, postal code,
    /// town, INSEE code, category, opening.
    fn shown(first_line: &str, row: &str) -> Vec<String> {
        let mut shown = Vec::new();
        let text = format!("{first_line}\n{row}\n");
        ExtractionReader::new(Source::Establishments)
            .push(text.as_bytes(), |_, read| {
                let ReadLine::Establishment(row) = read else {
                    panic!("{read:?}")
                };
                let street = row.street.join(" ");
                shown = [
                    row.name,
                    &street,
                    row.postal_code,
                    row.town,
                    &row.town_code,
                    row.category_code,
                    row.opened_on,
                ]
                .map(str::to_owned)
                .to_vec();
            })
            .unwrap();
        shown
    }

    #[test]
    fn a_record_is_read_by_the_places_of_its_values() {
        let expected = [
            "CENTRE HOSPITALIER D'ESSAI",
            "12 B R DES LILAS ",
            "01000",
            "BOURG EN BRESSE",
            "01053",
            "355",
            "1979-02-13",
        ];
        assert_eq!(shown(MANIFEST, RECORD), expected);
    }

    #[test]
    fn a_file_that_names_its_columns_is_read_by_their_names() {
        let header = "nofinesset;nofinessej;rs;rslongue;numvoie;typvoie;voie;compvoie;lieuditbp;\
            departement;cog;codepostal;libelle_routage;ligneacheminement;categetab;\
            libcategetab;dateautor;dateouvert";
        let row = "019000013;019000021;CH D'ESSAI;;12;R;DES LILAS;;BP 4;01;01053;01000;\
            BOURG EN BRESSE;01000 BOURG EN BRESSE;355;C.H.;1979-02-13;1979-02-14";
        let expected = [
            "CH D'ESSAI",
            "12  R DES LILAS BP 4",
            "01000",
            "BOURG EN BRESSE",
            "01053",
            "355",
            "1979-02-14",
        ];
        assert_eq!(shown(header, row), expected);
    }

    #[test]
    fn quotes_and_latin_1_are_read_and_positions_are_passed_over() {
        let quoted = with(4, "\"HÔPITAL \"\"LA; PAIX\"\"\"");
        assert_eq!(shown(MANIFEST, &quoted)[0], "HÔPITAL \"LA; PAIX\"");
        let text =
            format!("{MANIFEST}\n{quoted}\ngeolocalisation;019000013;8.5;6.5;1,ATLAS;2026-05-04\n");
        let latin1: Vec<u8> = text
            .chars()
            .map(|c| u8::try_from(u32::from(c)).unwrap())
            .collect();
        let read = read_as(Source::Establishments, &[&latin1]);
        assert_eq!(read.end, Ok(1));
        assert_eq!(read, read_as(Source::Establishments, &[text.as_bytes()]));
        let without_end = text.trim_end();
        let read = read_as(Source::Establishments, &[without_end.as_bytes()]);
        assert_eq!((read.rows.len(), read.end), (1, Ok(1)));
    }

    #[test]
    fn a_town_overseas_has_no_insee_code_that_is_known() {
        let mut values: Vec<&str> = RECORD.split(';').collect();
        (values[12], values[13]) = ("411", "9D");
        assert_eq!(shown(MANIFEST, &values.join(";"))[4], "");
    }

    #[test]
    fn each_bad_row_says_its_column_and_its_rule() {
        let long = "x".repeat(201);
        for (column, value, name) in [
            (1, "0190000", "nofinesset"),
            (1, "", "nofinesset"),
            (4, long.as_str(), "rslongue"),
            (18, "A CATEGORY", "categetab"),
            (28, "13/02/1979", "dateouv"),
            (19, "a\u{7}b", "libcategetab"),
            (0, "structureej", "enregistrement"),
        ] {
            let outcome = outcome(&[MANIFEST, &with(column, value)]);
            assert_eq!(outcome.rows.len(), 0, "{name}");
            assert_eq!(
                (outcome.faults[0].0, outcome.faults[0].1.as_str()),
                (2, name)
            );
        }
        let nameless = with(3, "").replace("CENTRE HOSPITALIER D'ESSAI", "");
        assert_eq!(
            outcome(&[MANIFEST, &nameless]).faults[0].2,
            "a name is there"
        );
        let short = outcome(&[MANIFEST, "structureet;019000013;019000021;CH D'ESSAI"]);
        let rule = "the row does not have as many columns as the header";
        assert_eq!(short.faults[0].2, rule);
    }

    #[test]
    fn a_file_that_is_no_register_or_breaks_off_is_refused() {
        let another = outcome(&["finess;autre;1;2026-05-12", RECORD]);
        assert_eq!(another.end, Err(Malformed::HeaderUnknown));
        assert_eq!(outcome(&[MANIFEST]).end, Err(Malformed::NoRows));
        let cut = format!("{MANIFEST}\n{RECORD}\n{}", &RECORD[..90]);
        let read = read_as(Source::Establishments, &[cut.as_bytes()]);
        assert_eq!(read.end, Err(Malformed::Truncated));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_below_the_first_line_never_panic_and_the_pieces_do_not_matter(
            begins_as_record: bool,
            bytes in proptest::collection::vec(
                prop_oneof![Just(b';'), Just(b'"'), Just(b'\n'), any::<u8>()], 0..600,
            ),
            size in 1_usize..64,
        ) {
            let mut text = format!("{MANIFEST}\n").into_bytes();
            if begins_as_record {
                text.extend(&RECORD.as_bytes()[..60]);
            }
            text.extend(bytes);
            let pieces: Vec<&[u8]> = text.chunks(size).collect();
            prop_assert_eq!(
                read_as(Source::Establishments, &pieces),
                read_as(Source::Establishments, &[&text])
            );
        }

        #[test]
        fn any_value_in_any_column_is_read_or_put_aside(
            column in 0_usize..32, value in "\\PC{0,40}",
        ) {
            let row = with(column, &value);
            let read = outcome(&[MANIFEST, &row, RECORD]);
            let taken = read.rows.len() + read.faults.len();
            let passed_over = usize::from(row.starts_with("geolocalisation;"));
            prop_assert_eq!(taken + passed_over, 2);
        }

        #[test]
        fn what_is_written_is_read(
            name in "[\\PC&&[^;\"]]{1,40}", category in "[0-9]{3}", town in "[A-Z]{2,12}",
        ) {
            prop_assume!(!name.trim().is_empty());
            let mut values: Vec<&str> = RECORD.split(';').collect();
            let routing = format!("01000 {town}");
            (values[4], values[15], values[18]) = (&name, &routing, &category);
            let shown = shown(MANIFEST, &values.join(";"));
            prop_assert_eq!(&shown[0], name.trim());
            prop_assert_eq!((&shown[3], &shown[5]), (&town, &category));
        }
    }
}
