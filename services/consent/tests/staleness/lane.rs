//! One patient, who permits and forbids again and again.

use aval_consent::block::Block;
use aval_consent::grant::{Grant, GrantOrigin, GrantStatus};
use aval_consent::grantee::Grantee;
use aval_consent::record::Record;
use aval_consent::store::sql::SqlStore;
use aval_consent::store::{BlockQuery, Change, Store, Write};
use aval_domain::document::DocumentClasses;
use aval_domain::etag::Version;
use aval_domain::event::{EventKind, Outcome};
use aval_domain::id::{BlockId, GrantId, PatientId, PractitionerId, RequestId};
use aval_domain::period::Period;
use aval_runtime::context::RequestContext;
use aval_runtime::environment::Environment;

/// A patient and a professional.
#[derive(Debug)]
pub(crate) struct Lane {
    environment: Environment,
    patient_id: PatientId,
    practitioner_id: PractitionerId,
}

/// What ends a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The grant is revoked.
    Revoked,
    /// The grant stands, and the professional is blocked.
    Blocked,
    /// The grant stands, and the record is closed.
    Closed,
}

impl End {
    /// That of a round: as a rule the grant is revoked.
    pub(crate) const fn of_round(round: usize) -> Self {
        match round % 8 {
            3 => Self::Blocked,
            7 => Self::Closed,
            _ => Self::Revoked,
        }
    }
}

impl Lane {
    pub(crate) async fn open(environment: &Environment, store: &SqlStore) -> Self {
        let (now, random) = (environment.clock.now(), environment.random.as_ref());
        let lane = Self {
            environment: environment.clone(),
            patient_id: PatientId::new(now, random),
            practitioner_id: PractitionerId::new(now, random),
        };
        let open = |_: &Option<Record>| Some(Record::opened(lane.patient_id, now));
        lane.change_record(store, open).await;
        lane
    }

    pub(crate) const fn people(&self) -> (PatientId, PractitionerId) {
        (self.patient_id, self.practitioner_id)
    }

    /// Gives a grant; none stands.
    pub(crate) async fn grant(&self, store: &SqlStore) -> GrantId {
        let now = self.environment.clock.now();
        let grant = Grant {
            grant_id: GrantId::new(now, self.environment.random.as_ref()),
            patient_id: self.patient_id,
            grantee: self.grantee(),
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
        let granted = store.create_grant(&write, &change, &[]).await.unwrap();
        granted.grant_id
    }

    /// Ends the permission that this grant gave.
    pub(crate) async fn end(&self, store: &SqlStore, grant_id: GrantId, end: End) {
        match end {
            End::Revoked => self.revoke(store, grant_id).await,
            End::Blocked => self.block(store).await,
            End::Closed => {
                let now = self.environment.clock.now();
                let close = |record: &Option<Record>| record.as_ref()?.close(now);
                self.change_record(store, close).await;
            }
        }
    }

    /// Makes the next grant possible. In no state of the database does this one permit
    /// anything meanwhile.
    pub(crate) async fn make_ready(&self, store: &SqlStore, grant_id: GrantId, end: End) {
        match end {
            End::Revoked => {}
            End::Blocked => {
                self.revoke(store, grant_id).await;
                self.lift_block(store).await;
            }
            End::Closed => {
                self.revoke(store, grant_id).await;
                let reopen = |record: &Option<Record>| record.as_ref()?.reopen();
                self.change_record(store, reopen).await;
            }
        }
    }

    async fn revoke(&self, store: &SqlStore, grant_id: GrantId) {
        let now = self.environment.clock.now();
        let revoke = |grant: &Grant| {
            let revoked = grant.revoke(None, now)?;
            Ok(revoked.map(|revoked| self.change(revoked)))
        };
        let write = self.write();
        let revoked = store.change_grant(&write, self.patient_id, grant_id, &revoke);
        revoked.await.unwrap();
    }

    async fn block(&self, store: &SqlStore) {
        let now = self.environment.clock.now();
        let block = Block {
            block_id: BlockId::new(now, self.environment.random.as_ref()),
            patient_id: self.patient_id,
            grantee: self.grantee(),
            grantee_name: None,
            period: Period::new(now, None).unwrap(),
            immediate: true,
            created_at: now,
            removed_at: None,
            version: Version::FIRST,
        };
        let block = |standing: &Option<Block>| {
            assert_eq!(*standing, None);
            Ok(Some(self.change(block.clone())))
        };
        let write = self.write();
        let blocked = store.block_grantee(&write, self.patient_id, self.grantee(), &block);
        blocked.await.unwrap();
    }

    async fn lift_block(&self, store: &SqlStore) {
        let now = self.environment.clock.now();
        let query = BlockQuery {
            patient_id: self.patient_id,
            include_ended: false,
            now,
            after: None,
            limit: 1,
        };
        let blocks = store.blocks(&query).await.unwrap();
        let lift = |block: &Block| Ok(block.lift(now).map(|lifted| self.change(lifted)));
        let write = self.write();
        let lifted = store.change_block(&write, self.patient_id, blocks[0].block_id, &lift);
        lifted.await.unwrap();
    }

    async fn change_record(
        &self,
        store: &SqlStore,
        change: impl Fn(&Option<Record>) -> Option<Record> + Send + Sync,
    ) {
        let change =
            |record: &Option<Record>| Ok(change(record).map(|changed| self.change(changed)));
        let write = self.write();
        let changed = store.change_record(&write, self.patient_id, &change);
        changed.await.unwrap();
    }

    const fn grantee(&self) -> Grantee {
        Grantee::Practitioner(self.practitioner_id)
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
