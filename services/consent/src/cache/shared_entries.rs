//! Entries in the tier that instances share.
//!
//! The tier may lose, repeat or bring back anything. So an entry is found under a name
//! that holds the life of the database it was read in, carries the position it was read
//! at, and is sealed: whatever comes back is ours and is judged like what this process
//! remembers.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aval_domain::id::{OrganizationId, PractitionerId};

use super::entry::{AccessKey, Entry};
use super::sealed;
use super::shared::{CacheSecret, EntryKey, SharedTier};

/// Another shape of what is stored has another number.
const SHAPE: u8 = 5;
/// Longer than changes are remembered an entry is of no use.
const KEPT_FOR: Duration = Duration::from_mins(10);

pub(super) struct SharedEntries {
    tier: Arc<dyn SharedTier>,
    secret: CacheSecret,
}

impl SharedEntries {
    pub(super) const fn new(tier: Arc<dyn SharedTier>, secret: CacheSecret) -> Self {
        Self { tier, secret }
    }

    pub(super) async fn get(&self, history: &str, key: &AccessKey) -> Option<Entry> {
        let name = self.name(history, key);
        let value = self.tier.get(&name).await?;
        self.open(&name, &value)
    }

    /// The same of several, in their order.
    pub(super) async fn get_many(&self, history: &str, keys: &[AccessKey]) -> Vec<Option<Entry>> {
        let names: Vec<_> = keys.iter().map(|key| self.name(history, key)).collect();
        let values = self.tier.get_many(&names).await;
        let opened = names.iter().zip(values);
        opened
            .map(|(name, value)| self.open(name, &value?))
            .collect()
    }

    pub(super) fn put(&self, history: &str, key: &AccessKey, entry: &Entry) {
        let name = self.name(history, key);
        let payload = serde_json::to_vec(entry).expect("an entry is plain data");
        let value = sealed::seal(&name, &payload, &self.secret);
        self.tier.put(name, value, KEPT_FOR);
    }

    fn open(&self, name: &EntryKey, value: &[u8]) -> Option<Entry> {
        let payload = sealed::open(name, value, &self.secret)?;
        serde_json::from_slice(payload).ok()
    }

    fn name(&self, history: &str, key: &AccessKey) -> EntryKey {
        let patient = key.patient_id.as_uuid();
        let practitioner = key.practitioner_id.map(PractitionerId::as_uuid);
        let organization = key.organization_id.map(OrganizationId::as_uuid);
        let mut parts: Vec<(u8, &[u8])> = vec![
            (0, &[SHAPE]),
            (1, history.as_bytes()),
            (2, patient.as_bytes()),
        ];
        parts.extend(practitioner.as_ref().map(|id| (3, &id.as_bytes()[..])));
        parts.extend(organization.as_ref().map(|id| (4, &id.as_bytes()[..])));
        EntryKey::of(&self.secret, &parts)
    }
}

impl fmt::Debug for SharedEntries {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("SharedEntries")
            .field(&self.tier)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Mutex;

    use aval_domain::document::DocumentClasses;
    use aval_domain::id::{GrantId, PatientId};
    use aval_domain::period::Period;
    use aval_domain::time::Timestamp;
    use futures::future::BoxFuture;
    use uuid::Uuid;

    use super::*;
    use crate::cache::{EntryVisibilities, OtherPosition, Positions};
    use crate::decision::{
        AccessBasis, BlockBasis, BlockTarget, CareEpisodeBasis, GrantBasis, GrantTarget,
        RecordBasis, VisibilityBasis,
    };
    use crate::visibility::VisibilityKind;

    /// Remembers everything, for ever.
    #[derive(Debug, Default)]
    struct Memory(Mutex<HashMap<EntryKey, Vec<u8>>>);

    impl SharedTier for Memory {
        fn get<'a>(&'a self, key: &'a EntryKey) -> BoxFuture<'a, Option<Vec<u8>>> {
            let value = self.0.lock().unwrap().get(key).cloned();
            Box::pin(async { value })
        }

        fn get_many<'a>(&'a self, keys: &'a [EntryKey]) -> BoxFuture<'a, Vec<Option<Vec<u8>>>> {
            let held = self.0.lock().unwrap();
            let values = keys.iter().map(|key| held.get(key).cloned()).collect();
            Box::pin(async { values })
        }

        fn put(&self, key: EntryKey, value: Vec<u8>, _: Duration) {
            self.0.lock().unwrap().insert(key, value);
        }
    }

    fn key(patient: u128, practitioner: Option<u128>, organization: Option<u128>) -> AccessKey {
        AccessKey {
            patient_id: PatientId::from_uuid(Uuid::from_u128(patient)),
            practitioner_id: practitioner
                .map(|number| PractitionerId::from_uuid(Uuid::from_u128(number))),
            organization_id: organization
                .map(|number| OrganizationId::from_uuid(Uuid::from_u128(number))),
        }
    }

    fn entry() -> Entry {
        let period = Period::new(
            Timestamp::from_unix_seconds(1),
            Some(Timestamp::from_unix_seconds(9)),
        )
        .unwrap();
        Entry {
            as_of: Positions {
                patient: 7,
                spanning: 3,
                others: vec![OtherPosition {
                    patient_id: PatientId::from_uuid(Uuid::from_u128(8)),
                    position: 4,
                }],
            },
            basis: Arc::new(AccessBasis {
                record: Some(RecordBasis {
                    open: true,
                    opposes_break_glass: false,
                    opposes_regulation_center: true,
                }),
                other_patient_ids: vec![PatientId::from_uuid(Uuid::from_u128(8))],
                other_ids: vec![PractitionerId::from_uuid(Uuid::from_u128(9))],
                treating_doctor: true,
                grants: vec![GrantBasis {
                    grant_id: GrantId::from_uuid(Uuid::from_u128(5)),
                    target: GrantTarget::Organization,
                    declared: true,
                    classes: DocumentClasses::ALL,
                    period,
                    since: period.from(),
                }],
                blocks: vec![BlockBasis {
                    target: BlockTarget::Person,
                    begins_at: Some(period.from()),
                    until: None,
                }],
                care_episodes: vec![CareEpisodeBasis {
                    care_episode_id: aval_domain::id::CareEpisodeId::from_uuid(Uuid::from_u128(6)),
                    period,
                    since: period.from(),
                    blocks: vec![BlockBasis {
                        target: BlockTarget::Organization,
                        begins_at: None,
                        until: Some(period.from()),
                    }],
                }],
                visibilities: Vec::new(),
            }),
            visibilities: EntryVisibilities::All(vec![VisibilityBasis {
                document_id: "d".parse().unwrap(),
                kind: VisibilityKind::RevealedToOne,
                practitioner_id: Some(PractitionerId::from_uuid(Uuid::from_u128(2))),
                release_at: Some(period.from()),
            }]),
        }
    }

    fn shared(memory: &Arc<Memory>, secret: u8) -> SharedEntries {
        SharedEntries::new(Arc::clone(memory) as _, CacheSecret::new(&[secret; 32]))
    }

    #[tokio::test]
    async fn an_entry_is_found_by_the_same_key_in_the_same_history_and_by_no_other() {
        let memory = Arc::default();
        let entries = shared(&memory, 1);
        let own = key(1, Some(2), Some(3));
        entries.put("one", &own, &entry());
        assert_eq!(entries.get("one", &own).await, Some(entry()));
        assert_eq!(entries.get("two", &own).await, None);
        assert_eq!(shared(&memory, 2).get("one", &own).await, None);
        let others = [
            key(1, Some(3), Some(2)),
            key(1, Some(2), None),
            key(1, None, Some(2)),
            key(1, None, None),
            key(2, Some(2), Some(3)),
        ];
        let found = entries.get_many("one", &others).await;
        assert!(found.iter().all(Option::is_none));
        let found = entries.get_many("one", &[others[0], own]).await;
        assert_eq!(found, [None, Some(entry())]);
    }

    #[tokio::test]
    async fn nobody_reads_an_identifier_out_of_the_tier_by_its_names() {
        let memory: Arc<Memory> = Arc::default();
        let own = key(1, Some(2), Some(3));
        shared(&memory, 1).put("one", &own, &entry());
        let held = memory.0.lock().unwrap();
        let (name, value) = held.iter().next().unwrap();
        for id in [
            own.patient_id.as_uuid(),
            own.practitioner_id.unwrap().as_uuid(),
        ] {
            let text = id.to_string();
            assert!(
                !name
                    .as_bytes()
                    .windows(16)
                    .any(|part| part == id.as_bytes())
            );
            let patient = own.patient_id.as_uuid().to_string();
            assert!(text != patient || !String::from_utf8_lossy(value).contains(&patient));
        }
    }

    #[tokio::test]
    async fn a_value_under_anothers_name_is_not_taken() {
        let memory: Arc<Memory> = Arc::default();
        let entries = shared(&memory, 1);
        let (own, other) = (key(1, Some(2), None), key(9, Some(2), None));
        entries.put("one", &own, &entry());
        let value = memory.0.lock().unwrap().values().next().unwrap().clone();
        let name = entries.name("one", &other);
        memory.0.lock().unwrap().insert(name, value);
        assert_eq!(entries.get("one", &other).await, None);
    }
}
