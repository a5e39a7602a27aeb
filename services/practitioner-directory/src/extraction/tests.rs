use proptest::prelude::*;

use super::written::{HEADER_52, HEADER_56, WrittenRow, file};
use super::*;
use crate::source::Source;

/// What a file reads as: a line for each row, and how it ends.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) rows: Vec<(u64, String)>,
    pub(super) faults: Vec<(u64, String, String)>,
    pub(super) end: Result<u64, Malformed>,
}

pub(super) fn read(pieces: &[&[u8]]) -> Outcome {
    read_as(Source::PracticeSituations, pieces)
}

/// The same of a file of another source.
pub(super) fn read_as(source: Source, pieces: &[&[u8]]) -> Outcome {
    let mut rows = Vec::new();
    let mut faults = Vec::new();
    let mut each = |line: u64, read: ReadLine<'_>| match read {
        ReadLine::Row(row) => rows.push((line, format!("{row:?}"))),
        ReadLine::Skill(row) => rows.push((line, format!("{row:?}"))),
        ReadLine::Mailbox(row) => rows.push((line, format!("{row:?}"))),
        ReadLine::Qualification(row) => rows.push((line, format!("{row:?}"))),
        ReadLine::Establishment(row) => rows.push((line, format!("{row:?}"))),
        ReadLine::Fault(fault) => faults.push((line, fault.column, fault.reason.into_owned())),
    };
    let mut reader = ExtractionReader::new(source);
    let pushed = pieces
        .iter()
        .try_for_each(|piece| reader.push(piece, &mut each));
    let end = pushed.and_then(|()| reader.finish(&mut each));
    Outcome { rows, faults, end }
}

fn read_text(text: &str) -> Outcome {
    read(&[text.as_bytes()])
}

/// A file of one row, which must be at fault.
fn fault_of(row: &WrittenRow) -> (String, String) {
    let mut outcome = read_text(&file(HEADER_56, "\n", std::slice::from_ref(row)));
    assert_eq!((outcome.rows.len(), outcome.end), (0, Ok(1)));
    let (line, column, reason) = outcome.faults.pop().unwrap();
    assert_eq!(line, 2);
    (column, reason)
}

#[test]
fn a_row_is_read_into_its_types() {
    let text = file(HEADER_56, "\n", &[WrittenRow::doctor()]);
    let mut reader = ExtractionReader::new(Source::PracticeSituations);
    let mut seen = 0;
    reader
        .push(text.as_bytes(), |line, read| {
            let ReadLine::Row(row) = read else {
                panic!("{read:?}")
            };
            assert_eq!(line, 2);
            assert_eq!(row.national_id.to_string(), "899700366240");
            assert_eq!((row.family_name, row.given_name), ("LE GALL", "Maëlle"));
            assert_eq!(row.profession.code(), "10");
            assert_eq!((row.function, row.kind), ("FON-01", "GENR01"));
            assert_eq!(row.skill.map(|skill| skill.code), Some("SM54"));
            let structure = row.structure.unwrap();
            assert_eq!(structure.technical_id, "R10000000001");
            assert_eq!(structure.town, "Lyon 3e Arrondissement");
            seen += 1;
        })
        .unwrap();
    assert_eq!(reader.finish(|_, _| ()), Ok(1));
    assert_eq!(seen, 1);
}

#[test]
fn an_older_file_has_no_function() {
    let text = file(
        HEADER_52,
        "\r\n",
        &[WrittenRow::doctor(), WrittenRow::doctor()],
    );
    let outcome = read_text(&text);
    assert_eq!(outcome.end, Ok(2));
    assert!(outcome.faults.is_empty());
    assert!(outcome.rows[0].1.contains("function: \"\""));
}

#[test]
fn latin_1_reads_as_utf_8_does() {
    let text = file(HEADER_56, "\n", &[WrittenRow::doctor()]);
    let latin1: Vec<u8> = text
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect();
    assert_eq!(read(&[&latin1]), read_text(&text));
}

#[test]
fn a_line_that_is_not_utf_8_in_a_file_that_is_is_one_faulty_row() {
    let text = file(
        HEADER_56,
        "\n",
        &[WrittenRow::doctor(), WrittenRow::doctor()],
    );
    let mut bytes = text.into_bytes();
    let place = bytes.len() - HEADER_56.len() / 4;
    bytes[place] = 0xFF;
    let outcome = read(&[&bytes]);
    assert_eq!((outcome.rows.len(), outcome.faults.len()), (1, 1));
    assert_eq!(
        outcome.faults[0].2,
        "the line is UTF-8 like those before it"
    );
}

#[test]
fn each_bad_row_says_its_column_and_its_rule() {
    let doctor = WrittenRow::doctor;
    let national = "Identification nationale PP";
    let wrong_key = doctor()
        .with("Identifiant PP", "99700366241")
        .with(national, "899700366241");
    let (column, reason) = fault_of(&wrong_key);
    assert_eq!(column, national);
    assert!(reason.contains("Luhn"), "{reason}");

    let missing = doctor().with("Identifiant PP", "").with(national, "");
    assert_eq!(
        fault_of(&missing),
        (national.into(), "an identifier is there".into())
    );
    let disagreeing = doctor().with(national, "899700024450");
    assert_eq!(fault_of(&disagreeing).0, national);
    let nameless = doctor().with("Nom d'exercice", " ");
    assert_eq!(fault_of(&nameless).0, "Nom d'exercice");
    let unknown = doctor().with("Code profession", "93");
    assert_eq!(
        fault_of(&unknown),
        (
            "Code profession".into(),
            "the profession is in the list TRE_G15".into()
        )
    );
    let control = doctor().with("Téléphone (coord. structure)", "04\u{0}72");
    assert_eq!(
        fault_of(&control),
        (
            "Téléphone (coord. structure)".into(),
            "it has no control characters".into()
        )
    );
    let long = doctor().with("Prénom d'exercice", "é".repeat(201));
    assert_eq!(fault_of(&long).0, "Prénom d'exercice");
    let code = doctor().with("Code mode exercice", "L ibéral");
    assert_eq!(fault_of(&code).0, "Code mode exercice");
    let columns = doctor().with("Nom d'exercice", "LE|GALL");
    assert_eq!(fault_of(&columns).0, "");
}

#[test]
fn only_an_unknown_profession_does_not_speak_against_the_file() {
    let rows = [
        WrittenRow::doctor().with("Code profession", "93"),
        WrittenRow::doctor().with("Nom d'exercice", ""),
    ];
    let mut malformed = Vec::new();
    ExtractionReader::new(Source::PracticeSituations)
        .push(file(HEADER_56, "\n", &rows).as_bytes(), |_, read| {
            if let ReadLine::Fault(fault) = read {
                malformed.push(fault.is_malformed);
            }
        })
        .unwrap();
    assert_eq!(malformed, [false, true]);
}

#[test]
fn a_line_of_ten_megabytes_is_one_faulty_row() {
    let rows = [WrittenRow::doctor()];
    let mut text = file(HEADER_56, "\n", &rows).into_bytes();
    text.extend(std::iter::repeat_n(b'x', 10 * 1024 * 1024));
    text.extend(b"\n");
    text.extend(rows[0].line(HEADER_56).into_bytes());
    text.extend(b"\n");
    let outcome = read(&text.chunks(1024 * 1024).collect::<Vec<_>>());
    assert_eq!(outcome.end, Ok(3));
    assert_eq!(outcome.faults.len(), 1);
    assert_eq!(outcome.faults[0].0, 3);
}

#[test]
fn a_file_that_is_none_is_refused_with_its_reason() {
    let whole = file(HEADER_56, "\n", &[WrittenRow::doctor()]);
    let archive = b"PK\x03\x04\x14\x00\x08\x00some compressed bytes\nand more\n";
    let utf16: Vec<u8> = whole.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let endless = vec![b'x'; 1024 * 1024];
    for (bytes, reason) in [
        (b"".as_slice(), Malformed::Empty),
        (b"\n", Malformed::HeaderUnknown),
        (b"nom;prenom\nA;B\n", Malformed::HeaderUnknown),
        (archive, Malformed::NotText),
        (&utf16, Malformed::NotText),
        (&endless, Malformed::HeaderUnknown),
        (HEADER_56.as_bytes(), Malformed::NoRows),
        (file(HEADER_56, "\n", &[]).as_bytes(), Malformed::NoRows),
        (&whole.as_bytes()[..whole.len() - 40], Malformed::Truncated),
        (&whole.as_bytes()[..whole.len() - 2], Malformed::Truncated),
    ] {
        assert_eq!(read(&[bytes]).end, Err(reason));
    }
}

#[test]
fn a_last_row_without_its_line_end_is_whole_if_its_separator_is_there() {
    let whole = file(HEADER_56, "\n", &[WrittenRow::doctor()]);
    let outcome = read(&[&whole.as_bytes()[..whole.len() - 1]]);
    assert_eq!((outcome.rows.len(), outcome.end), (1, Ok(1)));
}

fn value() -> impl Strategy<Value = String> {
    "[\\PC&&[^|]]{0,12}"
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
        size in 1_usize..64,
    ) {
        read(&bytes.chunks(size).collect::<Vec<_>>());
    }

    #[test]
    fn arbitrary_bytes_below_a_header_never_panic_and_the_pieces_do_not_matter(
        bytes in proptest::collection::vec(
            prop_oneof![Just(b'|'), Just(b'\n'), any::<u8>()], 0..600,
        ),
        size in 1_usize..64,
    ) {
        let mut text = format!("{HEADER_56}\n").into_bytes();
        text.extend(bytes);
        let pieces: Vec<&[u8]> = text.chunks(size).collect();
        prop_assert_eq!(read(&pieces), read(&[&text]));
    }

    #[test]
    fn what_is_written_is_read(
        family in "[A-ZÉÈÇ' -]{1,20}", given in "[A-Za-zéèç' -]{0,20}",
        skill in "[A-Z]{1,3}[0-9]{0,4}", street in value(), town in value(),
        windows in any::<bool>(), older in any::<bool>(),
    ) {
        prop_assume!(!family.trim().is_empty());
        let row = WrittenRow::doctor()
            .with("Nom d'exercice", family.as_str())
            .with("Prénom d'exercice", given.as_str())
            .with("Code savoir-faire", skill.as_str())
            .with("Libellé Voie (coord. structure)", street.as_str())
            .with("Libellé commune (coord. structure)", town.as_str());
        let header = if older { HEADER_52 } else { HEADER_56 };
        let text = file(header, if windows { "\r\n" } else { "\n" }, &[row]);
        let mut read_back = None;
        ExtractionReader::new(Source::PracticeSituations).push(text.as_bytes(), |_, read| {
            let ReadLine::Row(row) = read else { panic!("{read:?}") };
            let structure = row.structure.unwrap();
            read_back = Some([
                row.family_name, row.given_name, row.skill.unwrap().code,
                structure.street[3], structure.town,
            ].map(str::to_owned));
        }).unwrap();
        let written = [&family, &given, &skill, &street, &town].map(|text| text.trim().to_owned());
        prop_assert_eq!(read_back, Some(written));
    }

    #[test]
    fn any_value_in_any_column_is_a_row_or_a_fault_and_never_spoils_the_next(
        column in 0_usize..56, value in value(),
    ) {
        let name = HEADER_56.split('|').nth(column).unwrap();
        let rows = [WrittenRow::doctor().with(name, value), WrittenRow::doctor()];
        let outcome = read_text(&file(HEADER_56, "\n", &rows));
        prop_assert_eq!(outcome.end, Ok(2));
        prop_assert_eq!(outcome.rows.last().map(|(line, _)| *line), Some(3));
    }
}
