//! A log of any size, written by the service's own writer.
//!
//! Each hundred thousand entries have patients of their own, fifty events each, mixed: so
//! at every size a page of fifty is as full, and lies as scattered.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, ensure};
use aval_audit::checkpoint_key::CheckpointKey;
use aval_audit::patient_keys::PatientKeys;
use aval_audit::store::Store;
use aval_audit::store::sql::{Migrator, SqlStore};
use aval_audit::submission::{SealedEvent, Submission};
use aval_audit::writer::Writer;
use aval_database::baseline::bytes_stored;
use aval_database::{Database, DatabaseConfig, migrate};
use aval_domain::access::{AccessMode, Action, Effect, Ground};
use aval_domain::code::Profession;
use aval_domain::document::DocumentClass;
use aval_domain::event::{Actor, DecisionSummary, Event, EventDocument, EventKind, Outcome};
use aval_domain::id::{ActivityId, DocumentId, EventId, GrantId, PatientId, PractitionerId};
use aval_domain::random::SystemRandom;
use aval_domain::time::{Clock, SystemClock};
use aval_merkle_log::note::Signer;
use aval_runtime::key_file::Missing;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::calls::Told;
use crate::bench::threads::Threads;
use crate::stack::Engines;

/// How many entries have patients of their own, and how many patients.
const COHORT: u64 = 100_000;
const PATIENTS: u64 = 2_000;

/// How many events one delivery has.
const DELIVERY: u64 = 1_000;

/// How many deliveries are made, wait or are written at once: the first lives of the
/// producer's outbox.
pub(super) const LANES: u64 = 6;

/// A log that grows.
#[derive(Debug, Clone)]
pub(super) struct Log {
    db: Database,
    pub(super) store: Arc<dyn Store>,
    pub(super) writer: Writer,
    pub(super) key: Arc<CheckpointKey>,
    patients: Arc<Mutex<Vec<PatientId>>>,
    /// The last sequence that was taken of each lane.
    taken: Arc<Mutex<HashMap<u64, u64>>>,
    size: Arc<Mutex<u64>>,
}

impl Log {
    /// An empty log in these engines.
    pub(super) async fn begin(engines: &Engines, folder: &Path) -> anyhow::Result<Self> {
        let config = if let Some(url) = &engines.postgres {
            DatabaseConfig {
                schema: Some("bench_trail".to_owned()),
                max_connections: 32,
                ..DatabaseConfig::for_url(url)
            }
        } else {
            let file = folder.join("trail.sqlite");
            DatabaseConfig::for_url(format!("sqlite://{}?mode=rwc", file.display()))
        };
        let db = Database::connect(&config).await?;
        migrate::migrate::<Migrator>(&db).await?;
        let signer = Signer::from_seed("bench.example/trail", &[7; 32])?;
        let key = Arc::new(CheckpointKey::new(signer, Vec::new()));
        let wrapping = [folder.join("wrapping.key")];
        let keys = PatientKeys::load(
            &wrapping,
            Missing::Create(&SystemRandom),
            Arc::new(SystemRandom),
        )?;
        let store: Arc<dyn Store> = Arc::new(SqlStore::new(db.clone(), Arc::new(keys)));
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let (writer, writing) = Writer::new(Arc::clone(&store), Arc::clone(&key), clock);
        // It ends with the run time.
        tokio::spawn(writing.run(CancellationToken::new()));
        let mut leads = writer.leads();
        leads.wait_for(|leads| *leads).await?;
        Ok(Self {
            db,
            store,
            writer,
            key,
            patients: Arc::default(),
            taken: Arc::default(),
            size: Arc::default(),
        })
    }

    /// Lets it grow, by several lanes: some make events, on the callers' thread, while those
    /// of others are written.
    pub(super) async fn grow_to(&self, size: u64, threads: &Threads) -> anyhow::Result<()> {
        ensure!(
            size > 0 && size.is_multiple_of(COHORT),
            "a size is a multiple of {COHORT}"
        );
        self.admit_patients(size / COHORT)?;
        let next = Arc::new(AtomicU64::new(self.size()));
        let mut growing = JoinSet::new();
        for lane in 1..=LANES {
            growing.spawn_on(
                self.clone().grow(lane, Arc::clone(&next), size),
                threads.callers(),
            );
        }
        while let Some(grown) = growing.join_next().await {
            grown?.context("the log does not grow")?;
        }
        *self.size.lock().unwrap_or_else(PoisonError::into_inner) = size;
        Ok(())
    }

    /// Each lane is a life of the producer's outbox, with numbers of its own.
    async fn grow(self, lane: u64, next: Arc<AtomicU64>, size: u64) -> anyhow::Result<()> {
        let taken = || self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sequence = taken().get(&lane).copied().unwrap_or(0);
        loop {
            let first = next.fetch_add(DELIVERY, Ordering::Relaxed);
            if first >= size {
                taken().insert(lane, sequence);
                return Ok(());
            }
            let places = first..size.min(first + DELIVERY);
            let delivery = self.delivery(lane, sequence + 1, places)?;
            sequence = self.writer.record(delivery).await?;
        }
    }

    /// How many bytes an event has, and takes.
    pub(super) async fn storage(&self) -> anyhow::Result<Told> {
        let (size, bytes) = (self.store.size().await?, bytes_stored(&self.db).await?);
        let event = SealedEvent::seal(access(self.patient(0)), &SystemRandom)?;
        let event = event.canonical.len();
        let mut told = Told::default();
        told.add_bytes("an event in its canonical form", size, event as u64);
        told.add_bytes("storage an event", size, bytes / size);
        Ok(told)
    }

    pub(super) fn size(&self) -> u64 {
        *self.size.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Some patient of the log, another one for each number, all over it.
    pub(super) fn patient(&self, number: u64) -> PatientId {
        let patients = self.patients.lock().unwrap_or_else(PoisonError::into_inner);
        let count = patients.len() as u64;
        let place = scattered(number) % count;
        patients[usize::try_from(place).unwrap_or(0)]
    }

    /// Some place in the log, another one for each number.
    pub(super) fn place(&self, number: u64) -> u64 {
        scattered(number) % self.size()
    }

    /// Has patients for so many cohorts.
    fn admit_patients(&self, cohorts: u64) -> anyhow::Result<()> {
        let now = SystemClock.now();
        let wanted = usize::try_from(cohorts * PATIENTS)?;
        let mut patients = self.patients.lock().unwrap_or_else(PoisonError::into_inner);
        let missing = patients.len()..wanted;
        patients.extend(missing.map(|_| PatientId::new(now, &SystemRandom)));
        Ok(())
    }

    fn delivery(&self, lane: u64, first: u64, places: Range<u64>) -> anyhow::Result<Submission> {
        let mut sealed = Vec::new();
        for (sequence, place) in (first..).zip(places) {
            let patient = place / COHORT * PATIENTS + place % PATIENTS;
            let patient = {
                let patients = self.patients.lock().unwrap_or_else(PoisonError::into_inner);
                patients[usize::try_from(patient)?]
            };
            let event = SealedEvent::seal(access(patient), &SystemRandom)?;
            sealed.push((sequence, event));
        }
        Ok(Submission::new("consent", lane, sealed)?)
    }
}

/// Numbers that follow one another, far apart.
const fn scattered(number: u64) -> u64 {
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20
}

/// An access on a grant, as consent tells it.
fn access(patient_id: PatientId) -> Event {
    let (now, random) = (SystemClock.now(), &SystemRandom);
    let actor = Actor::Practitioner {
        practitioner_id: PractitionerId::new(now, random),
        activity_id: ActivityId::new(now, random),
        profession: Profession::Doctor,
        speciality: None,
        function: None,
        organization_id: None,
        organization_name: Some("CABINET DU BANC D'ESSAI".to_owned()),
        display_name: "DR ESSAI DE CHARGE".to_owned(),
    };
    let event_id = EventId::new(now, random);
    let kind = EventKind::AccessDecided;
    let mut event = Event::new(event_id, now, kind, Outcome::Success, actor, "records");
    event.patient_id = Some(patient_id);
    event.documents = DocumentId::parse("1.2.250.1.999^4711")
        .map(|id| EventDocument {
            id,
            class: DocumentClass::Report,
            document_type: None,
            permitted: true,
        })
        .into_iter()
        .collect();
    event.decision = Some(DecisionSummary {
        effect: Effect::Permit,
        reason: None,
        ground: Some(Ground::Grant(GrantId::new(now, random))),
        ground_terms: None,
        mode: AccessMode::Normal,
        action: Action::Consult,
        purpose: None,
        emergency_reason: None,
        policy_revision: "1".to_owned(),
    });
    event
}
