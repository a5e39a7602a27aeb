use std::sync::Mutex;

use aval_domain::id::{OrganizationId, PatientId, PractitionerId};
use aval_domain::time::ManualClock;
use uuid::Uuid;

use super::*;
use crate::cache::OtherPosition;

/// Both clocks of a machine, moved by hand.
#[derive(Debug, Clone)]
struct Clocks {
    boot: Arc<Mutex<Duration>>,
    wall: ManualClock,
}

impl BootClock for Clocks {
    fn now(&self) -> Duration {
        *self.boot.lock().unwrap()
    }
}

impl Clocks {
    fn pass(&self, time: Duration) {
        *self.boot.lock().unwrap() += time;
        self.wall.advance(time);
    }
}

struct Stand {
    clocks: Clocks,
    freshness: Freshness,
    history: &'static str,
    heads: [Position; Shard::COUNT],
}

impl Stand {
    /// After a first poll, with every shard at 10.
    fn new() -> Self {
        let clocks = Clocks {
            boot: Arc::new(Mutex::new(Duration::from_hours(1))),
            wall: ManualClock::new(Timestamp::from_unix_seconds(1_800_000_000)),
        };
        let freshness = Freshness::new(Arc::new(clocks.clone()), Arc::new(clocks.wall.clone()));
        let mut stand = Self {
            clocks,
            freshness,
            history: "one",
            heads: [Position(10); Shard::COUNT],
        };
        stand.poll(Vec::new());
        stand
    }

    fn poll(&mut self, changes: Vec<Change>) {
        let (began, _) = self.freshness.begin_poll();
        let news = News {
            history: self.history.to_owned(),
            heads: self.heads,
            changes,
        };
        self.freshness.end_poll(began, &news);
    }

    /// A poll that brings this one change.
    fn learn(&mut self, dependency: Dependency) {
        let shard = dependency.shard();
        self.heads[shard.index()].0 += 1;
        let change = Change {
            shard,
            position: self.heads[shard.index()],
            dependency: Some(dependency),
        };
        self.poll(vec![change]);
    }

    fn generation(&self) -> Generation {
        self.freshness.generation().unwrap().0
    }

    /// What becomes of an entry that was read when each shard was there.
    fn judge(&self, patient: u64, spanning: u64) -> Result<(), Refused> {
        self.freshness
            .judge(&key(), &at(patient, spanning), self.generation())
    }
}

/// When each shard was there.
fn at(patient: u64, spanning: u64) -> Positions {
    Positions {
        patient,
        spanning,
        others: Vec::new(),
    }
}

fn key() -> AccessKey {
    AccessKey {
        patient_id: PatientId::from_uuid(Uuid::from_u128(1)),
        practitioner_id: Some(PractitionerId::from_uuid(Uuid::from_u128(2))),
        organization_id: Some(OrganizationId::from_uuid(Uuid::from_u128(3))),
    }
}

/// Another patient of the same shard.
fn neighbour() -> Dependency {
    let neighbour = PatientId::from_uuid(Uuid::from_u128(17));
    assert_eq!(Shard::of_patient(neighbour), key().shard());
    Dependency::Patient(neighbour)
}

#[test]
fn nothing_is_used_before_the_first_poll() {
    let stand = Stand::new();
    let blank = Freshness::new(
        Arc::new(stand.clocks.clone()),
        Arc::new(stand.clocks.wall.clone()),
    );
    assert!(blank.generation().is_none() && blank.lease_left().is_none());
    let judged = blank.judge(&key(), &Positions::default(), Generation::default());
    assert_eq!(judged, Err(Refused::NoLease));
}

#[test]
fn an_entry_is_used_until_something_that_it_rests_on_changes() {
    for dependency in [
        Dependency::Patient(key().patient_id),
        Dependency::Practitioner(key().practitioner_id.unwrap()),
        Dependency::Organization(key().organization_id.unwrap()),
    ] {
        let mut stand = Stand::new();
        assert_eq!(stand.judge(10, 10), Ok(()));
        stand.learn(dependency);
        assert_eq!(stand.judge(10, 10), Err(Refused::Changed));
        assert_eq!(stand.judge(11, 11), Ok(()));
    }
}

#[test]
fn the_changes_of_others_are_nothing_to_it() {
    let mut stand = Stand::new();
    stand.learn(neighbour());
    stand.learn(Dependency::Practitioner(PractitionerId::from_uuid(
        Uuid::from_u128(99),
    )));
    stand.learn(Dependency::Policy);
    assert_eq!(stand.judge(10, 10), Ok(()));
}

#[test]
fn what_was_read_before_the_first_poll_is_not_used() {
    let stand = Stand::new();
    assert_eq!(stand.judge(9, 10), Err(Refused::BelowFloor));
    assert_eq!(stand.judge(10, 9), Err(Refused::BelowFloor));
}

#[test]
fn a_lease_is_counted_from_the_beginning_of_its_poll_and_ends_before_the_wait_does() {
    let mut stand = Stand::new();
    let (began, _) = stand.freshness.begin_poll();
    stand.clocks.pass(Duration::from_millis(100));
    let news = News {
        history: stand.history.to_owned(),
        heads: stand.heads,
        changes: Vec::new(),
    };
    stand.freshness.end_poll(began, &news);
    stand
        .clocks
        .pass(LEASE_HOLDS.checked_sub(Duration::from_millis(101)).unwrap());
    assert_eq!(stand.judge(10, 10), Ok(()));
    assert_eq!(stand.freshness.lease_left(), Some(Duration::from_millis(1)));
    stand.clocks.pass(Duration::from_millis(1));
    assert_eq!(stand.judge(10, 10), Err(Refused::NoLease));
    stand.poll(Vec::new());
    assert_eq!(stand.judge(10, 10), Ok(()));
}

#[test]
fn a_wall_clock_that_tells_of_another_duration_ends_the_lease() {
    let mut stand = Stand::new();
    stand.clocks.wall.advance(LEASE);
    assert_eq!(stand.judge(10, 10), Err(Refused::NoLease));
    stand.poll(Vec::new());
    assert_eq!(stand.judge(10, 10), Ok(()));
    // Set back by an hour: as suspicious as set forward.
    let now = stand.clocks.wall.now();
    stand
        .clocks
        .wall
        .set(now.saturating_sub(Duration::from_hours(1)));
    assert_eq!(stand.judge(10, 10), Err(Refused::NoLease));
}

#[test]
fn another_life_of_the_database_forgets_everything() {
    let mut stand = Stand::new();
    let before = stand.generation();
    stand.history = "two";
    stand.poll(Vec::new());
    let judged = stand.freshness.judge(&key(), &at(1_000, 1_000), before);
    assert_eq!(judged, Err(Refused::OtherHistory));
    assert_eq!(stand.judge(10, 10), Ok(()));
}

#[test]
fn a_clock_that_went_back_is_another_life_of_the_database() {
    let mut stand = Stand::new();
    let before = stand.generation();
    stand.heads[3] = Position(4);
    stand.poll(Vec::new());
    let judged = stand.freshness.judge(&key(), &at(10, 10), before);
    assert_eq!(judged, Err(Refused::OtherHistory));
}

#[test]
fn a_hole_between_changes_or_an_unknown_kind_makes_everything_before_stale() {
    for (position, dependency) in [(12, Some(neighbour())), (11, None)] {
        let mut stand = Stand::new();
        let shard = key().shard();
        stand.heads[shard.index()] = Position(position);
        stand.poll(vec![Change {
            shard,
            position: Position(position),
            dependency,
        }]);
        assert_eq!(stand.judge(position - 1, 10), Err(Refused::BelowFloor));
        assert_eq!(stand.judge(position, 10), Ok(()));
    }
}

#[test]
fn changes_are_forgotten_in_time_and_what_is_older_than_they_are_is_not_used() {
    let mut stand = Stand::new();
    stand.learn(Dependency::Patient(key().patient_id));
    stand.learn(neighbour());
    stand.clocks.pass(REMEMBERED_FOR + Duration::from_secs(1));
    stand.poll(Vec::new());
    assert_eq!(stand.judge(11, 10), Err(Refused::BelowFloor));
    assert_eq!(stand.judge(12, 10), Ok(()));
    // The last change of each is forgotten only with its own turn.
    stand.learn(Dependency::Patient(key().patient_id));
    assert_eq!(stand.judge(12, 10), Err(Refused::Changed));
}

#[test]
fn entries_are_used_together_when_all_are_of_the_known_state() {
    let mut stand = Stand::new();
    let generation = stand.generation();
    let other = AccessKey {
        patient_id: PatientId::from_uuid(Uuid::from_u128(2)),
        ..key()
    };
    let together = |stand: &Stand, first, second| {
        stand.freshness.judge_together([
            (&key(), &at(first, 10), generation),
            (&other, &at(second, 10), generation),
        ])
    };
    assert_eq!(together(&stand, 10, 10), Ok(()));
    assert_eq!(together(&stand, 10, 11), Err(Refused::Newer));
    stand.learn(Dependency::Patient(key().patient_id));
    assert_eq!(together(&stand, 10, 10), Err(Refused::Changed));
    assert_eq!(together(&stand, 11, 10), Ok(()));
}

/// The key's patient turned out to be this one, too.
fn other_patient() -> PatientId {
    let other = PatientId::from_uuid(Uuid::from_u128(5));
    assert_ne!(Shard::of_patient(other), key().shard());
    other
}

fn of_two(patient: u64, other: u64) -> Positions {
    Positions {
        others: vec![OtherPosition {
            patient_id: other_patient(),
            position: other,
        }],
        ..at(patient, 10)
    }
}

#[test]
fn what_changes_under_another_identifier_of_the_patient_makes_the_entry_stale() {
    let mut stand = Stand::new();
    let generation = stand.generation();
    let judge = |stand: &Stand, as_of: &Positions| {
        let fresh = stand.freshness.judge(&key(), as_of, generation);
        let together = [(&key(), as_of, generation)];
        (fresh, stand.freshness.judge_together(together))
    };
    assert_eq!(judge(&stand, &of_two(10, 10)), (Ok(()), Ok(())));
    stand.learn(Dependency::Patient(other_patient()));
    let changed = Err(Refused::Changed);
    assert_eq!(judge(&stand, &of_two(10, 10)), (changed, changed));
    assert_eq!(judge(&stand, &of_two(10, 11)), (Ok(()), Ok(())));
    // An entry that knows of no other identifier rests on none.
    assert_eq!(judge(&stand, &at(10, 10)), (Ok(()), Ok(())));
    let newer = Err(Refused::Newer);
    assert_eq!(judge(&stand, &of_two(10, 12)), (Ok(()), newer));
    assert!(!stand.freshness.has_reached(&key(), &of_two(10, 12)));
    assert!(stand.freshness.has_reached(&key(), &of_two(10, 11)));
    let below = Err(Refused::BelowFloor);
    assert_eq!(judge(&stand, &of_two(10, 9)), (below, below));
}
