//! The numbers under which producers delivered the entries. No leaf covers them: that they follow
//! on each other is all that can be said of them.

use std::collections::BTreeMap;

use super::{Examination, Fault};

/// A producer, and which life of its outbox.
pub type Life = (String, i64);

/// Follows every life of every producer's outbox in the order of the log.
#[derive(Debug, Default)]
pub struct Numbers(BTreeMap<Life, i64>);

impl Numbers {
    /// Takes the number of the next entry. It is above all before it of its life; some may be
    /// missing, since what was recorded in another life before is not recorded again.
    pub fn take(&mut self, log_index: u64, life: Life, number: i64, found: &mut Examination) {
        let last = self.0.entry(life).or_default();
        if number <= *last {
            found.note(Fault::Number { log_index });
        }
        *last = number.max(*last);
    }

    /// Holds them against how far each life is said to have come.
    pub fn hold(self, said: &BTreeMap<Life, i64>, found: &mut Examination) {
        for (life, last) in self.0 {
            let reaches = said.get(&life).copied().unwrap_or_default();
            if last > reaches {
                let (producer, epoch) = life;
                found.note(Fault::Producer { producer, epoch });
            }
        }
    }
}
