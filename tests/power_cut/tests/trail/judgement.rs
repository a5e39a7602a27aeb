//! What a log must be, by what producers know.

use std::collections::{HashMap, HashSet};

use crate::ledger::{Ledger, Producer};
use crate::log::Log;

/// What is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The program does not serve what was there after the cut, or does not answer.
    Unserved(String),
    /// So many events were acknowledged and are not there.
    Lost(usize),
    /// So many are there more than once.
    Doubled(usize),
    /// Nobody sent so many that are there.
    FromNobody(usize),
    /// The events of a producer are in another order than theirs, or one is left out.
    OutOfOrder,
    /// The checkpoint is of other leaves.
    Unsigned,
    /// A checkpoint was shown that the log does not continue.
    Forked,
    /// What producers went on with was not taken.
    NotTaken(String),
    /// `aval-audit fsck` finds something.
    Damaged(String),
}

/// Everything about the log that is not as it must be.
pub(crate) fn faults(log: &Log, ledger: &Ledger) -> Vec<Fault> {
    let mut places = HashMap::<[u8; 16], Vec<usize>>::new();
    for (place, event) in log.events.iter().enumerate() {
        places.entry(*event).or_default().push(place);
    }
    let mut faults = Vec::new();
    let mut some = |count: usize, fault: fn(usize) -> Fault| {
        if count > 0 {
            faults.push(fault(count));
        }
    };
    let known: Vec<_> = ledger.producers.iter().map(Producer::knows).collect();
    let is_there = |event: &[u8; 16]| places.contains_key(event);
    let lost = known
        .iter()
        .flat_map(|(sent, acknowledged)| &sent[..*acknowledged]);
    some(lost.filter(|event| !is_there(event)).count(), Fault::Lost);
    some(
        places.values().filter(|places| places.len() > 1).count(),
        Fault::Doubled,
    );
    let sent: HashSet<_> = known.iter().flat_map(|(sent, _)| sent).collect();
    some(
        places.keys().filter(|event| !sent.contains(event)).count(),
        Fault::FromNobody,
    );

    let is_in_order = |sent: &[[u8; 16]]| {
        // Whatever is there of them comes first, each after the one before.
        let there = sent.iter().take_while(|event| is_there(event)).count();
        let places: Vec<_> = sent[..there].iter().map(|event| places[event][0]).collect();
        places.is_sorted() && !sent[there..].iter().any(is_there)
    };
    if !known.iter().all(|(sent, _)| is_in_order(sent)) {
        faults.push(Fault::OutOfOrder);
    }
    if log.size() != log.checkpoint.size || !log.continues(&log.checkpoint) {
        faults.push(Fault::Unsigned);
    }
    if ledger
        .shown
        .as_ref()
        .is_some_and(|shown| !log.continues(shown))
    {
        faults.push(Fault::Forked);
    }
    faults
}
