use std::time::Duration;

use aval_proto::practitioner_directory::v1 as proto;
use aval_proto::practitioner_directory::v1::ImportState;
use aval_testing::synthesize::{Faults, SynthesisPlan};
use futures::StreamExt;
use tokio::sync::mpsc;
use tonic::Code;

use crate::stand::{
    Stand, data, fields, header, messages, name_before, name_now, reason, synthesized, text_of,
    until,
};

#[tokio::test]
async fn an_import_is_applied_listed_and_told_to_the_trail() {
    let stand = Stand::start().await;
    let directory = synthesized(80);
    let import = stand.import(&directory).await;
    let report = import.report.clone().unwrap();
    assert_eq!(
        (report.practitioner_count, report.practitioners_added_count),
        (80, 80)
    );
    assert_eq!(report.file_sha256.len(), 64);
    assert!(import.finished_at.is_some());
    let request = proto::GetImportRequest {
        import_id: import.import_id.clone(),
    };
    let got = stand.admin("operator").get_import(request).await.unwrap();
    assert_eq!(got.into_inner().import.unwrap(), import);
    assert_eq!(stand.imports().await, std::slice::from_ref(&import));

    until("the trail is told", || async {
        !stand.trail.told().is_empty()
    })
    .await;
    let told = stand.trail.told();
    assert_eq!(told[0].kind, "directory.import_applied");
    assert!(told[0].patient_id.is_empty());
    let subject = told[0].subject.as_ref().unwrap();
    assert_eq!(
        (subject.kind.as_str(), &subject.id),
        ("import", &import.import_id)
    );
    assert_eq!(told[0].after["practitioners_added_count"], "80");
}

#[tokio::test]
async fn bad_rows_are_put_aside_with_line_column_and_rule() {
    let stand = Stand::start_with(|config| config.import.malformed_share = 0.05).await;
    let plan = SynthesisPlan {
        faults: Faults {
            wrong_column_count: 2,
            bad_check_digit: 2,
            missing_identifier: 1,
            unknown_profession: 3,
            control_characters: 1,
        },
        ..SynthesisPlan::new(3, 400)
    };
    let import = stand.import(&plan.directory()).await;
    assert_eq!(import.report.unwrap().quarantined_count, 9);
    let request = proto::ListQuarantinedRowsRequest {
        import_id: import.import_id,
        ..Default::default()
    };
    let listed = stand
        .admin("operator")
        .list_quarantined_rows(request)
        .await
        .unwrap();
    let rows = listed.into_inner().rows;
    assert_eq!(rows.len(), 9);
    assert!(rows.is_sorted_by_key(|row| row.line));
    let reasons = |part: &str| rows.iter().filter(|row| row.reason.contains(part)).count();
    assert_eq!(reasons("columns as the header"), 2);
    assert_eq!(reasons("Luhn"), 2);
    assert_eq!(reasons("TRE_G15"), 3);
    assert_eq!(reasons("an identifier is there"), 1);
    assert_eq!(reasons("control characters"), 1);
    assert!(rows.iter().any(|row| row.column == "Code profession"));
}

#[tokio::test]
async fn an_import_that_removes_too_many_waits_and_changes_nothing() {
    let stand = Stand::start().await;
    let mut directory = synthesized(100);
    let earlier = name_before(Duration::from_hours(24));
    stand
        .send_file(&earlier, &text_of(&directory))
        .await
        .unwrap();
    directory.people.truncate(90);
    let held = stand
        .send_file(&name_now(), &text_of(&directory))
        .await
        .unwrap();
    assert_eq!(held.state, i32::from(ImportState::Suspended));
    assert_eq!(
        held.report
            .as_ref()
            .unwrap()
            .practitioners_deactivated_count,
        10
    );
    assert!(held.state_reason.contains("deactivate") && held.finished_at.is_none());
    let freshness = stand
        .directory("records")
        .get_freshness(proto::GetFreshnessRequest {})
        .await;
    assert_eq!(freshness.unwrap().into_inner().practitioner_count, 100);
    until("the trail is told", || async {
        stand.trail.told().len() == 2
    })
    .await;
    assert_eq!(stand.trail.told()[1].kind, "directory.import_suspended");
}

#[tokio::test]
async fn an_older_file_waits_for_a_person_and_the_same_file_does_not() {
    let stand = Stand::start().await;
    let text = text_of(&synthesized(30));
    let name = name_before(Duration::from_hours(1));
    stand.send_file(&name, &text).await.unwrap();
    let again = stand.send_file(&name, &text).await.unwrap();
    assert_eq!(again.report.unwrap().practitioners_changed_count, 0);
    let older = name_before(Duration::from_hours(2));
    let held = stand.send_file(&older, &text).await.unwrap();
    assert_eq!(held.state, i32::from(ImportState::Suspended));
    assert!(held.state_reason.contains("older"));
}

#[tokio::test]
async fn repeating_a_request_imports_once() {
    let stand = Stand::start().await;
    let text = text_of(&synthesized(30));
    let header = header(&name_now(), text.len());
    let first = stand.send(messages(header.clone(), &text)).await.unwrap();
    let again = stand.send(messages(header.clone(), &text)).await.unwrap();
    assert_eq!(first, again);
    assert_eq!(stand.imports().await.len(), 1);
    let mut other = text.clone();
    let last = other.len() - 60;
    other[last] ^= 1;
    let status = stand.send(messages(header, &other)).await.unwrap_err();
    assert_eq!(reason(&status), "REQUEST_ID_REUSED");
}

#[tokio::test]
async fn a_stream_that_breaks_off_leaves_the_record_of_a_failed_import() {
    let stand = Stand::start().await;
    let text = text_of(&synthesized(800));
    let mut sent = messages(header(&name_now(), text.len()), &text);
    sent.truncate(sent.len() / 2);
    let (sender, receiver) = mpsc::unbounded_channel();
    let count = sent.len();
    for message in sent {
        sender.send(message).unwrap();
    }
    let mut client = stand.admin("operator");
    let stream = tokio_stream::wrappers::UnboundedReceiverStream::new(receiver);
    assert!(count > 1, "the stream stops between two pieces");
    let call = tokio::spawn(async move { client.import_extraction(stream.fuse()).await });
    until("the import has begun", || async {
        !stand.imports().await.is_empty()
    })
    .await;
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    until("the failure is recorded", || async {
        stand.imports().await[0].state == i32::from(ImportState::Failed)
    })
    .await;
    let import = stand.imports().await.remove(0);
    assert!(
        import.state_reason.contains("broke off"),
        "{}",
        import.state_reason
    );
    let freshness = stand
        .directory("records")
        .get_freshness(proto::GetFreshnessRequest {})
        .await;
    assert_eq!(freshness.unwrap().into_inner().practitioner_count, 0);
    // The way is free for the next one.
    stand.import(&synthesized(20)).await;
}

#[tokio::test]
async fn a_stream_that_says_nothing_more_is_given_up() {
    let stand = Stand::start_with(|config| {
        config.import.longest_silence = Duration::from_millis(200).into();
    })
    .await;
    let (sender, receiver) = mpsc::unbounded_channel();
    sender
        .send(messages(header(&name_now(), 0), b"").remove(0))
        .unwrap();
    let stream = tokio_stream::wrappers::UnboundedReceiverStream::new(receiver);
    let status = stand
        .admin("operator")
        .import_extraction(stream)
        .await
        .unwrap_err();
    assert_eq!(reason(&status), "DEADLINE_EXCEEDED");
    let import = stand.imports().await.remove(0);
    assert_eq!(import.state, i32::from(ImportState::Failed));
}

#[tokio::test]
async fn two_imports_at_once_are_one_too_many() {
    let stand = Stand::start().await;
    let (sender, receiver) = mpsc::unbounded_channel();
    sender
        .send(messages(header(&name_now(), 0), b"").remove(0))
        .unwrap();
    let mut client = stand.admin("operator");
    let stream = tokio_stream::wrappers::UnboundedReceiverStream::new(receiver);
    let first = tokio::spawn(async move { client.import_extraction(stream).await });
    until("the first has begun", || async {
        !stand.imports().await.is_empty()
    })
    .await;
    let status = stand
        .send_file(&name_now(), &text_of(&synthesized(5)))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    for piece in text_of(&synthesized(5)).chunks(1_000) {
        sender.send(data(piece.to_vec())).unwrap();
    }
    drop(sender);
    let import = first.await.unwrap().unwrap().into_inner().import.unwrap();
    assert_eq!(import.state, i32::from(ImportState::Applied));
}

#[tokio::test]
async fn the_messages_come_in_their_order_and_size() {
    let stand = Stand::start().await;
    let name = name_now();
    let whole = text_of(&synthesized(5));
    let announced = || messages(header(&name, 0), &whole);

    let status = stand.send(vec![]).await.unwrap_err();
    assert_eq!(fields(&status), ["header"]);
    let status = stand.send(announced().split_off(1)).await.unwrap_err();
    assert_eq!(fields(&status), ["header"]);
    let mut twice = announced();
    twice.extend(messages(header(&name, 0), b""));
    let status = stand.send(twice).await.unwrap_err();
    assert_eq!(fields(&status), ["header"]);
    let mut empty = announced();
    empty.push(proto::ImportExtractionRequest { part: None });
    let status = stand.send(empty).await.unwrap_err();
    assert_eq!(fields(&status), ["data"]);
    let mut oversize = announced();
    oversize.push(data(vec![b'x'; 1024 * 1024 + 1]));
    let status = stand.send(oversize).await.unwrap_err();
    assert_eq!(fields(&status), ["data"]);
    let began = stand.imports().await;
    assert_eq!(began.len(), 3, "those whose header was read");
    let failed = i32::from(ImportState::Failed);
    assert!(began.iter().all(|import| import.state == failed));

    let mut enormous = announced();
    enormous.push(data(vec![b'x'; 5 * 1024 * 1024]));
    let status = stand.send(enormous).await.unwrap_err();
    assert_eq!(
        status.code(),
        Code::ResourceExhausted,
        "more than the listener takes"
    );
}

#[tokio::test]
async fn a_header_says_what_the_file_is() {
    let stand = Stand::start().await;
    let good = header(&name_now(), 0);
    for (file_name, request_id, expected) in [
        ("", good.request_id.as_str(), vec!["header.file_name"]),
        (
            "Porteurs_CPS_CPF_202611230412.txt",
            &good.request_id,
            vec!["header.file_name"],
        ),
        (
            "a/PS_LibreAcces_Personne_activite.txt",
            &good.request_id,
            vec!["header.file_name"],
        ),
        (&good.file_name, "", vec!["header.request_id"]),
        ("x", "y", vec!["header.file_name", "header.request_id"]),
        (
            "PS_LibreAcces_Personne_activite_299901010000.txt",
            &good.request_id,
            vec!["header.file_name"],
        ),
    ] {
        let header = proto::ImportHeader {
            file_name: file_name.to_owned(),
            size_bytes: 0,
            request_id: request_id.to_owned(),
        };
        let status = stand.send(messages(header, b"")).await.unwrap_err();
        let mut found = fields(&status);
        found.dedup();
        assert_eq!(found, expected, "{file_name}");
    }
    assert_eq!(stand.imports().await, []);
}
