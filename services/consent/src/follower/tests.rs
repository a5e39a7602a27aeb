use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use aval_domain::aliases::IdentityChange;
use aval_domain::id::PractitionerId;
use aval_domain::random::SeededRandom;
use aval_domain::time::{ManualClock, Timestamp};
use futures::stream;
use tokio::sync::Notify;
use uuid::Uuid;

use super::*;
use crate::store::Answer;

fn id(number: u128) -> PractitionerId {
    PractitionerId::from_uuid(Uuid::from_u128(number))
}

fn merged(source: u128, target: u128) -> IdentityChange {
    IdentityChange::Merged {
        source: id(source),
        target: id(target),
    }
}

fn cursor(number: usize) -> ChangeCursor {
    match number {
        0 => ChangeCursor::start(),
        number => ChangeCursor::from_text(number.to_string()),
    }
}

/// Tells what it has, then that this was all, and stops.
#[derive(Debug, Default)]
struct TestDirectory {
    news: Vec<News>,
    /// So many times it does not answer.
    failures: AtomicUsize,
    asked: Mutex<Vec<ChangeCursor>>,
}

impl TestDirectory {
    fn with(news: Vec<News>) -> Arc<Self> {
        Arc::new(Self {
            news,
            ..Self::default()
        })
    }

    fn asked(&self) -> Vec<ChangeCursor> {
        self.asked.lock().unwrap().clone()
    }
}

impl IdentityChanges for TestDirectory {
    fn changes_after<'a>(&'a self, after: &'a ChangeCursor) -> Answer<'a, Option<Changes>> {
        self.asked.lock().unwrap().push(after.clone());
        let failing = self
            .failures
            .try_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                left.checked_sub(1)
            });
        let place = (0..=self.news.len()).find(|number| cursor(*number) == *after);
        Box::pin(async move {
            if failing.is_ok() {
                return Err(Error::DirectoryUnavailable("it is down".into()));
            }
            let Some(place) = place else { return Ok(None) };
            let told = (place..self.news.len()).map(|index| Told {
                news: self.news[index],
                cursor: cursor(index + 1),
            });
            let all = Told {
                news: News::CaughtUp,
                cursor: cursor(self.news.len()),
            };
            let told: Vec<_> = told.chain([all]).map(Ok).collect();
            Ok(Some(stream::iter(told).boxed()))
        })
    }
}

/// What one database remembers.
#[derive(Debug)]
struct Memory {
    cursor: Mutex<ChangeCursor>,
    learnt: Mutex<Vec<IdentityChange>>,
    grown: Notify,
}

impl Memory {
    fn followed_to(number: usize) -> Arc<Self> {
        Arc::new(Self {
            cursor: Mutex::new(cursor(number)),
            learnt: Mutex::default(),
            grown: Notify::new(),
        })
    }

    fn learnt(&self) -> Vec<IdentityChange> {
        self.learnt.lock().unwrap().clone()
    }

    fn cursor(&self) -> ChangeCursor {
        self.cursor.lock().unwrap().clone()
    }
}

impl Identities for Memory {
    fn followed_to(&self) -> Answer<'_, ChangeCursor> {
        Box::pin(async { Ok(self.cursor()) })
    }

    fn learn<'a>(&'a self, learnt: &'a Learnt) -> Answer<'a, ChangeCursor> {
        Box::pin(async {
            let mut cursor = self.cursor.lock().unwrap();
            if *cursor == learnt.after {
                *cursor = learnt.cursor.clone();
                self.learnt.lock().unwrap().extend(learnt.change);
                self.grown.notify_one();
            }
            Ok(cursor.clone())
        })
    }
}

fn follower(
    directory: &Arc<TestDirectory>,
    memory: &Arc<Memory>,
) -> (Follower<PractitionerId>, ManualClock) {
    let clock = ManualClock::new(Timestamp::from_unix_seconds(1_800_000_000));
    let environment = Environment {
        clock: Arc::new(clock.clone()),
        random: Arc::new(SeededRandom::new(1)),
    };
    let (directory, memory) = (Arc::clone(directory), Arc::clone(memory));
    (Follower::new(directory, memory, &environment), clock)
}

fn history() -> Vec<News> {
    vec![
        News::Identity(merged(1, 2)),
        News::Other,
        News::Identity(IdentityChange::Unmerged { source: id(1) }),
        News::Other,
    ]
}

#[tokio::test]
async fn everything_is_taken_in_once_and_followed_from_there_after_a_restart() {
    let directory = TestDirectory::with(history());
    let memory = Memory::followed_to(0);
    for _ in 0..2 {
        let (follower, _) = follower(&directory, &memory);
        let ended = follower.follow(&mut false).await;
        assert!(matches!(ended, Ended::Closed), "{ended:?}");
        assert_eq!(memory.cursor(), cursor(4));
        assert_eq!(memory.learnt().len(), 2);
    }
    assert_eq!(directory.asked(), [cursor(0), cursor(4)]);
}

#[tokio::test]
async fn what_another_instance_took_in_is_not_taken_in_again() {
    let directory = TestDirectory::with(history());
    let memory = Memory::followed_to(0);
    let (late, _) = follower(&directory, &memory);
    let (_, mut heard_late) = late.begin().await.unwrap();
    let (first, _) = follower(&directory, &memory);
    first.follow(&mut false).await;
    let told = heard_late.next().await.unwrap().unwrap();
    assert_eq!(late.take(&cursor(0), told).await.unwrap(), None);
    assert_eq!(memory.learnt().len(), 2);
}

#[tokio::test]
async fn a_directory_that_never_gave_the_cursor_is_followed_from_the_start() {
    let directory = TestDirectory::with(vec![News::Identity(merged(3, 4))]);
    let memory = Memory::followed_to(9);
    let (follower, _) = follower(&directory, &memory);
    let ended = follower.follow(&mut false).await;
    assert!(matches!(ended, Ended::Closed), "{ended:?}");
    assert_eq!(memory.learnt(), [merged(3, 4)]);
    assert_eq!(memory.cursor(), cursor(1));
}

#[tokio::test]
async fn what_is_known_ages_until_the_directory_says_that_it_is_all() {
    let directory = TestDirectory::with(history());
    directory.failures.store(1, Ordering::SeqCst);
    let memory = Memory::followed_to(0);
    let (follower, clock) = follower(&directory, &memory);
    clock.advance(Duration::from_mins(5));
    let ended = follower.follow(&mut false).await;
    assert!(matches!(ended, Ended::Failed(_)), "{ended:?}");
    assert_eq!(memory.cursor(), cursor(0));
    assert_eq!(follower.age.age(), Duration::from_mins(5));
    follower.follow(&mut false).await;
    assert_eq!(follower.age.age(), Duration::ZERO);
}

#[tokio::test]
async fn a_directory_that_does_not_answer_is_asked_again_until_it_does() {
    let directory = TestDirectory::with(history());
    directory.failures.store(3, Ordering::SeqCst);
    let memory = Memory::followed_to(0);
    let (follower, _) = follower(&directory, &memory);
    let stop = CancellationToken::new();
    let running = tokio::spawn(follower.run(stop.clone()));
    while memory.learnt().len() < 2 {
        memory.grown.notified().await;
    }
    assert_eq!(
        directory.asked()[..4],
        [cursor(0), cursor(0), cursor(0), cursor(0)]
    );
    stop.cancel();
    running.await.unwrap();
}
