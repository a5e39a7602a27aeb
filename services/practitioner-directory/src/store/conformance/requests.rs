use aval_database::requests::RequestKey;
use aval_domain::id::ImportId;
use aval_domain::page::PageSize;

use super::*;
use crate::extraction::Malformed;
use crate::import::staged::Batch;
use crate::page::PageOf;
use crate::source::Source;
use crate::store::{BeginImport, Begun};

aval_database::conformance_suite! {
    migrator: Migrator,
    store: Fixture::new,
    tests: [
        repeating_a_request_answers_the_same_import,
        a_request_that_failed_may_be_repeated,
        what_is_refused_leaves_its_record_and_nothing_else,
        an_older_file_waits_for_a_person,
        a_file_compared_with_another_directory_is_not_applied,
        an_import_that_fell_silent_is_given_up,
        bad_rows_are_put_aside_and_listed_by_line,
        imports_are_listed_the_newest_first,
        the_first_key_for_page_tokens_is_everybody_s,
    ],
}

impl Fixture {
    fn request(&self) -> RequestId {
        RequestId::new(self.environment.random.as_ref())
    }

    async fn all_imports(&self) -> Vec<Import> {
        let page = PageOf {
            size: PageSize::MAX,
            after: None,
        };
        self.store.imports(&page).await.unwrap().items
    }

    async fn assert_nothing_staged(&self) {
        use sea_orm::{ConnectionTrait, Statement};

        let sql = "SELECT (SELECT COUNT(*) FROM staged_practitioners) \
            + (SELECT COUNT(*) FROM staged_organizations) + (SELECT COUNT(*) FROM staged_rows) \
            + (SELECT COUNT(*) FROM staged_ends) + (SELECT COUNT(*) FROM quarantined_rows) \
            + (SELECT COUNT(*) FROM practitioners) AS number";
        let reader = self.db.reader();
        let statement = Statement::from_string(reader.get_database_backend(), sql);
        let row = reader.query_one_raw(statement).await.unwrap().unwrap();
        assert_eq!(row.try_get::<i64>("", "number").unwrap(), 0);
    }
}

async fn repeating_a_request_answers_the_same_import(fixture: &Fixture) {
    let text = text_of(&synthesized(30));
    let (request, name) = (fixture.request(), file_name(fixture.clock.now()));
    let first = fixture
        .send(request, name.clone(), text.clone())
        .await
        .unwrap();
    let again = fixture
        .send(request, name.clone(), text.clone())
        .await
        .unwrap();
    assert_eq!(first, again);
    assert_eq!(fixture.all_imports().await.len(), 1);

    let other_bytes = fixture.send(request, name, text_of(&synthesized(31))).await;
    assert!(matches!(other_bytes, Err(Error::RequestIdReused)));
    fixture.clock.advance(Duration::from_mins(1));
    let other_name = fixture
        .send(request, file_name(fixture.clock.now()), text)
        .await;
    assert!(matches!(other_name, Err(Error::RequestIdReused)));
}

async fn a_request_that_failed_may_be_repeated(fixture: &Fixture) {
    let text = text_of(&synthesized(30));
    let (request, name) = (fixture.request(), file_name(fixture.clock.now()));
    let broken = vec![Ok(text[..text.len() / 2].to_vec()), Err(PieceFault::Broken)];
    let failed = fixture.send_pieces(request, name.clone(), broken).await;
    assert!(matches!(failed, Err(Error::StreamBroken)));
    let import = fixture.send(request, name, text).await.unwrap();
    assert_eq!(import.state, ImportState::Applied);
    assert_eq!(fixture.all_imports().await.len(), 2);
}

async fn what_is_refused_leaves_its_record_and_nothing_else(fixture: &Fixture) {
    let whole = text_of(&synthesized(30));
    let cut = whole[..whole.len() - 30].to_vec();
    for (pieces, reason) in [
        (vec![], Some(Malformed::Empty)),
        (vec![Ok(cut)], Some(Malformed::Truncated)),
        (vec![Ok(b"PK\x03\x04\n".to_vec())], Some(Malformed::NotText)),
        (
            vec![Ok(b"a|b|\n1|2|\n".to_vec())],
            Some(Malformed::HeaderUnknown),
        ),
        (vec![Ok(whole), Err(PieceFault::Broken)], None),
    ] {
        fixture.clock.advance(Duration::from_mins(1));
        let name = file_name(fixture.clock.now());
        let outcome = fixture.send_pieces(fixture.request(), name, pieces).await;
        match (outcome, reason) {
            (Err(Error::FileMalformed { reason: found, .. }), Some(expected)) => {
                assert_eq!(found, expected);
            }
            (Err(Error::StreamBroken), None) => {}
            (other, expected) => panic!("{other:?} instead of {expected:?}"),
        }
        let newest = fixture.all_imports().await.remove(0);
        assert_eq!(newest.state, ImportState::Failed);
        assert!(!newest.state_reason.is_empty() && newest.finished_at.is_some());
        fixture.assert_nothing_staged().await;
    }
    let events = aval_database::outbox::backlog(&fixture.db).await.unwrap();
    assert_eq!(events.count, 0);
}

async fn an_older_file_waits_for_a_person(fixture: &Fixture) {
    let text = text_of(&synthesized(30));
    let older = file_name(fixture.clock.now());
    fixture.applied(&synthesized(31)).await;
    let held = fixture
        .send(fixture.request(), older.clone(), text.clone())
        .await
        .unwrap();
    assert_eq!(held.state, ImportState::Suspended);
    assert!(held.state_reason.contains("older"), "{held:?}");
    assert_eq!(held.report.changes.practitioners_deactivated, 1);
    let freshness = fixture.store.freshness().await.unwrap();
    assert_eq!(freshness.practitioner_count, 31);

    // A file that does not say its age does not make an older one acceptable.
    let nameless = "PS_LibreAcces_Personne_activite.txt".to_owned();
    let import = fixture
        .send(fixture.request(), nameless, text.clone())
        .await
        .unwrap();
    assert_eq!(import.state, ImportState::Applied);
    let held = fixture.send(fixture.request(), older, text).await.unwrap();
    assert_eq!(held.state, ImportState::Suspended);
}

fn beginning(fixture: &Fixture) -> BeginImport {
    let now = fixture.clock.now();
    BeginImport {
        import_id: ImportId::new(now, fixture.environment.random.as_ref()),
        source: Source::PracticeSituations,
        file_name: file_name(now),
        generated_at: Some(now),
        request: RequestKey {
            actor: "operator".to_owned(),
            request_id: fixture.request(),
            operation: "test",
            fingerprint: [0; 32],
        },
        now,
        silent_since: now.saturating_sub(Duration::from_mins(3)),
        held_since: Timestamp::UNIX_EPOCH,
    }
}

fn finishing(fixture: &Fixture, begin: &BeginImport) -> crate::store::FinishImport {
    use aval_domain::event::{EventKind, Outcome};

    crate::store::FinishImport {
        import_id: begin.import_id,
        source: begin.source,
        base: None,
        row_count: 0,
        quarantined_count: 0,
        file_sha256: String::new(),
        limits: ImportLimits {
            deactivated_share: 1.0,
            changed_share: 1.0,
            alarm_share: 1.0,
            malformed_share: 1.0,
        },
        suspicions: Vec::new(),
        decided: None,
        event: fixture
            .cx()
            .event(EventKind::DirectoryImportApplied, Outcome::Success),
        now: fixture.clock.now(),
    }
}

async fn a_file_compared_with_another_directory_is_not_applied(fixture: &Fixture) {
    let begin = beginning(fixture);
    fixture.store.begin_import(&begin).await.unwrap();
    fixture.applied(&synthesized(10)).await;
    let late = fixture
        .store
        .finish_import(&finishing(fixture, &begin))
        .await;
    assert!(matches!(late, Err(Error::DirectoryChanged)), "{late:?}");
    let freshness = fixture.store.freshness().await.unwrap();
    assert_eq!(freshness.practitioner_count, 10);
}

async fn an_import_that_fell_silent_is_given_up(fixture: &Fixture) {
    let silent = beginning(fixture);
    let begun = fixture.store.begin_import(&silent).await.unwrap();
    assert_eq!(begun, Begun::Receiving { newest: None });
    let again = fixture.store.begin_import(&silent).await;
    assert!(matches!(again, Err(Error::ImportRunning)));

    fixture.clock.advance(Duration::from_mins(4));
    fixture
        .store
        .begin_import(&beginning(fixture))
        .await
        .unwrap();
    let record = fixture
        .store
        .import(silent.import_id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(record.state, ImportState::Failed);
    let now = fixture.clock.now();
    let late = fixture
        .store
        .stage(silent.import_id, &Batch::default(), now)
        .await;
    assert!(matches!(late, Err(Error::ImportAbandoned)));
    let finish = finishing(fixture, &silent);
    let late = fixture.store.finish_import(&finish).await;
    assert!(matches!(late, Err(Error::ImportAbandoned)));
    let freshness = fixture.store.freshness().await.unwrap();
    assert_eq!(
        freshness.sources[0].import_id, None,
        "nothing was put in use"
    );
}

async fn bad_rows_are_put_aside_and_listed_by_line(fixture: &Fixture) {
    let mut text = String::from_utf8(text_of(&synthesized(300))).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let bad: Vec<String> = (0..2).map(|n| lines[n + 10].replace("997", "99")).collect();
    let count = lines.len() as u64;
    for line in bad {
        text.push_str(&line);
        text.push('\n');
    }
    fixture.clock.advance(Duration::from_mins(1));
    let name = file_name(fixture.clock.now());
    let import = fixture
        .send(fixture.request(), name, text.into_bytes())
        .await
        .unwrap();
    assert_eq!(import.state, ImportState::Applied);
    assert_eq!(import.report.quarantined_count, 2);
    let mut page = PageOf {
        size: PageSize::from_request(1).unwrap(),
        after: None,
    };
    let first = fixture
        .store
        .quarantined_rows(import.import_id, &page)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(first.items[0].line, count + 1);
    assert_eq!(first.items[0].column, "Identification nationale PP");
    page.after = first.next;
    let last = fixture
        .store
        .quarantined_rows(import.import_id, &page)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((last.items[0].line, last.next), (count + 2, None));
    let nobody = ImportId::new(fixture.clock.now(), fixture.environment.random.as_ref());
    assert_eq!(
        fixture.store.quarantined_rows(nobody, &page).await.unwrap(),
        None
    );
}

async fn imports_are_listed_the_newest_first(fixture: &Fixture) {
    for _ in 0..5 {
        fixture.applied(&synthesized(5)).await;
    }
    let mut seen = Vec::new();
    let mut page = PageOf {
        size: PageSize::from_request(2).unwrap(),
        after: None,
    };
    loop {
        let part = fixture.store.imports(&page).await.unwrap();
        seen.extend(part.items.iter().map(|import| import.started_at));
        page.after = part.next;
        if page.after.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 5);
    assert!(seen.is_sorted_by(|one, next| one > next));
}

async fn the_first_key_for_page_tokens_is_everybody_s(fixture: &Fixture) {
    assert_eq!(
        fixture.store.page_token_key([1; 32]).await.unwrap(),
        [1; 32]
    );
    assert_eq!(
        fixture.store.page_token_key([2; 32]).await.unwrap(),
        [1; 32]
    );
}
