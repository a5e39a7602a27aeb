//! Archives as published, written by an independent program, and as enemies write them.

use std::io::{Cursor, Write};

use proptest::prelude::*;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::*;

const NAME: &str = "PS_LibreAcces_SavoirFaire_202611230412.txt";
/// Where the flags stand in the record before the bytes, the method, the CRC and the size.
const FLAGS: usize = 6;
const METHOD: usize = 8;
const CRC: usize = 14;
const SIZE: usize = 22;

/// How the archive is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// What must come out stands before the bytes.
    Usual,
    /// The same, with long sizes.
    Large,
    /// It stands behind the bytes.
    Behind,
    /// The bytes are as they are.
    Stored,
}

fn zipped(form: Form, files: &[(&str, &[u8])]) -> Vec<u8> {
    let method = match form {
        Form::Stored => CompressionMethod::Stored,
        _ => CompressionMethod::Deflated,
    };
    let options = SimpleFileOptions::default()
        .compression_method(method)
        .large_file(form == Form::Large);
    if form == Form::Behind {
        let mut archive = ZipWriter::new_stream(Vec::new());
        for (name, bytes) in files {
            archive.start_file(*name, options).unwrap();
            archive.write_all(bytes).unwrap();
        }
        return archive.finish().unwrap().into_inner();
    }
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        archive.start_file(*name, options).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// What comes out, and how it ends.
fn unpacked(archive: &[u8], pieces: usize) -> (Vec<u8>, Result<(), Malformed>) {
    let mut came_out = Vec::new();
    let mut reader = Archive::new(Source::Skills);
    for piece in archive.chunks(pieces) {
        let pushed = reader.push(piece, |bytes| {
            came_out.extend_from_slice(bytes);
            Ok(())
        });
        if pushed.is_err() {
            return (came_out, pushed);
        }
    }
    (came_out, reader.finish())
}

fn fault_of(archive: &[u8]) -> ArchiveFault {
    let end = unpacked(archive, 1_000).1;
    assert_eq!(end, unpacked(archive, 7).1, "in any pieces");
    match end {
        Err(Malformed::Archive(fault)) => fault,
        other => panic!("{other:?}"),
    }
}

fn changed(archive: &[u8], place: usize, value: &[u8]) -> Vec<u8> {
    let mut archive = archive.to_owned();
    archive[place..place + value.len()].copy_from_slice(value);
    archive
}

fn text() -> Vec<u8> {
    (0..2_000_u32)
        .flat_map(|line| format!("{line}|x|\n").into_bytes())
        .collect()
}

#[test]
fn archives_of_every_form_are_unpacked() {
    let text = text();
    for form in [Form::Usual, Form::Large, Form::Behind, Form::Stored] {
        for pieces in [1, 29, 1_000, usize::MAX] {
            let read = unpacked(&zipped(form, &[(NAME, &text)]), pieces);
            assert_eq!(read, (text.clone(), Ok(())), "{form:?} in {pieces}");
        }
    }
    let commented = {
        let mut archive = zipped(Form::Usual, &[(NAME, &text)]);
        let comment = archive.len() - 2;
        archive[comment] = 3;
        archive.extend(b"abc");
        archive
    };
    assert_eq!(unpacked(&commented, 100).1, Ok(()));
}

fn place_of(signature: &[u8], archive: &[u8]) -> usize {
    let mut fours = archive.windows(4);
    fours.position(|four| four == signature).unwrap()
}

fn assert_refused<const N: usize>(archives: [(&str, Vec<u8>, ArchiveFault); N]) {
    for (what, archive, fault) in archives {
        assert_eq!(fault_of(&archive), fault, "{what}");
    }
}

#[test]
fn what_is_not_one_file_of_the_expected_name_is_refused() {
    let text = text();
    let named = |name| zipped(Form::Usual, &[(name, text.as_slice())]);
    let two: [(&str, &[u8]); 2] = [(NAME, &text), ("PS_LibreAcces_SavoirFaire.txt", &text)];
    let whole = named(NAME);
    let directory = place_of(b"PK\x01\x02", &whole);
    let end = place_of(entry::END, &whole);
    let two_records = [&whole[..end], &whole[directory..]].concat();
    let in_folder = |folder: &str| {
        let name = format!("{folder}PS_LibreAcces_SavoirFaire.txt");
        zipped(Form::Usual, &[(&name, text.as_slice())])
    };
    let mailboxes = named("Extraction_Correspondance_MSSante.txt");
    let nested = named("PS_LibreAcces_SavoirFaire.zip");
    assert_refused([
        (
            "a text",
            b"Type d'identifiant PP|".to_vec(),
            ArchiveFault::NotArchive,
        ),
        ("three bytes", b"abc".to_vec(), ArchiveFault::NotArchive),
        ("no file", zipped(Form::Usual, &[]), ArchiveFault::Empty),
        (
            "two files",
            zipped(Form::Usual, &two),
            ArchiveFault::SeveralFiles,
        ),
        (
            "two in a stream",
            zipped(Form::Behind, &two),
            ArchiveFault::SeveralFiles,
        ),
        ("two records", two_records, ArchiveFault::SeveralFiles),
        ("a path", in_folder("a/"), ArchiveFault::FolderNamed),
        ("a path up", in_folder("../"), ArchiveFault::FolderNamed),
        (
            "an absolute path",
            in_folder("/"),
            ArchiveFault::FolderNamed,
        ),
        ("another file", mailboxes, ArchiveFault::NameUnexpected),
        ("an archive inside", nested, ArchiveFault::NameUnexpected),
        ("another name", named("x.exe"), ArchiveFault::NameUnexpected),
    ]);
}

#[test]
fn what_is_encrypted_or_packed_otherwise_is_refused() {
    let whole = zipped(Form::Usual, &[(NAME, &text())]);
    let flagged = |place, flags| changed(&whole, place, &[flags]);
    assert_refused([
        ("a password", flagged(FLAGS, 1), ArchiveFault::Encrypted),
        (
            "strong encryption",
            flagged(FLAGS, 1 << 6),
            ArchiveFault::Encrypted,
        ),
        (
            "a masked directory",
            flagged(FLAGS + 1, 1 << 5),
            ArchiveFault::Encrypted,
        ),
        ("AES", flagged(METHOD, 99), ArchiveFault::Encrypted),
        (
            "bzip2",
            flagged(METHOD, 12),
            ArchiveFault::MethodUnsupported,
        ),
    ]);
}

#[test]
fn what_is_damaged_or_contradicts_itself_is_refused() {
    let text = text();
    let whole = zipped(Form::Usual, &[(NAME, &text)]);
    let behind = zipped(Form::Behind, &[(NAME, &text)]);
    let directory = place_of(b"PK\x01\x02", &whole);
    let with = |place, value: &[u8]| changed(&whole, place, value);
    let checks = place_of(b"PK\x07\x08", &behind) + 4;
    let followed = |count| [whole.as_slice(), &vec![0; count]].concat();
    let zeros = vec![0; 3 * 1024 * 1024];
    let bomb = |form| zipped(form, &[(NAME, zeros.as_slice())]);
    let crc = [1, 2, 3, 4];
    assert_refused([
        ("a wrong CRC", with(CRC, &crc), ArchiveFault::ChecksumWrong),
        (
            "a wrong size",
            with(SIZE, &crc[..3]),
            ArchiveFault::ChecksumWrong,
        ),
        (
            "a wrong CRC behind",
            changed(&behind, checks, &crc),
            ArchiveFault::ChecksumWrong,
        ),
        (
            "a record's wrong CRC",
            with(directory + 16, &crc),
            ArchiveFault::ChecksumWrong,
        ),
        (
            "a record's other name",
            with(directory + 46, b"X"),
            ArchiveFault::Damaged,
        ),
        (
            "no deflate",
            with(30 + NAME.len(), &[0xFF; 16]),
            ArchiveFault::Damaged,
        ),
        ("a bomb", bomb(Form::Usual), ArchiveFault::Bomb),
        ("a bomb in a stream", bomb(Form::Behind), ArchiveFault::Bomb),
        ("a byte behind it", followed(1), ArchiveFault::Trailing),
        (
            "much behind it",
            followed(LONGEST_TAIL + 1),
            ArchiveFault::Trailing,
        ),
    ]);
}

#[test]
fn a_promise_of_more_than_the_largest_file_is_refused_before_a_byte_comes_out() {
    let archive = zipped(Form::Large, &[(NAME, &text())]);
    let extra = 30 + NAME.len();
    assert_eq!(
        &archive[extra..extra + 2],
        [1, 0],
        "the field of large sizes"
    );
    let promised = changed(&archive, extra + 4, &(LARGEST_FILE + 1).to_le_bytes());
    let (came_out, end) = unpacked(&promised, 512);
    assert_eq!(end, Err(ArchiveFault::TooLarge.into()));
    assert!(came_out.is_empty());
}

#[test]
fn an_archive_that_is_cut_anywhere_is_never_whole() {
    let text = text();
    for form in [Form::Usual, Form::Large, Form::Behind, Form::Stored] {
        let whole = zipped(form, &[(NAME, &text)]);
        for cut in 1..whole.len() {
            let end = unpacked(&whole[..cut], usize::MAX).1;
            assert_eq!(
                end,
                Err(ArchiveFault::Truncated.into()),
                "{form:?} at {cut}"
            );
        }
    }
    assert_eq!(unpacked(&[], 1).1, Err(Malformed::Empty));
}

proptest! {
    #[test]
    fn what_was_packed_comes_out_in_any_pieces(
        bytes in proptest::collection::vec(any::<u8>(), 0..3_000),
        form in prop_oneof![
            Just(Form::Usual), Just(Form::Large), Just(Form::Behind), Just(Form::Stored),
        ],
        pieces in 1_usize..500,
    ) {
        let archive = zipped(form, &[(NAME, &bytes)]);
        prop_assert_eq!(unpacked(&archive, pieces), (bytes, Ok(())));
    }

    #[test]
    fn one_wrong_byte_never_brings_other_bytes_as_whole(
        place in any::<prop::sample::Index>(), wrong in 1_u8..,
        behind in any::<bool>(), pieces in 1_usize..500,
    ) {
        let text = text();
        let form = if behind { Form::Behind } else { Form::Usual };
        let mut archive = zipped(form, &[(NAME, &text)]);
        let place = place.index(archive.len());
        archive[place] ^= wrong;
        let (came_out, end) = unpacked(&archive, pieces);
        prop_assert!(end.is_err() || came_out == text);
        prop_assert_eq!(unpacked(&archive, usize::MAX).1, end);
    }

    #[test]
    fn arbitrary_bytes_never_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..400), pieces in 1_usize..50,
    ) {
        let mut archive = zipped(Form::Usual, &[(NAME, b"x")])[..30 + NAME.len()].to_owned();
        archive.extend(&bytes);
        prop_assert_eq!(unpacked(&archive, pieces).1, unpacked(&archive, usize::MAX).1);
        unpacked(&bytes, pieces).1.unwrap_err();
    }
}
