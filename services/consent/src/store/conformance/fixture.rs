//! A store, a clock, and writes for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use aval_database::{Backend, Database};
use aval_domain::document::{DocumentClass, DocumentClasses};
use aval_domain::etag::Version;
use aval_domain::event::{EventKind, Outcome};
use aval_domain::id::{
    BlockId, GrantId, MaskId, OrganizationId, PatientId, PractitionerId, RequestId,
};
use aval_domain::period::Period;
use aval_domain::random::SeededRandom;
use aval_domain::time::{Clock, ManualClock, Timestamp};
use aval_runtime::context::RequestContext;
use aval_runtime::environment::Environment;
use sea_orm::{ConnectionTrait, Statement};
use uuid::Uuid;

use crate::access_basis::{AccessBasisSource, AccessQuery};
use crate::block::Block;
use crate::decision::AccessBasis;
use crate::error::Error;
use crate::grant::{Grant, GrantOrigin, GrantStatus};
use crate::grantee::{Grantee, GranteeName};
use crate::record::Record;
use crate::store::sql::SqlStore;
use crate::store::{Change, Store, Write};
use crate::visibility::{Visibility, VisibilityKind};

pub(super) const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

pub(super) struct Fixture {
    pub(super) store: SqlStore,
    pub(super) db: Database,
    pub(super) clock: ManualClock,
    environment: Environment,
}

pub(super) fn hours(hours: i64) -> Timestamp {
    Timestamp::from_micros(NOW.as_micros() + hours * 3_600_000_000)
}

pub(super) fn patient(number: u128) -> PatientId {
    PatientId::from_uuid(Uuid::from_u128(number))
}

pub(super) fn person(number: u128) -> Grantee {
    Grantee::Practitioner(PractitionerId::from_uuid(Uuid::from_u128(100 + number)))
}

pub(super) fn organization(number: u128) -> Grantee {
    Grantee::Organization(OrganizationId::from_uuid(Uuid::from_u128(200 + number)))
}

impl Fixture {
    pub(super) fn new(db: Database) -> Self {
        let clock = ManualClock::new(NOW);
        let environment = Environment {
            clock: Arc::new(clock.clone()),
            random: Arc::new(SeededRandom::new(1)),
        };
        Self {
            store: SqlStore::new(db.clone()),
            db,
            clock,
            environment,
        }
    }

    pub(super) fn cx(&self, patient_id: PatientId) -> RequestContext {
        RequestContext::for_patient(&self.environment, patient_id)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn request_id(&self) -> RequestId {
        RequestId::new(self.environment.random.as_ref())
    }

    /// A write of the first patient's, under a name of its own.
    pub(super) fn write(&self) -> Write {
        self.write_named(self.request_id())
    }

    pub(super) fn write_named(&self, request_id: RequestId) -> Write {
        Write::new(&self.cx(patient(1)), "consent.test", request_id, &"command")
    }

    pub(super) fn change<T>(&self, value: T) -> Change<T> {
        let event = self
            .cx(patient(1))
            .event(EventKind::GrantUpdated, Outcome::Success);
        Change { value, event }
    }

    pub(super) async fn open_record(&self, patient_id: PatientId) -> Record {
        let open = |_: &Option<Record>| {
            Ok(Some(
                self.change(Record::opened(patient_id, self.clock.now())),
            ))
        };
        self.store
            .change_record(&self.write(), patient_id, &open)
            .await
            .unwrap()
    }

    pub(super) async fn close_record(&self, patient_id: PatientId) {
        let close = |record: &Option<Record>| {
            Ok(record
                .as_ref()
                .unwrap()
                .close(self.clock.now())
                .map(|closed| self.change(closed)))
        };
        self.store
            .change_record(&self.write(), patient_id, &close)
            .await
            .unwrap();
    }

    pub(super) async fn add_treating_doctor(&self, patient_id: PatientId, doctor: Grantee) {
        let add = |record: &Option<Record>| {
            let doctor = doctor.practitioner_id().unwrap();
            let added = record.as_ref().unwrap().add_treating_doctor(doctor, NOW);
            Ok(added.map(|added| self.change(added)))
        };
        self.store
            .change_record(&self.write(), patient_id, &add)
            .await
            .unwrap();
    }

    pub(super) async fn remove_treating_doctor(&self, patient_id: PatientId, doctor: Grantee) {
        let remove = |record: &Option<Record>| {
            let doctor = doctor.practitioner_id().unwrap();
            let removed = record
                .as_ref()
                .unwrap()
                .remove_treating_doctor(&[doctor], NOW)?;
            Ok(removed.map(|removed| self.change(removed)))
        };
        self.store
            .change_record(&self.write(), patient_id, &remove)
            .await
            .unwrap();
    }

    /// A grant of the first patient's for reports, from now on.
    pub(super) fn new_grant(&self, grantee: Grantee) -> Grant {
        let now = self.clock.now();
        Grant {
            grant_id: GrantId::new(now, self.environment.random.as_ref()),
            patient_id: patient(1),
            grantee,
            grantee_name: GranteeName::parse("Dr Camille MARTIN"),
            classes: DocumentClasses::only(DocumentClass::Report),
            period: Period::starting(now),
            origin: GrantOrigin::Patient,
            status: GrantStatus::Given,
            created_by: None,
            request: None,
            created_at: now,
            updated_at: now,
            ended_at: None,
            version: Version::FIRST,
        }
    }

    pub(super) async fn create(&self, grant: Grant) -> Result<Grant, Error> {
        self.store
            .create_grant(&self.write(), &self.change(grant), &[])
            .await
    }

    pub(super) async fn revoke(&self, grant: &Grant) -> Result<Grant, Error> {
        let revoke = |grant: &Grant| {
            Ok(grant
                .revoke(None, self.clock.now())?
                .map(|revoked| self.change(revoked)))
        };
        let write = self.write();
        self.store
            .change_grant(&write, grant.patient_id, grant.grant_id, &revoke)
            .await
    }

    /// Blocks for the first patient, until then.
    pub(super) async fn block(&self, grantee: Grantee, until: Option<Timestamp>) -> Block {
        let now = self.clock.now();
        let period = Period::new(now, until).unwrap();
        let block = |standing: &Option<Block>| {
            let value = match standing {
                Some(standing) => standing.widen(period, now),
                None => Some(Block {
                    block_id: BlockId::new(now, self.environment.random.as_ref()),
                    patient_id: patient(1),
                    grantee,
                    grantee_name: GranteeName::parse("CH de Sainte-Colombe"),
                    period,
                    immediate: true,
                    created_at: now,
                    removed_at: None,
                    version: Version::FIRST,
                }),
            };
            Ok(value.map(|value| self.change(value)))
        };
        self.store
            .block_grantee(&self.write(), patient(1), grantee, &block)
            .await
            .unwrap()
    }

    pub(super) async fn lift(&self, patient_id: PatientId, block: &Block) -> Result<Block, Error> {
        let lift = |block: &Block| {
            Ok(block
                .lift(self.clock.now())
                .map(|lifted| self.change(lifted)))
        };
        self.store
            .change_block(&self.write(), patient_id, block.block_id, &lift)
            .await
    }

    pub(super) fn new_setting(&self, document: &str, kind: VisibilityKind) -> Visibility {
        let now = self.clock.now();
        Visibility {
            mask_id: MaskId::new(now, self.environment.random.as_ref()),
            patient_id: patient(1),
            document_id: document.parse().unwrap(),
            kind,
            practitioner_id: kind
                .concerns_one()
                .then(|| person(1).practitioner_id().unwrap()),
            set_by: None,
            set_at: now,
            release_at: Visibility::release_of(kind, now),
            removed_at: None,
        }
    }

    pub(super) async fn set(&self, setting: Visibility) -> Vec<Visibility> {
        let document_id = setting.document_id.clone();
        let set = |_: &Vec<Visibility>| Ok(Some(self.change(setting.clone())));
        let write = self.write();
        self.store
            .change_visibility(&write, patient(1), &document_id, &set)
            .await
            .unwrap()
    }

    /// The setting on `m0`, on so many documents altogether: as rows, for a change each would
    /// take minutes.
    pub(super) async fn copy_masks(&self, count: usize) {
        let id = match self.db.backend() {
            Backend::Postgres => "gen_random_uuid()",
            Backend::Sqlite => "randomblob(16)",
        };
        let text = format!(
            "WITH RECURSIVE numbers (n) AS \
                (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count} - 1) \
            INSERT INTO document_visibilities (mask_id, patient_id, document_id, kind, set_at) \
            SELECT {id}, patient_id, 'm' || n, kind, set_at \
            FROM document_visibilities CROSS JOIN numbers WHERE document_id = 'm0'"
        );
        self.execute(text.leak()).await;
    }

    /// What is known of the first patient, this person and this organization.
    pub(super) async fn basis(
        &self,
        person: Grantee,
        organization: Grantee,
        documents: &[&str],
    ) -> AccessBasis {
        let documents: Vec<_> = documents.iter().map(|id| id.parse().unwrap()).collect();
        let query = AccessQuery {
            patient_id: patient(1),
            practitioner_id: person.practitioner_id(),
            organization_id: organization.organization_id(),
            documents: documents.iter().collect(),
        };
        let mut bases = self.store.access_bases(&[query]).await.unwrap();
        Arc::unwrap_or_clone(bases.remove(0))
    }

    /// How many events wait for the trail.
    pub(super) async fn events(&self) -> i64 {
        self.count("outbox").await
    }

    pub(super) async fn count(&self, table: &str) -> i64 {
        let reader = self.db.reader();
        let text = format!("SELECT count(*) AS count FROM {table}");
        let statement = Statement::from_string(reader.get_database_backend(), text);
        let row = reader.query_one_raw(statement).await.unwrap().unwrap();
        row.try_get("", "count").unwrap()
    }

    /// Writes rows that no use case writes yet.
    pub(super) async fn execute(&self, text: &'static str) {
        self.db
            .transaction::<_, Error, _>("test.execute", async |tx| {
                tx.execute_unprepared(text).await?;
                Ok(())
            })
            .await
            .unwrap();
    }
}

/// The names of things, so that sets of them are compared.
pub(super) fn counted<T, K: Ord>(items: &[T], name: impl Fn(&T) -> K) -> BTreeMap<K, usize> {
    let mut counts = BTreeMap::new();
    for item in items {
        *counts.entry(name(item)).or_default() += 1;
    }
    counts
}
