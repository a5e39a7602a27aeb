//! `WatchEvents`: everything, once, in order, and who may.

use std::time::Duration;

use aval_audit::config::WatchConfig;
use aval_domain::event::{Event, EventKind};
use aval_merkle_log::note::SignedNote;
use aval_proto::audit::v1::watch_events_response::Item;
use aval_proto::audit::v1::{
    EventFilter, ListEventsRequest, RecordedEvent, WatchEventsRequest, WatchEventsResponse,
};
use tonic::{Code, Status, Streaming};

use crate::deeds::{access, delivery};
use crate::people::{Person, patient_id, practitioner_id};
use crate::stand::{PATIENCE, Stand, fields, reason};

pub(crate) fn from(cursor: &str) -> WatchEventsRequest {
    WatchEventsRequest {
        cursor: cursor.to_owned(),
        ..WatchEventsRequest::default()
    }
}

/// Signs of life often enough for a test.
pub(crate) fn lively() -> WatchConfig {
    WatchConfig {
        heartbeat: Duration::from_millis(50).into(),
        ..WatchConfig::default()
    }
}

/// A stream, and where it has come.
pub(crate) struct Watcher {
    pub(crate) answers: Streaming<WatchEventsResponse>,
    pub(crate) cursor: String,
}

impl Watcher {
    async fn next(&mut self) -> Result<Item, Status> {
        let answer = tokio::time::timeout(PATIENCE, self.answers.message()).await;
        let answer = answer.expect("something comes in time")?;
        let answer = answer.expect("a watch ends with a status");
        assert!(!answer.cursor.is_empty());
        self.cursor = answer.cursor;
        Ok(answer.item.unwrap())
    }

    /// The next event.
    pub(crate) async fn next_recorded(&mut self) -> Result<RecordedEvent, Status> {
        loop {
            if let Item::Event(recorded) = self.next().await? {
                return Ok(recorded);
            }
        }
    }

    /// The next event's identifier.
    pub(crate) async fn next_event(&mut self) -> Result<String, Status> {
        let recorded = self.next_recorded().await?;
        Ok(recorded.event.unwrap().event_id)
    }

    pub(crate) async fn next_events(&mut self, count: usize) -> Vec<String> {
        let mut events = Vec::new();
        for _ in 0..count {
            events.push(self.next_event().await.unwrap());
        }
        events
    }

    async fn until_a_heartbeat(&mut self) -> String {
        loop {
            if let Item::Heartbeat(beat) = self.next().await.unwrap() {
                return beat.checkpoint;
            }
        }
    }

    /// The status with which the stream ends.
    pub(crate) async fn end(&mut self) -> Status {
        loop {
            if let Err(status) = self.next().await {
                return status;
            }
        }
    }
}

impl Stand {
    pub(crate) async fn watch(
        &self,
        person: Person,
        request: WatchEventsRequest,
    ) -> Result<Watcher, Status> {
        let cursor = request.cursor.clone();
        let request = self.request(request, "gateway", person);
        let answers = self.trail("gateway").watch_events(request).await?;
        Ok(Watcher {
            answers: answers.into_inner(),
            cursor,
        })
    }

    pub(crate) async fn refused_watch(
        &self,
        person: Person,
        request: WatchEventsRequest,
    ) -> Status {
        self.watch(person, request).await.err().expect("refused")
    }
}

pub(crate) fn ids(events: &[Event]) -> Vec<String> {
    events
        .iter()
        .map(|event| event.event_id.to_string())
        .collect()
}

pub(crate) fn accesses(count: usize, patient: aval_domain::id::PatientId) -> Vec<Event> {
    std::iter::repeat_with(|| access(practitioner_id(), patient))
        .take(count)
        .collect()
}

#[tokio::test]
async fn a_watch_from_the_start_tells_what_was_and_then_what_happens() {
    let stand = Stand::start().await;
    let (me, other) = (patient_id(), patient_id());
    let before = accesses(150, me);
    stand.record(&before).await;
    let mut watcher = stand
        .watch(Person::Patient(me), from("start"))
        .await
        .unwrap();
    assert_eq!(watcher.next_events(150).await, ids(&before));

    let after = [accesses(1, other), accesses(2, me)].concat();
    let delivered = delivery("consent", 151, &after);
    stand
        .trail("consent")
        .append_events(delivered)
        .await
        .unwrap();
    assert_eq!(watcher.next_events(2).await, ids(&after[1..]));
}

#[tokio::test]
async fn without_a_cursor_a_watch_begins_now() {
    let stand = Stand::start().await;
    let me = patient_id();
    stand.record(&accesses(3, me)).await;
    let mut watcher = stand.watch(Person::Patient(me), from("")).await.unwrap();
    // The first sign of life comes at once, with a cursor to come back with.
    watcher.until_a_heartbeat().await;
    let after = accesses(1, me);
    let delivered = delivery("consent", 4, &after);
    stand
        .trail("consent")
        .append_events(delivered)
        .await
        .unwrap();
    assert_eq!(watcher.next_events(1).await, ids(&after));
}

#[tokio::test]
async fn nothing_is_missed_or_doubled_by_who_comes_back_while_many_write() {
    let stand = Stand::start_with(lively()).await;
    let (me, other) = (patient_id(), patient_id());
    let mut writing = Vec::new();
    for source in ["consent", "identity", "practitioner-directory"] {
        let mut trail = stand.trail(source);
        writing.push(tokio::spawn(async move {
            let mut sequence = 1;
            for turn in 0..40 {
                let mine = accesses(1 + turn % 3, me);
                let events = [mine, accesses(turn % 2, other)].concat();
                let delivered = delivery(source, sequence, &events);
                trail.append_events(delivered).await.unwrap();
                sequence += events.len() as u64;
                tokio::task::yield_now().await;
            }
        }));
    }
    let wanted = 3 * (0..40).map(|turn| 1 + turn % 3).sum::<usize>();
    let (mut seen, mut cursor, mut turn) = (Vec::new(), "start".to_owned(), 0);
    while seen.len() < wanted {
        turn += 1;
        let mut watcher = stand
            .watch(Person::Patient(me), from(&cursor))
            .await
            .unwrap();
        let left = wanted - seen.len();
        seen.extend(watcher.next_events(left.min(1 + turn % 11)).await);
        if turn % 3 == 0 {
            // A cursor of a sign of life is as good as an event's, also of events sent
            // before it.
            while let Item::Event(recorded) = watcher.next().await.unwrap() {
                seen.push(recorded.event.unwrap().event_id);
            }
        }
        cursor = watcher.cursor;
    }
    for task in writing {
        task.await.unwrap();
    }
    // The list is what there is, the newest first.
    let mut listed = Vec::new();
    let mut page = ListEventsRequest {
        page_size: 200,
        ..ListEventsRequest::default()
    };
    loop {
        let answer = stand.list(Person::Patient(me), page.clone()).await.unwrap();
        listed.extend(crate::history::ids(&answer));
        page.page_token = answer.next_page_token;
        if page.page_token.is_empty() {
            break;
        }
    }
    listed.reverse();
    assert_eq!(seen, listed);
}

#[tokio::test]
async fn a_filter_holds_for_what_was_and_for_what_comes() {
    let stand = Stand::start().await;
    let me = patient_id();
    let grant = |kind| {
        let mut event = access(practitioner_id(), me);
        (event.kind, event.decision) = (kind, None);
        event.documents.clear();
        event
    };
    let events = [
        access(practitioner_id(), me),
        grant(EventKind::GrantCreated),
        grant(EventKind::BlockCreated),
    ];
    stand.record(&events).await;
    let request = WatchEventsRequest {
        filter: Some(EventFilter {
            kinds: vec!["grant.*".to_owned()],
            ..EventFilter::default()
        }),
        ..from("start")
    };
    let mut watcher = stand.watch(Person::Patient(me), request).await.unwrap();
    assert_eq!(watcher.next_events(1).await, ids(&events[1..2]));
    let later = [
        access(practitioner_id(), me),
        grant(EventKind::GrantRevoked),
    ];
    let delivered = delivery("consent", 4, &later);
    stand
        .trail("consent")
        .append_events(delivered)
        .await
        .unwrap();
    assert_eq!(watcher.next_events(1).await, ids(&later[1..]));
}

#[tokio::test]
async fn a_professional_watches_their_own_acts_and_that_is_one_of_them() {
    let stand = Stand::start().await;
    let doctor = practitioner_id();
    let mine = access(doctor, patient_id());
    stand
        .record(&[access(practitioner_id(), patient_id()), mine.clone()])
        .await;
    let person = Person::Practitioner(doctor);
    let mut watcher = stand.watch(person, from("start")).await.unwrap();
    assert_eq!(
        watcher.next_event().await.unwrap(),
        mine.event_id.to_string()
    );
    loop {
        if let Item::Event(recorded) = watcher.next().await.unwrap() {
            assert_eq!(recorded.event.unwrap().kind, "trail.read");
            break;
        }
    }
}

#[tokio::test]
async fn signs_of_life_carry_the_newest_checkpoint() {
    let stand = Stand::start_with(lively()).await;
    let me = patient_id();
    let mut watcher = stand
        .watch(Person::Patient(me), from("start"))
        .await
        .unwrap();
    let policy = stand.policy().await;
    let size = |note: &str| {
        let note = SignedNote::parse(note.as_bytes()).unwrap();
        policy.open(&note).unwrap().size
    };
    assert_eq!(size(&watcher.until_a_heartbeat().await), 0);
    stand.record(&accesses(2, patient_id())).await;
    while size(&watcher.until_a_heartbeat().await) < 2 {}
}

#[tokio::test]
async fn a_forged_or_foreign_cursor_is_refused() {
    let stand = Stand::start().await;
    let (anna, bela) = (patient_id(), patient_id());
    stand
        .record(&[accesses(3, anna), accesses(3, bela)].concat())
        .await;
    let me = Person::Patient(anna);
    let mut watcher = stand.watch(me, from("start")).await.unwrap();
    watcher.next_events(1).await;
    let cursor = watcher.cursor;
    let page = ListEventsRequest {
        page_size: 1,
        ..ListEventsRequest::default()
    };
    let page_token = stand.list(me, page).await.unwrap().next_page_token;
    let narrowed = WatchEventsRequest {
        filter: Some(EventFilter {
            emergency_only: true,
            ..EventFilter::default()
        }),
        ..from(&cursor)
    };
    for (person, request) in [
        (Person::Patient(bela), from(&cursor)),
        (me, narrowed),
        (me, from(&page_token)),
        (me, from("0")),
        (me, from("START")),
        (me, from(&cursor[1..])),
    ] {
        let status = stand.refused_watch(person, request).await;
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(reason(&status), "PAGE_TOKEN_INVALID");
    }
    // And a cursor is no page token.
    let page = ListEventsRequest {
        page_token: cursor.clone(),
        ..ListEventsRequest::default()
    };
    let status = stand.list(me, page).await.unwrap_err();
    assert_eq!(reason(&status), "PAGE_TOKEN_INVALID");
    assert!(stand.watch(me, from(&cursor)).await.is_ok());
}

#[tokio::test]
async fn nobody_watches_somebody_else() {
    let stand = Stand::start().await;
    let other = WatchEventsRequest {
        patient_id: patient_id().to_string(),
        ..from("start")
    };
    for person in [
        Person::Patient(patient_id()),
        Person::RepresentativeOf(patient_id()),
        Person::Practitioner(practitioner_id()),
    ] {
        let status = stand.refused_watch(person, other.clone()).await;
        assert_eq!(status.code(), Code::PermissionDenied);
        assert_eq!(reason(&status), "ACTOR_NOT_ALLOWED");
    }
    let malformed = WatchEventsRequest {
        patient_id: "x".to_owned(),
        ..from("start")
    };
    let status = stand
        .refused_watch(Person::Patient(patient_id()), malformed)
        .await;
    assert_eq!(fields(&status), ["patient_id"]);
}

#[tokio::test]
async fn a_representative_s_watch_is_shown_to_the_patient() {
    let stand = Stand::start().await;
    let me = patient_id();
    let reader = Person::RepresentativeOf(me);
    let mut watcher = stand.watch(reader, from("start")).await.unwrap();
    let Item::Event(recorded) = ({
        loop {
            let item = watcher.next().await.unwrap();
            if matches!(item, Item::Event(_)) {
                break item;
            }
        }
    }) else {
        unreachable!("only an event ends the loop")
    };
    let event = recorded.event.unwrap();
    assert_eq!(event.kind, "trail.read");
    assert!(event.representative.is_some());
}
