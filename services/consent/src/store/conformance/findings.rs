//! What the trail finds is told once, to whoever wants it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use aval_domain::aliases::IdentityChange;
use aval_domain::etag::Version;
use aval_domain::id::EventId;
use aval_runtime::environment::Environment;
use futures::{StreamExt, stream};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::fixture::{Fixture, NOW, hours, patient, person};
use super::notifications::{inbox, inbox_of, kinds};
use super::patients::acts::learn;
use crate::findings::{Finding, FindingFollower, FindingSource, Findings, ToldFinding};
use crate::identity_changes::ChangeCursor;
use crate::inbox::{Inboxes, Reader};
use crate::notification::{News, NotificationKind, NotificationPreferences, Recipient};
use crate::store::Answer;

fn finding(number: u128, whose: u128) -> Finding {
    Finding {
        finding_id: Uuid::from_u128(0xf000 + number),
        patient_id: patient(whose),
        practitioner_id: person(1).practitioner_id().unwrap(),
        event_id: EventId::from_uuid(Uuid::from_u128(0xe000 + number)),
        withheld_from_representatives: false,
    }
}

fn cursor(text: &str) -> ChangeCursor {
    ChangeCursor::from_text(text.to_owned())
}

async fn ask_for_them(fixture: &Fixture, whose: u128) {
    let wanting = NotificationPreferences {
        muted: BTreeSet::new(),
        wanted: BTreeSet::from([NotificationKind::UnusualAccess]),
        version: Version(2),
    };
    let recipient = Recipient::Patient(patient(whose));
    let choose = |_: &NotificationPreferences| Ok(Some(wanting.clone()));
    fixture
        .store
        .change_notification_preferences(&fixture.write(), recipient, &choose)
        .await
        .unwrap();
}

async fn tell(fixture: &Fixture, findings: &[Finding], to: &str) -> u64 {
    let now = fixture.now();
    let news: Vec<News> = findings
        .iter()
        .map(|finding| News::unusual_access(finding, now))
        .collect();
    let told = fixture.store.tell_findings(&news, &cursor(to)).await;
    told.unwrap()
}

pub(super) async fn a_finding_is_told_once_to_who_wants_it_and_to_nobody_else(fixture: &Fixture) {
    ask_for_them(fixture, 1).await;
    let findings = [finding(1, 1), finding(2, 2), finding(3, 1)];
    assert_eq!(tell(fixture, &findings[..2], "2").await, 1);
    assert_eq!(tell(fixture, &findings, "3").await, 1);
    // Whoever comes later hears of them again, and of an earlier place.
    fixture.clock.set(hours(1));
    let at_once = (0..4).map(|_| tell(fixture, &findings, "1"));
    let told: u64 = futures::future::join_all(at_once).await.into_iter().sum();
    assert_eq!(told, 0);
    let followed = fixture.store.findings_followed_to().await.unwrap();
    assert_eq!(followed, cursor("1"));

    let told = inbox(fixture, Recipient::Patient(patient(1))).await;
    assert_eq!(told.len(), 2);
    let first = &told[0].news;
    assert_eq!(first.kind, NotificationKind::UnusualAccess);
    assert_eq!((first.patient_id, first.at), (patient(1), NOW));
    assert_eq!(first.practitioner_id, person(1).practitioner_id());
    assert_eq!(first.subject_id, Some(findings[0].event_id.as_uuid()));
    assert!(
        kinds(fixture, Recipient::Patient(patient(2)))
            .await
            .is_empty()
    );
    // What was found before somebody asked is not told afterwards.
    ask_for_them(fixture, 2).await;
    assert_eq!(tell(fixture, &[], "4").await, 0);
    let theirs = kinds(fixture, Recipient::Patient(patient(2))).await;
    assert!(theirs.is_empty());
    assert_eq!(tell(fixture, &[finding(4, 2)], "5").await, 1);
}

pub(super) async fn a_finding_that_the_trail_withholds_is_told_to_the_holder_alone(
    fixture: &Fixture,
) {
    ask_for_them(fixture, 1).await;
    let withheld = Finding {
        withheld_from_representatives: true,
        ..finding(1, 1)
    };
    let findings = [withheld, finding(2, 1)];
    assert_eq!(tell(fixture, &findings, "1").await, 2);
    let told = inbox(fixture, Recipient::Patient(patient(1))).await;
    let about: Vec<_> = told.iter().map(|told| told.news.subject_id).collect();
    let events = findings.map(|finding| Some(finding.event_id.as_uuid()));
    assert_eq!(about, events);
    let theirs = inbox_of(fixture, Reader::representative_of(patient(1))).await;
    assert_eq!(theirs, told[1..]);
}

pub(super) async fn a_finding_goes_to_the_present_identifier(fixture: &Fixture) {
    let (source, target) = (patient(2), patient(1));
    learn(fixture, IdentityChange::Merged { source, target }).await;
    ask_for_them(fixture, 1).await;
    let found = [finding(1, 2)];
    let at_once = (0..4).map(|_| tell(fixture, &found, "1"));
    let told: u64 = futures::future::join_all(at_once).await.into_iter().sum();
    assert_eq!(told, 1);
    let told = inbox(fixture, Recipient::Patient(target)).await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].news.patient_id, source);
}

/// Tells two findings, one a stream, and knows no other cursors than those.
#[derive(Debug, Default)]
struct Source {
    asked: Mutex<Vec<ChangeCursor>>,
}

impl FindingSource for Source {
    fn findings_after<'a>(&'a self, after: &'a ChangeCursor) -> Answer<'a, Option<Findings>> {
        self.asked.lock().unwrap().push(after.clone());
        let items = match after.as_text() {
            "start" => vec![(Some(finding(1, 1)), "1"), (None, "2")],
            "2" => vec![(Some(finding(2, 1)), "3"), (None, "end")],
            "end" => return Box::pin(async { Ok(Some(stream::pending().boxed())) }),
            _ => return Box::pin(async { Ok(None) }),
        };
        let items = items.into_iter().map(|(finding, to)| {
            Ok(ToldFinding {
                finding,
                cursor: cursor(to),
            })
        });
        let items: Vec<_> = items.collect();
        Box::pin(async move { Ok(Some(stream::iter(items).boxed())) })
    }
}

pub(super) async fn findings_are_followed_from_where_they_were_and_anew_when_that_is_unknown(
    fixture: &Fixture,
) {
    ask_for_them(fixture, 1).await;
    let followed = async || fixture.store.findings_followed_to().await.unwrap();
    assert_eq!(followed().await, ChangeCursor::start());
    let follow = async || {
        let source = Arc::new(Source::default());
        let environment = Environment {
            clock: Arc::new(fixture.clock.clone()),
            ..Environment::system()
        };
        let store = Arc::new(fixture.store.clone());
        let follows = FindingFollower::new(Arc::clone(&source) as _, store, &environment);
        let stop = CancellationToken::new();
        let until_the_end = async {
            let at_end = || source.asked.lock().unwrap().last() == Some(&cursor("end"));
            while !at_end() {
                tokio::task::yield_now().await;
            }
            stop.cancel();
        };
        tokio::join!(follows.run(stop.clone()), until_the_end);
        source.asked.lock().unwrap().clone()
    };
    let places = ["start", "2", "end"].map(cursor);
    assert_eq!(follow().await, places);
    assert_eq!(followed().await, cursor("end"));
    assert_eq!(follow().await, [cursor("end")]);
    // The log was restored: nobody knows this place any more.
    assert_eq!(tell(fixture, &[], "beyond").await, 0);
    let anew = ["beyond", "start", "2", "end"].map(cursor);
    assert_eq!(follow().await, anew);
    let told = kinds(fixture, Recipient::Patient(patient(1))).await;
    assert_eq!(told, [NotificationKind::UnusualAccess; 2]);
}
