//! Whether Redis is asked: no longer once it has failed several times in a row.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// What the circuit does with a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breaker {
    /// It is asked.
    Closed,
    /// It is not asked, and is being tried.
    HalfOpen,
    /// It is not asked.
    Open,
}

/// Whether a failure shows that the connection is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gone {
    Surely,
    Perhaps,
}

/// Holds the link while it is good. It opens at failures in a row, or at once when the
/// link is gone, and then lets the link go: whoever closes it brings a new one.
#[derive(Debug)]
pub(super) struct Circuit<L> {
    state: Mutex<State<L>>,
    failures_to_open: u32,
    opened: Notify,
}

#[derive(Debug)]
struct State<L> {
    breaker: Breaker,
    link: Option<L>,
    /// Counts the links, so that the late failure of an old one is no failure of the new.
    number: u64,
    failures: u32,
}

impl<L: Clone> Circuit<L> {
    pub(super) fn new(failures_to_open: u32) -> Self {
        Self {
            state: Mutex::new(State {
                breaker: Breaker::Open,
                link: None,
                number: 0,
                failures: 0,
            }),
            failures_to_open,
            opened: Notify::new(),
        }
    }

    pub(super) fn breaker(&self) -> Breaker {
        self.state().breaker
    }

    /// The link to ask over, if it may be asked, and its number.
    pub(super) fn link(&self) -> Option<(u64, L)> {
        let state = self.state();
        Some((state.number, state.link.clone()?))
    }

    pub(super) fn try_again(&self) {
        self.state().breaker = Breaker::HalfOpen;
    }

    pub(super) fn close(&self, link: L) {
        let mut state = self.state();
        state.breaker = Breaker::Closed;
        state.link = Some(link);
        state.number += 1;
        state.failures = 0;
    }

    pub(super) fn give_up(&self) {
        let mut state = self.state();
        state.breaker = Breaker::Open;
        state.link = None;
    }

    pub(super) fn answered(&self, number: u64) {
        let mut state = self.state();
        if state.number == number {
            state.failures = 0;
        }
    }

    pub(super) fn failed(&self, number: u64, gone: Gone) {
        let mut state = self.state();
        if state.number != number || state.link.is_none() {
            return;
        }
        state.failures += 1;
        if gone == Gone::Surely || state.failures >= self.failures_to_open {
            state.breaker = Breaker::Open;
            state.link = None;
            self.opened.notify_one();
        }
    }

    /// Waits until a closed circuit opens. One task may.
    pub(super) async fn until_open(&self) {
        while self.breaker() == Breaker::Closed {
            self.opened.notified().await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State<L>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed() -> (Circuit<&'static str>, u64) {
        let circuit = Circuit::new(3);
        circuit.close("link");
        let (number, _) = circuit.link().unwrap();
        (circuit, number)
    }

    #[test]
    fn failures_in_a_row_open_it_and_an_answer_between_them_does_not() {
        let (circuit, number) = closed();
        for _ in 0..10 {
            circuit.failed(number, Gone::Perhaps);
            circuit.failed(number, Gone::Perhaps);
            circuit.answered(number);
        }
        assert_eq!(circuit.breaker(), Breaker::Closed);
        for _ in 0..3 {
            circuit.failed(number, Gone::Perhaps);
        }
        assert_eq!(circuit.breaker(), Breaker::Open);
        assert_eq!(circuit.link(), None);
    }

    #[test]
    fn a_lost_connection_opens_it_at_once() {
        let (circuit, number) = closed();
        circuit.failed(number, Gone::Surely);
        assert_eq!(circuit.breaker(), Breaker::Open);
    }

    #[test]
    fn late_failures_of_an_old_link_do_not_count() {
        let (circuit, old) = closed();
        circuit.close("new link");
        circuit.failed(old, Gone::Surely);
        assert_eq!(circuit.link().map(|(_, link)| link), Some("new link"));
    }

    #[test]
    fn it_is_not_asked_while_it_is_tried() {
        let circuit = Circuit::<&str>::new(3);
        circuit.try_again();
        assert_eq!(circuit.breaker(), Breaker::HalfOpen);
        assert_eq!(circuit.link(), None);
    }

    #[tokio::test]
    async fn an_opening_that_nobody_waited_for_is_not_missed() {
        let (circuit, number) = closed();
        circuit.failed(number, Gone::Surely);
        circuit.until_open().await;
        circuit.close("link");
        let (number, _) = circuit.link().unwrap();
        let opens = async { circuit.failed(number, Gone::Surely) };
        tokio::join!(circuit.until_open(), opens);
    }
}
