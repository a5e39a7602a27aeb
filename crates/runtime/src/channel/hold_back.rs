//! Calls that are not sent, because the peer says that it has too many.
//!
//! A refusal costs the peer a part of what an answer costs; ten refusals for each answer are
//! missing to the answers. So a channel keeps count of what was asked for of late and of what
//! of it was taken, and sends on about twice what is taken: enough to notice at once that there
//! is room again, and not so much that the peer is busy with refusing. It is the client's half
//! of shedding load ("adaptive throttling" in Google's book on site reliability, admission
//! control in Envoy).

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aval_proto::common::v1::ErrorReason;
use http::{HeaderMap, Response};
use tokio::time::Instant;
use tonic::body::Body;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::answer;
use crate::status::{Refusal, reason_name};

/// What a call is answered that is held back.
pub const HELD_BACK: &str =
    "another service takes no more calls at the moment; this one was not sent";

/// So many times what is taken is sent.
const SENT_FOR_EACH_TAKEN: f64 = 2.0;
/// So many of late may be refused before any is held back: a moment's crowd is none.
const ALLOWANCE: f64 = 10.0;
/// Never more than this part is held back: somebody must notice that there is room.
const MOST_HELD_BACK: f64 = 0.9;
/// After so long half of what was is forgotten.
const HALF_LIFE: Duration = Duration::from_secs(1);

/// What became of the calls to one peer, of late.
#[derive(Debug)]
pub(super) struct HoldBack(Mutex<Tally>);

#[derive(Debug, Default)]
struct Tally {
    /// What was asked for, whether it was sent or not.
    asked: f64,
    /// What of it the peer had no room for, or was not sent.
    turned_away: f64,
    /// What part of a call is to be held back still.
    owed: f64,
    counted_at: Option<Instant>,
}

impl HoldBack {
    pub(super) fn new() -> Self {
        Self(Mutex::default())
    }

    /// A call is asked for; whether it may be sent.
    pub(super) fn may_send(&self, now: Instant) -> Result<(), Refusal> {
        let mut tally = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tally.may_send(now) {
            return Ok(());
        }
        let refusal = Refusal::new(ErrorReason::Overloaded, HELD_BACK);
        Err(refusal.retry_after(Duration::from_millis(200)))
    }

    /// What the peer answered to a call that was sent.
    pub(super) fn was_answered(&self, answer: &Response<Body>) {
        if is_for_want_of_room(answer.headers()) {
            let mut tally = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            tally.turned_away += 1.0;
        }
    }
}

impl Tally {
    fn may_send(&mut self, now: Instant) -> bool {
        self.forget(now);
        self.asked += 1.0;
        let taken = self.asked - self.turned_away;
        let too_many = self.asked - SENT_FOR_EACH_TAKEN * taken - ALLOWANCE;
        if too_many <= 0.0 {
            self.owed = 0.0;
            return true;
        }
        // Evenly, without chance: of ten calls every fifth at two tenths.
        self.owed += (too_many / self.asked).min(MOST_HELD_BACK);
        if self.owed < 1.0 {
            return true;
        }
        self.owed -= 1.0;
        self.turned_away += 1.0;
        false
    }

    fn forget(&mut self, now: Instant) {
        let since = self.counted_at.replace(now);
        let Some(since) = since.map(|then| now.saturating_duration_since(then)) else {
            return;
        };
        let left = (-since.as_secs_f64() / HALF_LIFE.as_secs_f64()).exp2();
        self.asked *= left;
        self.turned_away *= left;
    }
}

/// Whether this is the answer of a server that has no room.
fn is_for_want_of_room(headers: &HeaderMap) -> bool {
    if answer::code_in(headers) != Some(Code::ResourceExhausted) {
        return false;
    }
    let status = Status::from_header_map(headers);
    let info = status.and_then(|status| status.get_details_error_info());
    info.is_some_and(|info| info.reason == reason_name(ErrorReason::Overloaded))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A peer that is asked this often a second and takes this many: how many are sent in a
    /// second, after a while.
    fn sent(tally: &mut Tally, start: Instant, asked: u32, takes: u32) -> u32 {
        let mut sent_in_the_last = 0;
        for second in 0..10 {
            let mut room = takes;
            sent_in_the_last = 0;
            for number in 0..asked {
                let at = Duration::from_secs(second) + Duration::from_secs(1) * number / asked;
                if !tally.may_send(start + at) {
                    continue;
                }
                sent_in_the_last += 1;
                // It takes them evenly, too.
                let due = takes - takes * number / asked;
                if room >= due && room > 0 {
                    room -= 1;
                } else {
                    tally.turned_away += 1.0;
                }
            }
        }
        sent_in_the_last
    }

    #[test]
    fn nothing_is_held_back_from_a_peer_that_takes_what_it_is_asked() {
        let mut tally = Tally::default();
        assert_eq!(sent(&mut tally, Instant::now(), 1_000, 1_000), 1_000);
    }

    #[test]
    fn a_peer_that_is_asked_ten_times_too_much_is_sent_about_twice_what_it_takes() {
        let mut tally = Tally::default();
        let sent = sent(&mut tally, Instant::now(), 10_000, 1_000);
        assert!((1_800..2_300).contains(&sent), "{sent}");
    }

    #[test]
    fn a_peer_that_takes_nothing_is_still_asked_and_all_is_sent_once_it_takes_again() {
        let mut tally = Tally::default();
        let start = Instant::now();
        let to_nobody = sent(&mut tally, start, 1_000, 0);
        assert!((90..130).contains(&to_nobody), "{to_nobody}");
        let later = start + Duration::from_secs(10);
        assert_eq!(sent(&mut tally, later, 1_000, 1_000), 1_000);
    }

    #[test]
    fn a_few_refusals_hold_nothing_back() {
        let mut tally = Tally::default();
        let now = Instant::now();
        for _ in 0..10 {
            assert!(tally.may_send(now));
            tally.turned_away += 1.0;
        }
    }

    #[test]
    fn only_a_server_without_room_is_one_that_has_too_many() {
        let headers = |reason| {
            let status = Status::from(Refusal::new(reason, "refused"));
            status.into_http::<Body>().into_parts().0.headers
        };
        assert!(is_for_want_of_room(&headers(ErrorReason::Overloaded)));
        assert!(!is_for_want_of_room(&headers(ErrorReason::TooManySessions)));
        assert!(!is_for_want_of_room(&HeaderMap::new()));
    }
}
