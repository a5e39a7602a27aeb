//! Tell me as it comes.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use aval_domain::time::{Clock, Timestamp};
use aval_runtime::context::RequestContext;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::App;
use super::list_notifications::reader;
use crate::doorbell::Listener;
use crate::error::Error;
use crate::inbox::{Inboxes, Reader};
use crate::notification::{InboxPosition, Notification};

/// How many notifications wait in memory for a slow reader at most.
const READ_AT_ONCE: u64 = 50;

/// From where on somebody watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WatchFrom {
    /// What comes from now on.
    Now,
    /// The oldest kept.
    Start,
    /// After this position.
    After(InboxPosition),
}

/// A person's notifications as they come. It reads no more than it is asked for.
#[derive(Debug)]
pub struct NotificationWatch {
    inboxes: Arc<dyn Inboxes>,
    clock: Arc<dyn Clock>,
    reader: Reader,
    listener: Listener,
    heartbeat_every: Duration,
    position: InboxPosition,
    waiting: VecDeque<Notification>,
    has_begun: bool,
}

/// One thing that is watched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WatchItem {
    /// A notification.
    Told(Box<Notification>),
    /// Nothing came, by the service's clock.
    Heartbeat(Timestamp),
}

impl App {
    /// The person's own as they come. A position beyond what was ever told is
    /// [`Error::CursorUnknown`]: the database was restored from an older copy, and what
    /// was told since is not known.
    #[tracing::instrument(name = "consent.watch_notifications", skip_all)]
    pub async fn watch_notifications(
        &self,
        cx: &RequestContext,
        from: WatchFrom,
        heartbeat_every: Duration,
    ) -> Result<NotificationWatch, Error> {
        let reader = reader(cx)?;
        // First listen, then look: what comes in between rings.
        let listener = self.doorbell.listen(reader.recipient)?;
        let heads = self.inboxes.inbox_heads(&[reader.recipient]).await?;
        let head = heads.into_iter().next().unwrap_or_default();
        let position = match from {
            WatchFrom::Now => head,
            WatchFrom::Start => InboxPosition::default(),
            WatchFrom::After(position) if position > head => return Err(Error::CursorUnknown),
            WatchFrom::After(position) => position,
        };
        Ok(NotificationWatch {
            inboxes: Arc::clone(&self.inboxes),
            clock: Arc::clone(&cx.clock),
            reader,
            listener,
            heartbeat_every,
            position,
            waiting: VecDeque::new(),
            has_begun: false,
        })
    }

    /// Wakes those who watch, until `shutdown`.
    pub async fn ring_doorbell(&self, shutdown: CancellationToken) {
        self.doorbell.run(self.inboxes.as_ref(), shutdown).await;
    }
}

impl NotificationWatch {
    /// What comes next: a sign of life at once, so that there is a position to come back
    /// with; then each notification in its order, and a sign of life when none comes.
    pub async fn next(&mut self) -> Result<WatchItem, Error> {
        if !std::mem::replace(&mut self.has_begun, true) {
            return Ok(WatchItem::Heartbeat(self.clock.now()));
        }
        // What rings, and is told to somebody else alone, puts off no sign of life: its absence
        // would tell.
        let heartbeat_at = Instant::now() + self.heartbeat_every;
        loop {
            if let Some(told) = self.waiting.pop_front() {
                self.position = told.position;
                return Ok(WatchItem::Told(Box::new(told)));
            }
            let more = self
                .inboxes
                .notifications_above(self.reader, self.position, READ_AT_ONCE)
                .await?;
            if !more.is_empty() {
                self.waiting = more.into();
                continue;
            }
            let rung = tokio::time::timeout_at(heartbeat_at, self.listener.rung());
            if rung.await.is_err() {
                return Ok(WatchItem::Heartbeat(self.clock.now()));
            }
        }
    }

    /// Where to go on after what [`next`](Self::next) gave last.
    #[must_use]
    pub const fn position(&self) -> InboxPosition {
        self.position
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::Fixture;
    use crate::notification::NotificationKind;

    /// Longer than any machine takes for a sign of life.
    const MOST_RINGS: usize = 20_000;

    /// A heartbeat that no test waits for.
    const NEVER: Duration = Duration::from_hours(1);

    async fn watch(fixture: &Fixture, from: WatchFrom) -> NotificationWatch {
        let doctor = fixture.as_doctor();
        let watch = fixture.app.watch_notifications(&doctor, from, NEVER).await;
        let mut watch = watch.unwrap();
        let first = watch.next().await.unwrap();
        assert!(matches!(first, WatchItem::Heartbeat(_)));
        watch
    }

    async fn told(watch: &mut NotificationWatch) -> NotificationKind {
        match watch.next().await.unwrap() {
            WatchItem::Told(told) => told.news.kind,
            WatchItem::Heartbeat(_) => panic!("nothing was told"),
        }
    }

    #[tokio::test]
    async fn what_comes_while_somebody_waits_wakes_them() {
        let fixture = Fixture::new().await;
        let mut watch = watch(&fixture, WatchFrom::Now).await;
        let waiting = async { told(&mut watch).await };
        let coming = async {
            fixture.grant_to_doctor().await;
            let (doorbell, inboxes) = (&fixture.app.doorbell, &fixture.app.inboxes);
            doorbell.turn(inboxes.as_ref()).await.unwrap();
        };
        let (told, ()) = tokio::join!(waiting, coming);
        assert_eq!(told, NotificationKind::GrantCreated);
    }

    #[tokio::test]
    async fn where_one_begins_is_where_one_chose() {
        let fixture = Fixture::new().await;
        fixture.grant_to_doctor().await;
        let mut from_start = watch(&fixture, WatchFrom::Start).await;
        let created = NotificationKind::GrantCreated;
        assert_eq!(told(&mut from_start).await, created);
        let seen = from_start.position();
        let from_now = watch(&fixture, WatchFrom::Now).await;
        assert_eq!(from_now.position(), seen);
        let from_there = watch(&fixture, WatchFrom::After(seen)).await;
        assert_eq!(from_there.position(), seen);
        let beyond = WatchFrom::After(InboxPosition(seen.0 + 1));
        let doctor = fixture.as_doctor();
        let refused = fixture.app.watch_notifications(&doctor, beyond, NEVER);
        assert!(matches!(refused.await, Err(Error::CursorUnknown)));
    }

    #[tokio::test]
    async fn a_quiet_inbox_gives_signs_of_life() {
        let fixture = Fixture::new().await;
        let doctor = fixture.as_doctor();
        let often = Duration::from_millis(1);
        let watch = fixture
            .app
            .watch_notifications(&doctor, WatchFrom::Now, often);
        let mut watch = watch.await.unwrap();
        for _ in 0..3 {
            let item = watch.next().await.unwrap();
            assert_eq!(item, WatchItem::Heartbeat(doctor.now));
        }
    }

    #[tokio::test]
    async fn what_is_the_patients_alone_holds_up_neither_signs_of_life_nor_what_follows() {
        let fixture = Fixture::new().await;
        fixture.doctor_opens_a_secret().await;
        let representative = fixture.as_representative();
        let often = Duration::from_millis(20);
        let from = WatchFrom::Start;
        let watch = fixture
            .app
            .watch_notifications(&representative, from, often);
        let mut watch = watch.await.unwrap();
        let hearing = async {
            for _ in 0..2 {
                let item = watch.next().await.unwrap();
                assert_eq!(item, WatchItem::Heartbeat(representative.now));
            }
        };
        // More often than signs of life are due.
        let ringing = async {
            for _ in 0..MOST_RINGS {
                fixture.app.doorbell.ring();
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::select! {
            () = hearing => {}
            () = ringing => panic!("what rings puts off the signs of life"),
        }
        fixture.care_episode().await.unwrap();
        let opened = NotificationKind::CareEpisodeOpened;
        assert_eq!(told(&mut watch).await, opened);
    }

    #[tokio::test]
    async fn nobody_watches_without_being_somebody() {
        let fixture = Fixture::new().await;
        let nobody = fixture.as_nobody();
        let refused = fixture
            .app
            .watch_notifications(&nobody, WatchFrom::Start, NEVER);
        assert!(matches!(refused.await, Err(Error::Denied(_))));
    }
}
