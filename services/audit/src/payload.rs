//! What is told of an event, as it is kept: the salt and the canonical bytes, encrypted
//! together under the key of the patient whom they concern.
//!
//! Whoever has the database and not the file of the key that wraps the patients' keys reads
//! when something was done, by which professional's identifier, of which kind and with what
//! outcome, and none of what it was.

use aval_domain::event::{Event, EventKind};
use aval_domain::id::PatientId;
use aval_runtime::sealing::{Altered, SealingKey};
use uuid::Uuid;

use crate::entry::Salt;

/// Under whose key is kept what concerns no patient, and what is never erased.
pub const NOBODY: Uuid = Uuid::nil();

/// Kinds that are kept for ever, whatever else of their patient is erased: who is one human
/// with whom, and what was erased. Every later reading of the log rests on them.
pub const KEPT_FOR_EVER: [EventKind; 6] = [
    EventKind::PatientsMerged,
    EventKind::PatientsUnmerged,
    EventKind::DirectoryPractitionersMerged,
    EventKind::DirectoryPractitionersUnmerged,
    EventKind::TrailPruned,
    EventKind::TrailErased,
];

/// Under whose key an event is kept.
#[must_use]
pub fn owner(event: &Event) -> Uuid {
    if KEPT_FOR_EVER.contains(&event.kind) {
        return NOBODY;
    }
    event.patient_id.map_or(NOBODY, PatientId::as_uuid)
}

/// Encrypts what is told of this event, for its row and for no other.
#[must_use]
pub fn seal(key: &SealingKey, event_id: Uuid, salt: &Salt, canonical: &[u8]) -> Vec<u8> {
    let mut plain = zeroize::Zeroizing::new(Vec::with_capacity(salt.0.len() + canonical.len()));
    plain.extend_from_slice(&salt.0);
    plain.extend_from_slice(canonical);
    key.seal(event_id.as_bytes(), &plain)
}

/// What was told of this event.
pub fn open(key: &SealingKey, event_id: Uuid, sealed: &[u8]) -> Result<(Salt, Vec<u8>), Altered> {
    let plain = key.open(event_id.as_bytes(), sealed)?;
    let (salt, canonical) = plain.split_first_chunk().ok_or(Altered)?;
    Ok((Salt(*salt), canonical.to_vec()))
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;
    use crate::sample;

    #[test]
    fn what_is_sealed_opens_in_the_row_of_its_event_alone() {
        let sample = sample::Events::new(1);
        let sealed = sample.sealed(sample.access(Some(sample.patient_id())));
        let key = SealingKey::new(&Zeroizing::new([1; 32]));
        let id = sealed.event.event_id.as_uuid();
        let bytes = seal(&key, id, &sealed.salt, &sealed.canonical);
        let (salt, canonical) = open(&key, id, &bytes).unwrap();
        assert_eq!((salt, canonical), (sealed.salt, sealed.canonical));
        assert_eq!(open(&key, NOBODY, &bytes), Err(Altered));
        assert_eq!(open(&key, id, &bytes[1..]), Err(Altered));
    }

    #[test]
    fn what_every_later_reading_rests_on_is_not_under_the_patients_key() {
        let sample = sample::Events::new(1);
        let patient = sample.patient_id();
        let mut event = sample.access(Some(patient));
        assert_eq!(owner(&event), patient.as_uuid());
        for kind in KEPT_FOR_EVER {
            event.kind = kind;
            assert_eq!(owner(&event), NOBODY);
        }
        assert_eq!(owner(&sample.access(None)), NOBODY);
    }
}
