//! The places of those who are sent something for as long as they read it: so many in all, and
//! of these so many for one reader, so that nobody takes what everybody needs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aval_runtime::context::{Actor, RequestContext};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::Error;

/// Places, and who has them.
#[derive(Debug)]
pub(in crate::app) struct Places {
    most: usize,
    most_per_reader: usize,
    /// Those of each reader who has any.
    taken: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl Places {
    pub(in crate::app) fn new(most: usize, most_per_reader: usize) -> Self {
        Self {
            most,
            most_per_reader: most_per_reader.min(Semaphore::MAX_PERMITS),
            taken: Mutex::default(),
        }
    }

    /// A place for whoever calls, given back when it is dropped.
    pub(in crate::app) fn take(&self, cx: &RequestContext) -> Result<OwnedSemaphorePermit, Error> {
        self.take_for(reader(cx))
    }

    fn take_for(&self, reader: String) -> Result<OwnedSemaphorePermit, Error> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let places_of = |own: &Semaphore| self.most_per_reader - own.available_permits();
        taken.retain(|_, own| places_of(own) > 0);
        let in_all: usize = taken.values().map(|own| places_of(own)).sum();
        if in_all >= self.most {
            return Err(Error::TooManyReaders);
        }
        let own = taken.entry(reader);
        let own = own.or_insert_with(|| Arc::new(Semaphore::new(self.most_per_reader)));
        let place = Arc::clone(own).try_acquire_owned();
        place.map_err(|_| Error::TooManyReaders)
    }
}

/// Who reads: the human, in whosever place, or the software where it calls for nobody.
fn reader(cx: &RequestContext) -> String {
    match cx.actor.as_deref() {
        Some(Actor::Patient(patient)) => {
            let representative = patient.representative.map(|acting| acting.patient_id);
            format!("patient/{}", representative.unwrap_or(patient.patient_id))
        }
        Some(Actor::Practitioner(professional)) => {
            format!("practitioner/{}", professional.practitioner_id)
        }
        None => format!("software/{}", cx.caller.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(places: &Places, reader: &str) -> Option<OwnedSemaphorePermit> {
        places.take_for(reader.to_owned()).ok()
    }

    #[test]
    fn one_reader_has_so_many_places_and_leaves_the_others_theirs() {
        let places = Places::new(4, 2);
        let first = take(&places, "anne").unwrap();
        let _second = take(&places, "anne").unwrap();
        assert!(take(&places, "anne").is_none());
        let _other = take(&places, "bruno").unwrap();
        drop(first);
        let _again = take(&places, "anne").unwrap();
        assert!(take(&places, "anne").is_none());
    }

    #[test]
    fn there_are_so_many_places_in_all_however_many_read() {
        let places = Places::new(3, 2);
        let readers = ["anne", "bruno", "anne"];
        let mut taken: Vec<_> = readers.map(|reader| take(&places, reader).unwrap()).into();
        assert!(take(&places, "chloe").is_none());
        taken.pop();
        assert!(take(&places, "chloe").is_some());
    }

    #[test]
    fn who_has_no_place_any_more_is_forgotten() {
        let places = Places::new(100, 2);
        for number in 0..50 {
            assert!(take(&places, &number.to_string()).is_some());
        }
        assert_eq!(places.taken.lock().unwrap().len(), 1);
    }
}
