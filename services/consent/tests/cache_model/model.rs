//! The steps, and the property.

use stateright::{Model, Property};

use crate::database::{Database, Entry, Position};
use crate::instance::Instance;
use crate::protocol::{DRIFT, Part, Protocol};

/// What must never happen.
pub(crate) const NO_STALE_PERMIT: &str =
    "no check that began after the revocation returned permits from a cache";
/// What must be possible, or the first says nothing.
pub(crate) const CACHE_PERMITS: &str = "an instance may permit from a cache before the revocation";
/// See [`CACHE_PERMITS`].
pub(crate) const CACHE_DENIES: &str =
    "an instance may deny from a cache after the revocation returned";

/// Everything there is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    database: Database,
    /// The newest of all the entries that permit, by whomever they were read: whoever
    /// accepts an older one accepts this one, and entries that deny can do no harm.
    permit: Option<Position>,
    /// Whether the rows that somebody read permit, while their position is not read.
    rows: Option<bool>,
    instances: [Instance; 2],
    /// By how much the first clock is ahead of where it is furthest behind.
    lead: u8,
    check: Check,
}

/// How far a check is that began after the revocation returned. Checks do not act on
/// each other: one at a time is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Check {
    ToCome,
    /// One of its two tests was passed, at that instance.
    HalfPassed(usize),
    /// It was answered by a permit from a cache.
    Permitted,
}

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Tick(usize),
    TakePosition,
    Commit,
    Return,
    OtherChange,
    ReadEntry,
    ReadRows,
    ReadPosition,
    Ask(usize),
    Hear(usize),
    BeginToApply(usize),
    EndToApply(usize),
    Forget(usize),
    Restart(usize),
    TestPromise(usize),
    TestEntry(usize),
}

impl State {
    /// Whether some instance may answer from an entry of that position.
    fn may_answer(&self, as_of: Position, protocol: &Protocol) -> bool {
        let may = |one: &Instance| one.has_promise(protocol) && one.accepts(as_of, protocol);
        self.instances.iter().any(may)
    }

    /// From now on the shared tier may give this entry.
    fn fill(&mut self, entry: Entry) {
        if entry.permits {
            self.permit = self.permit.max(Some(entry.as_of));
        }
    }

    /// The check passes one of its two tests.
    fn pass(&mut self, who: usize, is_the_first: bool) -> Option<()> {
        self.check = match self.check {
            Check::ToCome if is_the_first => Check::HalfPassed(who),
            Check::HalfPassed(at) if at == who && !is_the_first => Check::Permitted,
            _ => return None,
        };
        Some(())
    }

    /// A clock moves, unless it would be too far from the other.
    fn tick(&mut self, who: usize, protocol: &Protocol) -> Option<()> {
        if protocol.has(Part::BoundedClocks) {
            self.lead = match who {
                0 => Some(self.lead + 1).filter(|lead| *lead <= DRIFT),
                _ => self.lead.checked_sub(1),
            }?;
        }
        self.instances[who].tick();
        if who == 0 {
            self.database.tick();
        }
        Some(())
    }

    /// Takes the step, if it can be taken now.
    fn take(&mut self, step: Step, protocol: &Protocol) -> Option<()> {
        match step {
            Step::Tick(who) => self.tick(who, protocol),
            Step::TakePosition => self.database.take_position(),
            Step::Commit => self.database.commit(protocol),
            Step::Return => self.database.return_to_caller(),
            Step::OtherChange => self.database.other_change(protocol),
            Step::ReadEntry => {
                protocol.has(Part::OneSnapshot).then_some(())?;
                self.fill(self.database.read());
                Some(())
            }
            Step::ReadRows => {
                (!protocol.has(Part::OneSnapshot) && self.rows.is_none()).then_some(())?;
                self.rows = Some(self.database.read().permits);
                Some(())
            }
            Step::ReadPosition => {
                let permits = self.rows.take()?;
                let as_of = self.database.read().as_of;
                self.fill(Entry { as_of, permits });
                Some(())
            }
            Step::Ask(who) => self.instances[who].ask(),
            Step::Hear(who) => self.instances[who].hear(&self.database),
            Step::BeginToApply(who) => self.instances[who].begin_to_apply(protocol),
            Step::EndToApply(who) => self.instances[who].end_to_apply(),
            Step::Forget(who) => self.instances[who].forget(),
            Step::Restart(who) => {
                // A writer that dies before it has answered has promised nothing.
                (who != 0 || !self.database.is_revoking()).then_some(())?;
                self.instances[who] = Instance::new();
                if self.check == Check::HalfPassed(who) {
                    self.check = Check::ToCome;
                }
                Some(())
            }
            Step::TestPromise(who) => {
                let passed = self.instances[who].has_promise(protocol);
                (self.database.has_returned() && passed).then_some(())?;
                self.pass(who, protocol.has(Part::PromiseTestedFirst))
            }
            Step::TestEntry(who) => {
                let passed = self.instances[who].accepts(self.permit?, protocol);
                (self.database.has_returned() && passed).then_some(())?;
                self.pass(who, !protocol.has(Part::PromiseTestedFirst))
            }
        }
    }
}

impl Model for Protocol {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        let start = |lead| State {
            database: Database::new(),
            permit: None,
            rows: None,
            instances: [Instance::new(), Instance::new()],
            lead,
            check: Check::ToCome,
        };
        (0..=DRIFT).map(start).collect()
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        steps.extend([
            Step::TakePosition,
            Step::Commit,
            Step::Return,
            Step::OtherChange,
            Step::ReadEntry,
            Step::ReadRows,
            Step::ReadPosition,
        ]);
        for who in 0..state.instances.len() {
            steps.extend([
                Step::Tick(who),
                Step::Ask(who),
                Step::Hear(who),
                Step::BeginToApply(who),
                Step::EndToApply(who),
                Step::Forget(who),
                Step::Restart(who),
                Step::TestPromise(who),
                Step::TestEntry(who),
            ]);
        }
    }

    fn next_state(&self, last: &State, step: Step) -> Option<State> {
        let mut next = last.clone();
        next.take(step, self)?;
        (next != *last).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(NO_STALE_PERMIT, |_, state: &State| {
                state.check != Check::Permitted
            }),
            Property::sometimes(CACHE_PERMITS, |protocol: &Self, state: &State| {
                let permit = state.permit.filter(|_| !state.database.is_revoked());
                permit.is_some_and(|as_of| state.may_answer(as_of, protocol))
            }),
            Property::sometimes(CACHE_DENIES, |protocol: &Self, state: &State| {
                let denial = state.database.read();
                state.database.has_returned() && state.may_answer(denial.as_of, protocol)
            }),
        ]
    }
}
