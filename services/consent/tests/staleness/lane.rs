//! One patient, who grants and revokes again and again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aval_consent::cache::AccessKey;
use aval_consent::grant::{Grant, GrantOrigin, GrantStatus};
use aval_consent::grantee::Grantee;
use aval_consent::record::Record;
use aval_consent::store::sql::SqlStore;
use aval_consent::store::{Change, Store, Write};
use aval_domain::document::DocumentClasses;
use aval_domain::etag::Version;
use aval_domain::event::{EventKind, Outcome};
use aval_domain::id::{GrantId, PatientId, PractitionerId, RequestId};
use aval_domain::period::Period;
use aval_runtime::context::RequestContext;
use aval_runtime::environment::Environment;

/// A patient, a professional, and how often the patient's revocation has returned.
#[derive(Debug)]
pub(crate) struct Lane {
    environment: Environment,
    patient_id: PatientId,
    practitioner_id: PractitionerId,
    /// Odd while a grant may stand: from before it is made until its revocation has
    /// returned.
    turn: AtomicU64,
}

/// What a lane was at when a check began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Turn(u64);

impl Lane {
    pub(crate) async fn open(environment: &Environment, store: &SqlStore) -> Arc<Self> {
        let (now, random) = (environment.clock.now(), environment.random.as_ref());
        let lane = Self {
            environment: environment.clone(),
            patient_id: PatientId::new(now, random),
            practitioner_id: PractitionerId::new(now, random),
            turn: AtomicU64::new(0),
        };
        let open = |_: &Option<Record>| Ok(Some(lane.change(Record::opened(lane.patient_id, now))));
        let write = lane.write();
        let opened = store.change_record(&write, lane.patient_id, &open);
        opened.await.unwrap();
        Arc::new(lane)
    }

    pub(crate) fn key(&self) -> AccessKey {
        AccessKey {
            patient_id: self.patient_id,
            practitioner_id: Some(self.practitioner_id),
            organization_id: None,
        }
    }

    pub(crate) fn turn(&self) -> Turn {
        Turn(self.turn.load(Ordering::SeqCst))
    }

    /// Whether a check that began at `began` and found a grant is stale: every
    /// revocation had returned when it began, and no grant was made until it ended.
    pub(crate) fn makes_stale(&self, began: Turn) -> bool {
        began.0.is_multiple_of(2) && began == self.turn()
    }

    pub(crate) async fn grant(&self, store: &SqlStore) -> Grant {
        self.turn.fetch_add(1, Ordering::SeqCst);
        let now = self.environment.clock.now();
        let grant = Grant {
            grant_id: GrantId::new(now, self.environment.random.as_ref()),
            patient_id: self.patient_id,
            grantee: Grantee::Practitioner(self.practitioner_id),
            grantee_name: None,
            classes: DocumentClasses::ALL,
            period: Period::new(now, None).unwrap(),
            origin: GrantOrigin::Patient,
            status: GrantStatus::Given,
            created_by: None,
            request: None,
            created_at: now,
            updated_at: now,
            ended_at: None,
            version: Version::FIRST,
        };
        let (write, change) = (self.write(), self.change(grant));
        store.create_grant(&write, &change, &[]).await.unwrap()
    }

    pub(crate) async fn revoke(&self, store: &SqlStore, grant: &Grant) {
        let now = self.environment.clock.now();
        let revoke = |grant: &Grant| {
            let revoked = grant.revoke(None, now)?;
            Ok(revoked.map(|revoked| self.change(revoked)))
        };
        let write = self.write();
        let revoked = store.change_grant(&write, self.patient_id, grant.grant_id, &revoke);
        revoked.await.unwrap();
        self.turn.fetch_add(1, Ordering::SeqCst);
    }

    fn cx(&self) -> RequestContext {
        RequestContext::for_patient(&self.environment, self.patient_id)
    }

    fn write(&self) -> Write {
        let request_id = RequestId::new(self.environment.random.as_ref());
        Write::new(&self.cx(), "consent.test", request_id, &"command")
    }

    fn change<T>(&self, value: T) -> Change<T> {
        let event = self.cx().event(EventKind::GrantUpdated, Outcome::Success);
        Change { value, event }
    }
}
