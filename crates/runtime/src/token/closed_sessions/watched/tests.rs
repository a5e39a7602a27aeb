//! A source that is told what to answer, and counts how often it is asked.

use std::sync::atomic::AtomicU32;

use aval_domain::random::SeededRandom;
use aval_domain::time::ManualClock;
use futures::future::BoxFuture;

use super::super::ClosedSessionList;
use super::*;

#[derive(Debug, Default)]
struct Source {
    answer: RwLock<Option<ClosedSessionList>>,
    visits: AtomicU32,
}

impl ClosedSessionSource for Source {
    fn fetch(&self) -> BoxFuture<'_, Result<ClosedSessionList, ClosedSessionsUnavailable>> {
        self.visits.fetch_add(1, Ordering::SeqCst);
        let answer = self.answer.read().unwrap().clone();
        Box::pin(async move {
            tokio::task::yield_now().await;
            answer.ok_or(ClosedSessionsUnavailable)
        })
    }
}

struct Stand {
    source: Arc<Source>,
    clock: ManualClock,
    watched: Watched,
}

fn stand() -> Stand {
    let source = Arc::new(Source::default());
    let clock = ManualClock::new(Timestamp::from_unix_seconds(1_800_000_000));
    let shared: Arc<dyn ClosedSessionSource> = Arc::clone(&source) as Arc<_>;
    Stand {
        watched: Watched::by(
            shared,
            Clocks {
                wall: Arc::new(clock.clone()),
                start: None,
            },
        ),
        source,
        clock,
    }
}

fn session(seed: u64) -> SessionId {
    let random = SeededRandom::new(seed);
    SessionId::new(Timestamp::from_unix_seconds(1_800_000_000), &random)
}

impl Stand {
    fn publish(&self, age: Duration, sessions: &[SessionId]) {
        *self.source.answer.write().unwrap() = Some(ClosedSessionList {
            age,
            sessions: sessions.iter().copied().collect(),
        });
    }

    fn fall_silent(&self) {
        *self.source.answer.write().unwrap() = None;
    }

    fn visits(&self) -> u32 {
        self.source.visits.load(Ordering::SeqCst)
    }

    async fn contains(&self, session: SessionId) -> Result<bool, ClosedSessionsUnavailable> {
        self.watched.contains(session).await
    }
}

#[tokio::test]
async fn nothing_is_said_of_a_session_before_a_list_was_had() {
    let stand = stand();
    let refused = stand.contains(session(1)).await;
    assert_eq!(refused, Err(ClosedSessionsUnavailable));
    stand.clock.advance(AFTER_A_FAILURE);
    stand.publish(Duration::ZERO, &[session(2)]);
    assert_eq!(stand.contains(session(1)).await, Ok(false));
    assert_eq!(stand.contains(session(2)).await, Ok(true));
    assert_eq!(stand.visits(), 2);
}

#[tokio::test]
async fn a_closing_is_known_when_the_list_in_hand_is_too_old() {
    let stand = stand();
    stand.publish(Duration::ZERO, &[]);
    assert_eq!(stand.contains(session(1)).await, Ok(false));
    stand.publish(Duration::ZERO, &[session(1)]);
    stand.clock.advance(CLOSINGS_HOLD_WITHIN);
    assert_eq!(stand.contains(session(1)).await, Ok(true));
    assert_eq!(stand.visits(), 2);
}

#[tokio::test]
async fn a_list_that_is_old_when_it_comes_is_believed_for_so_much_less() {
    let stand = stand();
    stand.publish(CLOSINGS_HOLD_WITHIN, &[session(1)]);
    assert_eq!(
        stand.contains(session(1)).await,
        Err(ClosedSessionsUnavailable)
    );
    stand.publish(Duration::from_secs(4), &[]);
    assert_eq!(stand.contains(session(1)).await, Ok(false));
    stand.publish(Duration::ZERO, &[session(1)]);
    stand.clock.advance(Duration::from_secs(1));
    assert_eq!(stand.contains(session(1)).await, Ok(true));
}

#[tokio::test]
async fn a_list_a_second_old_is_asked_for_again_while_nobody_waits() {
    let stand = stand();
    stand.publish(Duration::ZERO, &[]);
    assert_eq!(stand.contains(session(1)).await, Ok(false));
    stand.publish(Duration::ZERO, &[session(1)]);
    stand.clock.advance(Duration::from_secs(1));
    let until_known = async {
        while stand.contains(session(1)).await != Ok(true) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), until_known)
        .await
        .unwrap();
    assert_eq!(stand.visits(), 2);
}

#[tokio::test]
async fn a_silent_issuer_is_borne_for_the_bound_and_no_longer() {
    let stand = stand();
    stand.publish(Duration::ZERO, &[]);
    assert_eq!(stand.contains(session(1)).await, Ok(false));
    stand.fall_silent();
    stand.clock.advance(Duration::from_secs(4));
    assert_eq!(stand.contains(session(1)).await, Ok(false));
    stand.clock.advance(Duration::from_secs(1));
    assert_eq!(
        stand.contains(session(1)).await,
        Err(ClosedSessionsUnavailable)
    );
}

#[tokio::test]
async fn a_clock_that_was_set_back_makes_no_list_young() {
    let stand = stand();
    stand.publish(Duration::ZERO, &[]);
    assert_eq!(stand.contains(session(1)).await, Ok(false));
    stand.publish(Duration::ZERO, &[session(1)]);
    stand.clock.set(Timestamp::from_unix_seconds(1_700_000_000));
    assert_eq!(stand.contains(session(1)).await, Ok(true));
}

#[tokio::test]
async fn many_at_once_ask_once() {
    let stand = stand();
    stand.publish(Duration::ZERO, &[session(7)]);
    let answers = (0..64).map(|number| stand.contains(session(number)));
    let closed = futures::future::join_all(answers).await;
    assert_eq!(closed.iter().filter(|one| **one == Ok(true)).count(), 1);
    assert_eq!(stand.visits(), 1);
}

#[tokio::test]
async fn of_many_who_wait_in_vain_each_fails_and_few_ask() {
    let stand = stand();
    let answers = (0..64).map(|number| stand.contains(session(number)));
    let answers = futures::future::join_all(answers).await;
    assert!(answers.iter().all(Result::is_err));
    assert_eq!(stand.visits(), 1);
}
