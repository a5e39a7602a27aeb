//! Hostile files through the real call: each is refused with its reason, changes
//! nothing, and leaves the record of a failed import.

use std::io::Cursor;

use aval_proto::practitioner_directory::v1 as proto;
use aval_proto::practitioner_directory::v1::ImportState;
use aval_testing::synthesize::write_zipped;
use tonic::Code;

use crate::stand::{Stand, header, messages, name_now, reason, synthesized, text_of};

async fn assert_malformed(stand: &Stand, size: usize, bytes: &[u8], sentence: &str) {
    let sent = stand.send(messages(header(&name_now(), size), bytes)).await;
    let status = sent.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::InvalidArgument, "FILE_MALFORMED"),
        "{sentence}"
    );
    assert_eq!(status.message(), sentence);
    let import = stand.imports().await.remove(0);
    assert_eq!(import.state, i32::from(ImportState::Failed));
    assert_eq!(import.state_reason, sentence);
    let ask = proto::GetFreshnessRequest {};
    let freshness = stand
        .directory("records")
        .get_freshness(ask)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(freshness.practitioner_count, 40);
}

#[tokio::test]
async fn a_file_that_is_no_extraction_changes_nothing() {
    let stand = Stand::start().await;
    stand.import(&synthesized(40)).await;
    let whole = text_of(&synthesized(30));
    let headless = whole.iter().position(|byte| *byte == b'\n').unwrap();
    let archive = [b"PK\x03\x04\x14\0\0\0\x08\0".as_slice(), &[0x9C; 5_000]].concat();
    let endless = vec![b'x'; 3 * 1024 * 1024];
    let other = whole
        .iter()
        .map(|byte| if *byte == b'|' { b';' } else { *byte });
    let other: Vec<u8> = other.collect();
    let not_this = "the first line is not the header of this extraction";
    let no_text = "the file is not text: send the .txt file, or the .zip under its published name";
    for (size, bytes, sentence) in [
        (0, b"".as_slice(), "the file is empty"),
        (
            0,
            &whole[..whole.len() - 20],
            "the file ends in the middle of a row",
        ),
        (
            whole.len(),
            &whole[..whole.len() / 2],
            "the file is shorter than announced",
        ),
        (whole.len() - 1, &whole, "the file is longer than announced"),
        (0, &whole[headless + 1..], not_this),
        (0, &other, not_this),
        (0, &archive, no_text),
        (0, b"PK\x03\x04\n\n", no_text),
        (0, &endless, not_this),
        (0, &whole[..=headless], "the file has a header and no row"),
    ] {
        assert_malformed(&stand, size, bytes, sentence).await;
    }
}

#[tokio::test]
async fn a_file_of_many_malformed_rows_waits_for_a_person_and_shows_them() {
    let stand = Stand::start().await;
    stand.import(&synthesized(40)).await;
    let text = String::from_utf8(text_of(&synthesized(100))).unwrap();
    let spoilt = text.replace("|C|Civil|", "|C|Ci\u{7}vil|");
    let import = stand.send_file(&name_now(), spoilt.as_bytes()).await;
    let import = import.unwrap();
    assert_eq!(import.state, i32::from(ImportState::Suspended));
    assert!(
        import
            .state_reason
            .contains("too many rows of the file are malformed"),
        "{}",
        import.state_reason
    );
    let request = proto::ListQuarantinedRowsRequest {
        import_id: import.import_id,
        page_size: 200,
        ..Default::default()
    };
    let listed = stand
        .admin("operator")
        .list_quarantined_rows(request)
        .await
        .unwrap();
    assert!(listed.into_inner().rows.len() > 50);
}

#[tokio::test]
async fn a_line_of_ten_megabytes_is_one_bad_row() {
    let stand = Stand::start().await;
    let mut text = text_of(&synthesized(200));
    text.extend(std::iter::repeat_n(b'x', 10 * 1024 * 1024));
    text.push(b'\n');
    let import = stand.send_file(&name_now(), &text).await.unwrap();
    assert_eq!(import.state, i32::from(ImportState::Applied));
    let report = import.report.unwrap();
    assert_eq!(
        (report.quarantined_count, report.practitioner_count),
        (1, 200)
    );
}

#[tokio::test]
async fn a_latin_1_file_with_the_line_ends_of_windows_is_read_as_what_it_is() {
    let stand = Stand::start().await;
    let directory = synthesized(60);
    let text = String::from_utf8(text_of(&directory))
        .unwrap()
        .replace('\n', "\r\n");
    let latin1: Vec<u8> = text
        .chars()
        .map(|c| match c {
            'Œ' => 0x8C,
            'œ' => 0x9C,
            '’' => 0x92,
            c => u8::try_from(u32::from(c)).unwrap(),
        })
        .collect();
    let import = stand.send_file(&name_now(), &latin1).await.unwrap();
    assert_eq!(import.report.unwrap().quarantined_count, 0);
    // The same content in UTF-8 changes nothing.
    let again = stand.import(&directory).await;
    assert_eq!(again.report.unwrap().practitioners_changed_count, 0);
}

/// The file in an archive under a name.
fn zipped(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut archive = Cursor::new(Vec::new());
    write_zipped(&mut archive, name, |inside| inside.write_all(bytes)).unwrap();
    archive.into_inner()
}

#[tokio::test]
async fn an_archive_is_the_file_in_it() {
    let stand = Stand::start().await;
    let text = text_of(&synthesized(300));
    let (name, packed) = (name_now(), name_now().replace(".txt", ".zip"));
    let import = stand.send_file(&packed, &zipped(&name, &text)).await;
    let import = import.unwrap();
    assert_eq!(import.state(), ImportState::Applied);
    assert_eq!(import.file_name, packed);
    assert!(import.generated_at.is_some());
    assert_eq!(import.report.unwrap().practitioner_count, 300);
    // The same content as it is changes nothing.
    let again = stand.import(&synthesized(300)).await.report.unwrap();
    assert_eq!(again.practitioners_changed_count, 0);
    assert_eq!(again.practitioners_added_count, 0);
}

#[tokio::test]
async fn an_archive_that_is_not_of_this_file_changes_nothing() {
    let stand = Stand::start().await;
    stand.import(&synthesized(40)).await;
    let text = text_of(&synthesized(30));
    let (name, packed) = (name_now(), name_now().replace(".txt", ".zip"));
    let whole = zipped(&name, &text);
    let header = text.iter().position(|byte| *byte == b'\n').unwrap();
    let other = "Extraction_Correspondance_MSSante.txt";
    for (archive, sentence) in [
        (text.clone(), "the file is named .zip and is no zip archive"),
        (
            whole[..whole.len() - 1].to_vec(),
            "the archive ends before its end",
        ),
        (
            zipped(other, &text),
            "the file in the archive is not named as the extraction that the archive is named \
             after",
        ),
        (
            zipped(&format!("a/{name}"), &text),
            "the name in the archive is that of a folder, or names one",
        ),
        (
            zipped(&name, &vec![b'x'; 4 * 1024 * 1024]),
            "the file in the archive is more than 100 times as large as what it is compressed to",
        ),
        // Whole as an archive, and no whole extraction.
        (
            zipped(&name, &text[..text.len() - 20]),
            "the file ends in the middle of a row",
        ),
        (
            zipped(&name, &text[header + 1..]),
            "the first line is not the header of this extraction",
        ),
    ] {
        let sent = stand.send_file(&packed, &archive).await;
        assert_eq!(reason(sent.as_ref().unwrap_err()), "FILE_MALFORMED");
        assert_eq!(sent.unwrap_err().message(), sentence);
        let import = stand.imports().await.remove(0);
        assert_eq!(import.state(), ImportState::Failed);
        assert_eq!(import.state_reason, sentence);
    }
    let again = stand.import(&synthesized(40)).await.report.unwrap();
    assert_eq!(again.practitioners_changed_count, 0);
}
