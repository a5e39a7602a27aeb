//! Instants, calendar dates, and the clock that is passed in.

mod civil_date;
mod clock;
mod timestamp;

pub use civil_date::CivilDate;
pub use clock::{Clock, ManualClock, SystemClock};
pub use timestamp::Timestamp;
