//! Files that are no extraction of the national directory, or only nearly.

use aval_domain::time::{Clock, SystemClock};
use aval_proto::practitioner_directory::v1 as directory;
use aval_testing::synthesize::{Directory, Faults, SynthesisPlan, file_name};
use directory::ImportState;
use std::time::Duration;
use tonic::Status;

use crate::refusal::{Refused, refused};
use crate::scene::{Scene, file_of, fresh_id, header, piece, plan, this_minute};

const HOUR: Duration = Duration::from_hours(1);

#[tokio::test]
async fn a_file_that_is_no_extraction_is_refused_and_changes_nothing() {
    let scene = Scene::set().await;
    let sound = file_of(&plan().directory());
    let truncated = sound[..sound.len() - 40].to_vec();
    let wrong_header = replaced(&sound, "Code profession", "Code du métier");
    let header_alone: Vec<u8> = sound
        .split_inclusive(|byte| *byte == b'\n')
        .next()
        .unwrap()
        .into();
    let long_header = vec![b'a'; 10_000_000];
    let binary = [b"PK\x03\x04".as_slice(), &[0; 4096], &sound].concat();
    let utf_16 = sound.iter().flat_map(|byte| [*byte, 0]).collect();
    for (what, bytes) in [
        ("empty", Vec::new()),
        ("truncated in a row", truncated),
        ("with another header", wrong_header),
        ("a header alone", header_alone),
        ("one line of 10 MB", long_header),
        ("an archive", binary),
        ("UTF-16", utf_16),
        ("zeros", vec![0; 100_000]),
    ] {
        let answer = scene.import(&this_minute(), bytes).await;
        let refusal = Refused::read(answer.expect_err(what));
        assert_eq!(refusal.reason, "FILE_MALFORMED", "{what}");
        assert_unchanged(&scene, what).await;
        assert_eq!(newest(&scene).await.state(), ImportState::Failed, "{what}");
        assert!(!newest(&scene).await.state_reason.is_empty(), "{what}");
    }
}

#[tokio::test]
async fn a_file_of_another_size_than_announced_is_refused_and_changes_nothing() {
    let scene = Scene::set().await;
    // Cut between two rows: only the announcement tells.
    let sound = file_of(&plan().directory());
    let rows: Vec<_> = sound.split_inclusive(|byte| *byte == b'\n').collect();
    let shorter = rows[..rows.len() / 2].concat();
    let answer = scene
        .import_announced(&this_minute(), sound.len(), shorter)
        .await;
    refused(answer).is("FILE_MALFORMED");
    assert_unchanged(&scene, "shorter than announced").await;
    let answer = scene
        .import_announced(&this_minute(), sound.len() - 1, sound)
        .await;
    refused(answer).is("FILE_MALFORMED");
    assert_unchanged(&scene, "longer than announced").await;
}

#[tokio::test]
async fn a_stream_that_breaks_off_or_breaks_the_contract_changes_nothing() {
    let scene = Scene::set().await;
    let sound = file_of(&plan().directory());
    let size = u64::try_from(sound.len()).unwrap();
    let (first, rest) = sound.split_at(sound.len() / 2);
    let name = this_minute();
    for (what, messages) in [
        ("no message at all", Vec::new()),
        ("no header", vec![piece(first)]),
        (
            "an empty message",
            vec![directory::ImportExtractionRequest { part: None }],
        ),
        (
            "two headers",
            vec![
                header(&name, size),
                header(&name, size),
                piece(first),
                piece(rest),
            ],
        ),
        (
            "a piece too large",
            vec![header(&name, 0), piece(&vec![b'a'; (1 << 20) + 1])],
        ),
    ] {
        let stream = tokio_stream::iter(messages);
        let answer = scene
            .operator
            .directory_admin()
            .import_extraction(stream)
            .await;
        let refusal = Refused::read(answer.expect_err(what));
        assert_eq!(refusal.reason, "FIELD_INVALID", "{what}");
        assert_unchanged(&scene, what).await;
    }
    // The sender goes away in the middle of the file.
    let (sender, receiver) = tokio::sync::mpsc::channel(2);
    sender.send(header(&name, size)).await.unwrap();
    sender.send(piece(first)).await.unwrap();
    let mut admin = scene.operator.directory_admin();
    let receiver = tokio_stream::wrappers::ReceiverStream::new(receiver);
    let call = tokio::spawn(async move { admin.import_extraction(receiver).await });
    crate::patience::eventually("the import is being received", async || {
        (newest(&scene).await.state() == ImportState::Receiving).then_some(())
    })
    .await;
    call.abort();
    crate::patience::eventually("the broken import is given up", async || {
        (newest(&scene).await.state() == ImportState::Failed).then_some(())
    })
    .await;
    assert_unchanged(&scene, "a broken stream").await;
    drop(sender);
}

#[tokio::test]
async fn names_of_files_that_are_none_are_refused_without_being_repeated() {
    let scene = Scene::empty().await;
    let tomorrow = SystemClock.now().saturating_add(48 * HOUR);
    for name in [
        "",
        "../../etc/passwd",
        "PS_LibreAcces_Personne_activite_202613230412.txt",
        "Porteurs_CPS_CPF_202611230412.txt",
        "PS_LibreAcces_Personne_activite_２０２６１１２３０４１２.txt",
        &"PS_LibreAcces".repeat(50),
        &file_name(tomorrow),
    ] {
        let answer = scene.import(name, file_of(&plan().directory())).await;
        refused(answer)
            .is("FIELD_INVALID")
            .names("header.file_name")
            .silent_about(name);
    }
    assert_eq!(freshness(&scene).await.practitioner_count, 0);
}

#[tokio::test]
async fn an_older_file_waits_for_a_person_and_changes_nothing() {
    let scene = Scene::set().await;
    let yesterday = SystemClock.now().saturating_sub(24 * HOUR);
    let import = scene
        .import(&file_name(yesterday), file_of(&plan().directory()))
        .await
        .unwrap();
    assert_eq!(import.state(), ImportState::Suspended);
    assert_unchanged(&scene, "an older file").await;
}

#[tokio::test]
async fn a_file_that_would_remove_half_of_everybody_waits_for_a_person() {
    let scene = Scene::set().await;
    let mut half = plan().directory();
    half.people.truncate(half.people.len() / 2);
    let import = scene.import(&this_minute(), file_of(&half)).await.unwrap();
    assert_eq!(import.state(), ImportState::Suspended);
    assert!(!import.state_reason.is_empty());
    assert_unchanged(&scene, "half of the file").await;
}

#[tokio::test]
async fn rows_in_error_are_put_aside_one_by_one_and_nobody_else_is_lost() {
    let scene = Scene::empty().await;
    let faults = Faults {
        wrong_column_count: 1,
        bad_check_digit: 1,
        missing_identifier: 1,
        unknown_profession: 1,
        control_characters: 1,
    };
    let plan = SynthesisPlan {
        faults,
        ..SynthesisPlan::new(3, 1_000)
    };
    let mut bytes = file_of(&plan.directory());
    // A row of 10 MB, and a row of another encoding in the same file.
    bytes.extend(vec![b'a'; 10_000_000]);
    bytes.extend(b"\n8|99700000000|N\xe9e|\n");
    let import = scene.import(&this_minute(), bytes).await.unwrap();
    assert_eq!(import.state(), ImportState::Applied);
    let report = import.report.unwrap();
    assert_eq!(report.practitioner_count, 1_000);
    assert_eq!(report.quarantined_count, i64::from(faults.total()) + 2);
    let request = directory::ListQuarantinedRowsRequest {
        import_id: import.import_id,
        ..Default::default()
    };
    let rows = scene
        .operator
        .directory_admin()
        .list_quarantined_rows(request)
        .await
        .unwrap();
    let rows = rows.into_inner().rows;
    assert_eq!(rows.len(), 7);
    assert!(
        rows.iter()
            .all(|row| row.line > 1 && !row.reason.is_empty()),
        "{rows:?}"
    );
}

#[tokio::test]
async fn a_file_of_mostly_bad_rows_waits_for_a_person() {
    let scene = Scene::set().await;
    let mut bytes = file_of(&plan().directory());
    bytes.extend(b"no row at all\n".repeat(100));
    let import = scene.import(&this_minute(), bytes).await.unwrap();
    assert_eq!(import.state(), ImportState::Suspended);
    assert_unchanged(&scene, "a file of mostly bad rows").await;
}

#[tokio::test]
async fn an_older_latin_1_file_reads_as_the_same_people() {
    let scene = Scene::empty().await;
    let directory = SynthesisPlan::new(5, 200).directory();
    let accented = directory
        .people
        .iter()
        .find(|person| !person.given_name.is_ascii());
    let accented = accented
        .expect("somebody of two hundred has an accent")
        .clone();
    let import = scene
        .import(&this_minute(), latin_1(&directory))
        .await
        .unwrap();
    assert_eq!(import.state(), ImportState::Applied);
    assert_eq!(import.report.unwrap().quarantined_count, 0);
    let found = scene.practitioner(&accented).await;
    assert_eq!(found.given_name, accented.given_name);
    assert_eq!(found.family_name, accented.family_name);
}

fn latin_1(directory: &Directory) -> Vec<u8> {
    let text = String::from_utf8(file_of(directory)).unwrap();
    let byte = |character| u8::try_from(u32::from(character)).expect("names of Latin-1 letters");
    text.replace(['’', 'œ'], "'").chars().map(byte).collect()
}

fn replaced(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    assert!(text.contains(from));
    text.replacen(from, to, 1).into_bytes()
}

/// Checks that the directory is the one of [`plan`], whole.
async fn assert_unchanged(scene: &Scene, after: &str) {
    let people = i64::try_from(plan().directory().people.len()).unwrap();
    assert_eq!(freshness(scene).await.practitioner_count, people, "{after}");
    let person = &scene.cast.two_activities;
    let found = scene.practitioner(person).await;
    assert_eq!(found.family_name, person.family_name, "{after}");
    assert_eq!(found.activities.len(), 2, "{after}");
    assert!(found.active, "{after}");
}

async fn freshness(scene: &Scene) -> directory::GetFreshnessResponse {
    let request = directory::GetFreshnessRequest {};
    scene
        .portal
        .directory()
        .get_freshness(request)
        .await
        .unwrap()
        .into_inner()
}

async fn newest(scene: &Scene) -> directory::Import {
    let request = directory::ListImportsRequest::default();
    let imports = scene.operator.directory_admin().list_imports(request).await;
    imports.unwrap().into_inner().imports.remove(0)
}

#[tokio::test]
async fn an_import_that_does_not_exist_is_not_found() {
    let scene = Scene::empty().await;
    let request = directory::GetImportRequest {
        import_id: fresh_id(),
    };
    let answer: Result<_, Status> = scene.operator.directory_admin().get_import(request).await;
    refused(answer).is("NOT_FOUND");
}
