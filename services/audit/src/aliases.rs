//! One human under several identifiers.
//!
//! Identity finds that two of its patients are one human, and sometimes that they are two
//! after all; both stand in the log, as events of both histories. What was recorded under
//! either identifier stays as it was recorded; whoever reads for the human reads under all
//! of theirs. So a patient who leads to another is all there is to remember, and taking a
//! merge back is forgetting that they do.

use aval_domain::aliases::IdentityChange;
use aval_domain::event::{Event, EventKind, Outcome};
use aval_domain::id::PatientId;

/// The producer that knows who is whom. Nobody else's events lead anywhere: they would
/// open one patient's history to another.
pub const TELLER: &str = "identity";

/// The kinds of events that tell of it.
pub const KINDS: [EventKind; 2] = [EventKind::PatientsMerged, EventKind::PatientsUnmerged];

/// What an event tells of who is whom.
pub type PatientChange = IdentityChange<PatientId>;

/// Who leads to whom: of some humans, everything.
pub type Aliases = aval_domain::aliases::Aliases<PatientId>;

/// What an event of this producer tells; nothing, if the producer is not the one that
/// knows.
#[must_use]
pub fn told_by(producer: &str, event: &Event) -> Option<PatientChange> {
    (producer == TELLER).then(|| in_event(event))?
}

/// What the event tells, whoever delivered it. The same event stands in the history of
/// each of the two, and both tell the same; one that stands elsewhere, or does not say
/// clearly of whom it speaks, tells nothing.
#[must_use]
pub fn in_event(event: &Event) -> Option<PatientChange> {
    if event.outcome != Outcome::Success {
        return None;
    }
    let named = |field| event.after.get(field)?.parse::<PatientId>().ok();
    let source = named("source_patient_id")?;
    let target = named("target_patient_id")?;
    let stands_with = event.patient_id?;
    if source == target || ![source, target].contains(&stands_with) {
        return None;
    }
    match event.kind {
        EventKind::PatientsMerged => Some(PatientChange::Merged { source, target }),
        EventKind::PatientsUnmerged => Some(PatientChange::Unmerged { source }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn both_copies_of_an_event_tell_the_same_and_only_identity_s() {
        let sample = sample::Events::new(1);
        let (source, target) = (sample.patient_id(), sample.patient_id());
        let merged = PatientChange::Merged { source, target };
        let unmerged = PatientChange::Unmerged { source };
        for (kind, told) in [
            (EventKind::PatientsMerged, merged),
            (EventKind::PatientsUnmerged, unmerged),
        ] {
            for event in sample.of_two(kind, source, target) {
                assert_eq!(told_by("identity", &event), Some(told));
                for other in ["consent", "audit", "practitioner-directory", "Identity", ""] {
                    assert_eq!(told_by(other, &event), None);
                }
            }
        }
    }

    #[test]
    fn an_event_that_does_not_say_clearly_of_whom_it_speaks_tells_nothing() {
        let sample = sample::Events::new(1);
        let (source, target) = (sample.patient_id(), sample.patient_id());
        let [clear, _] = sample.of_two(EventKind::PatientsMerged, source, target);
        assert!(in_event(&clear).is_some());
        let with = |change: &dyn Fn(&mut Event)| {
            let mut event = clear.clone();
            change(&mut event);
            in_event(&event)
        };
        let set = |field: &'static str, value: &'static str| {
            with(&move |event| {
                event.after.insert(field.to_owned(), value.to_owned());
            })
        };
        for field in ["source_patient_id", "target_patient_id"] {
            assert_eq!(with(&|event| drop(event.after.remove(field))), None);
            for value in ["", "nobody", "00000000-0000-0000-0000-00000000000", "'; --"] {
                assert_eq!(set(field, value), None, "{field} {value}");
            }
        }
        assert_eq!(with(&|event| event.patient_id = None), None);
        let third = sample.patient_id();
        assert_eq!(with(&|event| event.patient_id = Some(third)), None);
        assert_eq!(with(&|event| event.outcome = Outcome::Refused), None);
        let kind = EventKind::PatientIdentityUpdated;
        assert_eq!(with(&|event| event.kind = kind), None);
        let [itself, _] = sample.of_two(EventKind::PatientsMerged, source, source);
        assert_eq!(in_event(&itself), None);
    }
}
