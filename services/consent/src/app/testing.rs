//! A patient, a doctor and a nurse, on a fresh database.

mod acts;
mod cached;

pub(crate) use cached::Cache;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aval_database::migrate::migrate;
use aval_database::testing::TestDatabase;
use aval_domain::access::{AccessMode, Action};
use aval_domain::code::Profession;
use aval_domain::document::{DocumentClass, DocumentRef};
use aval_domain::event::{Event, EventKind};
use aval_domain::id::{
    ActivityId, OrganizationId, PatientId, PractitionerId, RepresentationId, RequestId, SessionId,
};
use aval_domain::random::SeededRandom;
use aval_domain::rpps::Rpps;
use aval_domain::time::{Clock, ManualClock, Timestamp};
use aval_runtime::caller::CallerId;
use aval_runtime::context::{
    Actor, PractitionerActivity, PractitionerActor, Representative, RequestContext,
};
use aval_runtime::environment::Environment;
use aval_runtime::token::{AuthenticationStrength, RepresentationKind};
use sea_orm::{ConnectionTrait, Statement};
use uuid::Uuid;

use super::{AccessQuestion, App, CloseRecord, OpenRecord};
use crate::access_basis::AccessBasisSource;
use crate::decision::Policy;
use crate::decision_log::DecisionLog;
use crate::directory::{Directory, KnownActivity, KnownOrganization, KnownPractitioner};
use crate::error::Error;
use crate::grant::Grant;
use crate::grantee::{Grantee, GranteeName};
use crate::matrix::Matrix;
use crate::policies::{FixedPolicies, PolicySource};
use crate::store::Answer;
use crate::store::sql::{Migrator, SqlStore};
use crate::trail_backlog::TrailBacklog;

pub(crate) struct Fixture {
    pub(crate) app: App,
    pub(crate) directory: Arc<TestDirectory>,
    pub(crate) trail_backlog: Arc<TrailBacklog>,
    pub(crate) clock: ManualClock,
    pub(crate) patient: PatientId,
    pub(crate) other_patient: PatientId,
    /// What decisions rest on, where there is a cache.
    pub(crate) cache: Option<Cache>,
    environment: Environment,
    database: TestDatabase,
}

/// A doctor and a nurse of one organization, unless it is down.
#[derive(Debug)]
pub(crate) struct TestDirectory {
    pub(crate) doctor_activity: ActivityId,
    pub(crate) known_rpps: Rpps,
    /// An identifier that leads to the doctor.
    pub(crate) merged: PractitionerId,
    doctor: PractitionerId,
    nurse: PractitionerId,
    nurse_activity: ActivityId,
    pub(crate) organization: OrganizationId,
    down: AtomicBool,
    knows_the_number: AtomicBool,
}

impl Fixture {
    /// With an open record of the patient.
    pub(crate) async fn new() -> Self {
        Self::with_log(|store| store).await
    }

    /// The same with decisions that are recorded by this.
    pub(crate) async fn with_log(log: impl FnOnce(Arc<SqlStore>) -> Arc<dyn DecisionLog>) -> Self {
        Self::on(TestDatabase::sqlite().await, log).await
    }

    /// The same on this database.
    async fn on(
        database: TestDatabase,
        log: impl FnOnce(Arc<SqlStore>) -> Arc<dyn DecisionLog>,
    ) -> Self {
        let clock = ManualClock::new(Timestamp::from_unix_seconds(1_800_000_000));
        let environment = Environment {
            clock: Arc::new(clock.clone()),
            random: Arc::new(SeededRandom::new(1)),
        };
        migrate::<Migrator>(&database.db).await.unwrap();
        let store = Arc::new(SqlStore::new(database.db.clone()));
        let directory = Arc::new(TestDirectory::new());
        let trail_backlog = Arc::new(TrailBacklog::new(std::time::Duration::from_mins(15)));
        let app = app_of(
            &store,
            Arc::clone(&store) as _,
            log(Arc::clone(&store)),
            &directory,
            Arc::new(FixedPolicies::new(Policy::new(Matrix::example()))),
            &trail_backlog,
        );
        let fixture = Self {
            app,
            directory,
            trail_backlog,
            clock,
            patient: PatientId::from_uuid(Uuid::from_u128(1)),
            other_patient: PatientId::from_uuid(Uuid::from_u128(2)),
            cache: None,
            environment,
            database,
        };
        fixture.open_record().await;
        fixture
    }

    /// The use cases on this store, with decisions that rest on `bases`, made under these
    /// policies.
    fn app_of(
        &self,
        store: &Arc<SqlStore>,
        bases: Arc<dyn AccessBasisSource>,
        policies: Arc<dyn PolicySource>,
    ) -> App {
        let log = Arc::clone(store) as _;
        let backlog = &self.trail_backlog;
        app_of(store, bases, log, &self.directory, policies, backlog)
    }

    pub(crate) fn as_patient(&self) -> RequestContext {
        RequestContext::for_patient(&self.environment, self.patient)
    }

    pub(crate) fn as_other_patient(&self) -> RequestContext {
        RequestContext::for_patient(&self.environment, self.other_patient)
    }

    /// The other patient, acting for the patient.
    pub(crate) fn as_representative(&self) -> RequestContext {
        let now = self.clock.now();
        let mut patient = Actor::patient(self.patient, self.environment.random.as_ref(), now);
        if let Actor::Patient(patient) = &mut patient {
            patient.representative = Some(Representative {
                representation_id: RepresentationId::from_uuid(Uuid::from_u128(9)),
                patient_id: self.other_patient,
                kind: RepresentationKind::Parent,
            });
        }
        RequestContext::for_actor(&self.environment, patient)
    }

    pub(crate) fn as_doctor(&self) -> RequestContext {
        let doctor = self.directory.signed_in(self.doctor(), self.clock.now());
        RequestContext::for_practitioner(&self.environment, doctor)
    }

    pub(crate) fn as_doctor_through_software(&self) -> RequestContext {
        let mut doctor = self.directory.signed_in(self.doctor(), self.clock.now());
        doctor.direct = false;
        RequestContext::for_practitioner(&self.environment, doctor)
    }

    pub(crate) fn as_nurse(&self) -> RequestContext {
        let nurse = self.directory.signed_in(self.nurse(), self.clock.now());
        RequestContext::for_practitioner(&self.environment, nurse)
    }

    pub(crate) fn as_nobody(&self) -> RequestContext {
        self.as_service("insecure-loopback")
    }

    pub(crate) fn as_service(&self, name: &str) -> RequestContext {
        RequestContext::for_service(&self.environment, CallerId::parse(name).unwrap())
    }

    pub(crate) fn doctor(&self) -> PractitionerId {
        self.directory.doctor
    }

    pub(crate) fn nurse(&self) -> PractitionerId {
        self.directory.nurse
    }

    /// Somebody whom the directory does not know.
    pub(crate) fn unknown(&self) -> PractitionerId {
        PractitionerId::new(self.clock.now(), self.environment.random.as_ref())
    }

    pub(crate) fn request_id(&self) -> RequestId {
        RequestId::new(self.environment.random.as_ref())
    }

    /// To consult one report.
    pub(crate) fn question(&self) -> AccessQuestion {
        AccessQuestion {
            patient_id: self.patient,
            action: Action::Consult,
            mode: AccessMode::Normal,
            documents: vec![DocumentRef {
                id: "report-1".parse().unwrap(),
                class: DocumentClass::Report,
                document_type: None,
                author: None,
                contributed_at: None,
            }],
            emergency_reason: None,
            purpose: None,
        }
    }

    pub(crate) async fn grant_to_doctor(&self) -> Grant {
        self.try_grant_to_doctor().await.unwrap()
    }

    pub(crate) async fn try_grant_to_doctor(&self) -> Result<Grant, Error> {
        let command = self.new_grant(Grantee::Practitioner(self.doctor()));
        self.app.create_grant(&self.as_patient(), command).await
    }

    pub(crate) async fn open_record(&self) {
        let command = OpenRecord {
            patient_id: self.patient,
            request_id: self.request_id(),
        };
        self.app
            .open_record(&self.as_patient(), command)
            .await
            .unwrap();
    }

    pub(crate) async fn close_record(&self) {
        let command = CloseRecord {
            patient_id: self.patient,
            request_id: self.request_id(),
        };
        self.app
            .close_record(&self.as_patient(), command)
            .await
            .unwrap();
    }

    /// How many events of that kind wait for the trail.
    pub(crate) async fn events_of(&self, kind: EventKind) -> usize {
        self.events()
            .await
            .iter()
            .filter(|event| event.kind == kind)
            .count()
    }

    /// Everything that waits for the trail, the oldest first.
    pub(crate) async fn events(&self) -> Vec<Event> {
        let reader = self.database.db.reader();
        let text = "SELECT payload FROM outbox ORDER BY id";
        let statement = Statement::from_string(reader.get_database_backend(), text);
        let rows = reader.query_all_raw(statement).await.unwrap();
        rows.iter()
            .map(|row| row.try_get::<String>("", "payload").unwrap())
            .map(|payload| serde_json::from_str(&payload).unwrap())
            .collect()
    }
}

fn app_of(
    store: &Arc<SqlStore>,
    bases: Arc<dyn AccessBasisSource>,
    log: Arc<dyn DecisionLog>,
    directory: &Arc<TestDirectory>,
    policies: Arc<dyn PolicySource>,
    trail_backlog: &Arc<TrailBacklog>,
) -> App {
    App::new(
        Arc::clone(store) as _,
        bases,
        log,
        Arc::clone(store) as _,
        Arc::clone(directory) as _,
        policies,
        Arc::clone(trail_backlog),
    )
}

impl TestDirectory {
    fn new() -> Self {
        let practitioner = |number| PractitionerId::from_uuid(Uuid::from_u128(number));
        let activity = |number| ActivityId::from_uuid(Uuid::from_u128(number));
        Self {
            doctor: practitioner(11),
            nurse: practitioner(12),
            merged: practitioner(13),
            doctor_activity: activity(21),
            nurse_activity: activity(22),
            organization: OrganizationId::from_uuid(Uuid::from_u128(31)),
            known_rpps: "99700024450".parse().unwrap(),
            down: AtomicBool::new(false),
            knows_the_number: AtomicBool::new(true),
        }
    }

    pub(crate) fn is_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    pub(crate) fn knows_the_number(&self, knows: bool) {
        self.knows_the_number.store(knows, Ordering::SeqCst);
    }

    fn signed_in(&self, id: PractitionerId, now: Timestamp) -> PractitionerActor {
        let known = self.known(id).unwrap();
        let activity = &known.activities[0];
        PractitionerActor {
            practitioner_id: id,
            session_id: SessionId::from_uuid(Uuid::from_u128(41)),
            strength: AuthenticationStrength::Substantial,
            authenticated_at: now,
            direct: true,
            display_name: "Dr Camille MARTIN".to_owned(),
            activity: PractitionerActivity {
                activity_id: activity.activity_id,
                profession: activity.profession.unwrap(),
                speciality: None,
                function: activity.function,
                organization_id: activity.organization_id,
                organization_name: None,
                sector: None,
                regulation_access: false,
            },
        }
    }

    fn known(&self, id: PractitionerId) -> Option<KnownPractitioner> {
        let (id, activity_id, profession) = match id {
            id if id == self.doctor || id == self.merged => {
                (self.doctor, self.doctor_activity, Profession::Doctor)
            }
            id if id == self.nurse => (self.nurse, self.nurse_activity, Profession::Nurse),
            _ => return None,
        };
        Some(KnownPractitioner {
            practitioner_id: id,
            name: GranteeName::parse("Dr Camille MARTIN"),
            active: true,
            activities: vec![KnownActivity {
                activity_id,
                profession: Some(profession),
                function: None,
                organization_id: Some(self.organization),
                active: true,
            }],
        })
    }

    fn answer<T: Send + 'static>(&self, answer: T) -> Answer<'_, T> {
        let down = self.down.load(Ordering::SeqCst);
        Box::pin(async move {
            if down {
                Err(Error::DirectoryUnavailable("it is down".into()))
            } else {
                Ok(answer)
            }
        })
    }
}

impl Directory for TestDirectory {
    fn practitioner(&self, id: PractitionerId) -> Answer<'_, Option<KnownPractitioner>> {
        self.answer(self.known(id))
    }

    fn practitioners<'a>(
        &'a self,
        ids: &'a [PractitionerId],
    ) -> Answer<'a, Vec<Option<KnownPractitioner>>> {
        self.answer(ids.iter().map(|id| self.known(*id)).collect())
    }

    fn practitioner_by_rpps(&self, rpps: Rpps) -> Answer<'_, Option<KnownPractitioner>> {
        let knows = rpps == self.known_rpps && self.knows_the_number.load(Ordering::SeqCst);
        self.answer(self.known(self.doctor).filter(|_| knows))
    }

    fn organization(&self, id: OrganizationId) -> Answer<'_, Option<KnownOrganization>> {
        let known = (id == self.organization).then(|| KnownOrganization {
            organization_id: id,
            name: GranteeName::parse("CH de Sainte-Colombe"),
        });
        self.answer(known)
    }
}
