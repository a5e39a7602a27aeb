//! The harness measured by itself, in virtual time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::open::Schedule;
use super::timepiece::VirtualTime;
use super::*;

/// A server of a known behaviour: the call of index `i` takes `times(i)`.
struct Server<Times> {
    time: VirtualTime,
    times: Times,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    calls: AtomicU64,
    under_way: AtomicU64,
    most_under_way: AtomicU64,
}

impl<Times> Caller for Server<Times>
where
    Times: Fn(u64) -> Result<Duration, Failure> + Send + Sync,
{
    fn call(&mut self) -> Calling<'_> {
        let index = self.seen.calls.fetch_add(1, Ordering::Relaxed);
        let under_way = self.seen.under_way.fetch_add(1, Ordering::Relaxed) + 1;
        self.seen
            .most_under_way
            .fetch_max(under_way, Ordering::Relaxed);
        Box::pin(async move {
            let outcome = (self.times)(index);
            if let Ok(takes) = outcome {
                self.time.until(self.time.now() + takes).await;
            }
            self.seen.under_way.fetch_sub(1, Ordering::Relaxed);
            outcome.map(|_| ())
        })
    }
}

/// `count` callers of one such server.
fn callers<Times>(time: &VirtualTime, count: usize, times: Times) -> (Callers, Arc<Seen>)
where
    Times: Fn(u64) -> Result<Duration, Failure> + Clone + Send + Sync + 'static,
{
    let seen = Arc::new(Seen::default());
    let caller = || Server {
        time: time.clone(),
        times: times.clone(),
        seen: Arc::clone(&seen),
    };
    let callers = std::iter::repeat_with(|| Box::new(caller()) as Box<dyn Caller>);
    (callers.take(count).collect(), seen)
}

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Takes no time, but for the call of index 10, which takes 50 ms.
fn stalls_once(index: u64) -> Duration {
    if index == 10 {
        millis(50)
    } else {
        Duration::ZERO
    }
}

#[test]
fn in_an_open_loop_a_stall_shows_in_every_call_that_was_due_during_it() {
    let time = VirtualTime::default();
    let (callers, _) = callers(&time, 1, |index| Ok(stalls_once(index)));
    let schedule = Schedule::new(1_000, millis(100));
    let finished = time.run(open::run(&time, callers, schedule)).unwrap();

    // Due at 10 ms, answered at 60 ms; what was due at 11 ms is answered at 60 ms too.
    let latencies = finished.measurement.latencies();
    for waited in 1..=50 {
        assert_eq!(latencies.count_at(millis(waited)), 1, "{waited} ms");
    }
    assert_eq!(latencies.count_at(Duration::ZERO), 50);
    assert_eq!(latencies.count(), 100);
    assert_eq!(finished.measurement.elapsed(), millis(99));
}

#[test]
fn in_a_closed_loop_the_same_stall_shows_once() {
    let time = VirtualTime::default();
    let (callers, _) = callers(&time, 1, |index| Ok(stalls_once(index)));
    let finished = time
        .run(closed::run(&time, callers, Until::Calls(100)))
        .unwrap();

    let latencies = finished.measurement.latencies();
    assert_eq!(latencies.count_at(millis(50)), 1);
    assert_eq!(latencies.count_at(Duration::ZERO), 99);
}

#[test]
fn callers_who_are_free_answer_for_one_who_is_not() {
    let time = VirtualTime::default();
    let (callers, seen) = callers(&time, 3, |index| Ok(stalls_once(index)));
    let schedule = Schedule::new(1_000, millis(100));
    let finished = time.run(open::run(&time, callers, schedule)).unwrap();

    let latencies = finished.measurement.latencies();
    assert_eq!(latencies.count_at(millis(50)), 1);
    assert_eq!(latencies.count_at(Duration::ZERO), 99);
    assert_eq!(seen.most_under_way.load(Ordering::Relaxed), 2);
}

#[test]
fn no_more_calls_are_under_way_than_there_are_callers() {
    let time = VirtualTime::default();
    let (callers, seen) = callers(&time, 4, |_| Ok(millis(7)));
    let schedule = Schedule::new(1_000, millis(50));
    let finished = time.run(open::run(&time, callers, schedule)).unwrap();

    assert_eq!(seen.most_under_way.load(Ordering::Relaxed), 4);
    assert_eq!(finished.callers.len(), 4);
    assert_eq!(finished.measurement.succeeded(), 50);
}

#[test]
fn calls_that_patience_does_not_reach_are_counted_with_what_they_waited() {
    let time = VirtualTime::default();
    // One call at a time, 30 ms each, where ten are due in 100 ms: patience ends at
    // 200 ms, during the seventh.
    let (callers, _) = callers(&time, 1, |_| Ok(millis(30)));
    let schedule = Schedule::new(100, millis(100));
    let finished = time.run(open::run(&time, callers, schedule)).unwrap();

    let measurement = finished.measurement;
    assert_eq!(measurement.succeeded(), 7);
    let failures: Vec<_> = measurement.failures().collect();
    assert_eq!(failures, [("NotStarted", 3)]);
    // Due at 70, 80 and 90 ms, given up at 210 ms; the sixth that was made took 130 ms
    // too, being due at 50 ms and answered at 180 ms.
    for (waited, calls) in [(140, 1), (130, 2), (120, 1)] {
        assert_eq!(
            measurement.latencies().count_at(millis(waited)),
            calls,
            "{waited} ms"
        );
    }
    assert_eq!(measurement.latencies().count(), 10);
}

#[test]
fn every_call_of_a_schedule_is_due_at_its_own_place() {
    let schedule = Schedule::new(3, Duration::from_secs(1_000));
    assert_eq!(schedule.due(0), Duration::ZERO);
    assert_eq!(schedule.due(1), Duration::from_nanos(333_333_333));
    assert_eq!(schedule.due(2_999), Duration::from_nanos(999_666_666_666));
}

#[test]
fn a_closed_loop_calls_for_its_duration_and_waits_for_what_is_under_way() {
    let time = VirtualTime::default();
    let (callers, _) = callers(&time, 2, |_| Ok(millis(30)));
    let load = Load::Closed { seconds: 0.1 };
    let finished = time.run(load.run(&time, callers)).unwrap();

    // Each begins at 0, 30, 60 and 90 ms.
    assert_eq!(finished.measurement.succeeded(), 8);
    assert_eq!(finished.measurement.elapsed(), millis(120));
}

#[test]
fn a_closed_loop_of_a_count_makes_as_many_calls() {
    let time = VirtualTime::default();
    let (callers, seen) = callers(&time, 3, |_| Ok(millis(1)));
    let finished = time
        .run(closed::run(&time, callers, Until::Calls(10)))
        .unwrap();
    assert_eq!(seen.calls.load(Ordering::Relaxed), 10);
    assert_eq!(finished.measurement.succeeded(), 10);
}

#[test]
fn failures_are_counted_by_name_and_do_not_count_as_throughput() {
    let time = VirtualTime::default();
    let (callers, _) = callers(&time, 2, |index| match index % 4 {
        0 => Err(Failure::of_status(&tonic::Status::unavailable("down"))),
        1 => Err(Failure::UNEXPECTED_ANSWER),
        _ => Ok(millis(1)),
    });
    let finished = time
        .run(closed::run(&time, callers, Until::Calls(40)))
        .unwrap();
    let failures: Vec<_> = finished.measurement.failures().collect();
    assert_eq!(failures, [("Unavailable", 10), ("UnexpectedAnswer", 10)]);
    assert_eq!(finished.measurement.succeeded(), 20);
    assert_eq!(finished.measurement.latencies().count(), 40);
}
