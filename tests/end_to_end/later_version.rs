//! The program of today on the schemas of versions that do not exist yet: what a rollout and a
//! rollback ask of the program of before.

use aval::stack::{Layout, Stack, StackConfig};
use aval_database::migrate::{self, Steps};
use aval_database::testing::{NextButOne, NextVersion};
use aval_database::{Database, DatabaseConfig};
use aval_proto::audit::v1 as audit;
use aval_proto::common::v1::DocumentClass;
use aval_proto::consent::v1 as consent;

use crate::health::get;
use crate::patience::eventually;
use crate::procedure::usual;
use crate::scene::{Patient, Professional, Scene, anne, bruno, fresh_id};
use crate::world::practitioner;

type Identity = aval_identity::store::sql::Migrator;
type Directory = aval_practitioner_directory::store::sql::Migrator;
type Consent = aval_consent::store::sql::Migrator;
type Audit = aval_audit::store::sql::Migrator;

/// Which version migrates.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Later {
    /// The next one, which only adds to what there is.
    Next,
    /// The one after, which takes away what the next one added.
    NextButOne,
}

impl Later {
    /// Brings every service's schema to where this version has it.
    pub(crate) async fn migrates(self, layout: &Layout) {
        let [identity, directory, consent, audit] = databases(layout);
        match self {
            Self::Next => {
                apply::<NextVersion<Identity>>(&identity).await;
                apply::<NextVersion<Directory>>(&directory).await;
                apply::<NextVersion<Consent>>(&consent).await;
                apply::<NextVersion<Audit>>(&audit).await;
            }
            Self::NextButOne => {
                apply::<NextButOne<Identity>>(&identity).await;
                apply::<NextButOne<Directory>>(&directory).await;
                apply::<NextButOne<Consent>>(&consent).await;
                apply::<NextButOne<Audit>>(&audit).await;
            }
        }
    }
}

/// As the services' configurations name them.
fn databases(layout: &Layout) -> [DatabaseConfig; 4] {
    let file = |service| layout.config(service);
    [
        aval_identity::config::Config::load(Some(&file("identity")))
            .unwrap()
            .database,
        aval_practitioner_directory::config::Config::load(Some(&file("practitioner-directory")))
            .unwrap()
            .database,
        aval_consent::config::Config::load(Some(&file("consent")))
            .unwrap()
            .database,
        aval_audit::config::Config::load(Some(&file("audit")))
            .unwrap()
            .database,
    ]
}

async fn apply<M: Steps>(config: &DatabaseConfig) {
    let db = Database::connect(config).await.unwrap();
    migrate::migrate::<M>(&db).await.unwrap();
    db.close().await.unwrap();
}

/// How many steps of its schema a service says that it does not know.
pub(crate) async fn steps_ahead(ops: u16, service: &str) -> Option<u64> {
    let (_, metrics) = get(ops, "/metrics").await;
    let shown = format!("source=\"{service}\"");
    let mut lines = metrics.lines();
    let line = lines.find(|line| line.starts_with("aval_schema_ahead{") && line.contains(&shown));
    line?.rsplit(' ').next()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn todays_program_serves_on_what_the_next_version_added() {
    let scene = Scene::set().await;
    let known = scene.patient(anne()).await;
    let folder = scene.stopped().await;
    Later::Next
        .migrates(&Layout::in_folder(folder.path()))
        .await;

    // As it is rolled back: it migrates, which leaves what it does not know, and serves.
    let scene = Scene::open(folder).await;
    let services = ["practitioner-directory", "identity", "consent", "audit"];
    for service in services {
        assert_eq!(steps_ahead(scene.ports.ops[0], service).await, Some(1));
    }
    let again = scene.signed_in_patient(anne()).await;
    assert_eq!(again.patient_id, known.patient_id);
    let new = scene.patient(bruno()).await;
    let doctor = scene
        .professional(&scene.cast.generalist, &scene.clinic)
        .await;
    for patient in [&again, &new] {
        lets_in_and_shuts_out(&scene, patient, &doctor).await;
    }
    scene.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn todays_program_does_not_serve_where_something_was_taken_away() {
    let folder = Scene::empty().await.stopped().await;
    Later::NextButOne
        .migrates(&Layout::in_folder(folder.path()))
        .await;
    let config = StackConfig::on_free_ports(folder.path()).unwrap();
    let refused = Stack::start(config).await.unwrap_err();
    let said = format!("{refused:#}");
    assert!(said.contains("next_but_one_takes_away"), "{said}");
    assert!(said.contains("Run the version that brought it"), "{said}");
}

/// A right is given, used and taken back, and the trail tells all of it.
async fn lets_in_and_shuts_out(scene: &Scene, patient: &Patient, doctor: &Professional) {
    let request = patient.bearer.asks(consent::CreateGrantRequest {
        patient_id: patient.patient_id.clone(),
        grantee: Some(practitioner(&doctor.practitioner_id)),
        document_classes: vec![DocumentClass::Report.into()],
        period: None,
        request_id: fresh_id(),
    });
    let made = scene.portal.grants().create_grant(request).await.unwrap();
    let grant = made.into_inner().grant.unwrap();
    let permitted = decided(scene, patient, doctor).await;
    assert_eq!(permitted.effect(), consent::Effect::Permit);
    let request = patient.bearer.asks(consent::RevokeGrantRequest {
        grant_id: grant.grant_id,
        etag: grant.etag,
        request_id: fresh_id(),
    });
    scene.portal.grants().revoke_grant(request).await.unwrap();
    let denied = decided(scene, patient, doctor).await;
    assert_eq!(denied.effect(), consent::Effect::Deny);

    let expected = [
        "access.decided",
        "grant.revoked",
        "access.decided",
        "grant.created",
    ];
    eventually("the trail tells it", async || {
        let request = patient.bearer.asks(audit::ListEventsRequest {
            patient_id: patient.patient_id.clone(),
            page_size: 200,
            ..Default::default()
        });
        let page = scene.portal.trail().list_events(request).await.unwrap();
        let events = page.into_inner().events;
        let kinds = events.iter().filter_map(|told| told.event.as_ref());
        let kinds: Vec<_> = kinds
            .map(|event| event.kind.as_str())
            .filter(|kind| expected.contains(kind))
            .collect();
        (kinds == expected).then_some(())
    })
    .await;
}

async fn decided(scene: &Scene, patient: &Patient, doctor: &Professional) -> consent::Decision {
    let request = doctor.bearer.asks(consent::AuthorizeRequest {
        question: Some(usual(patient)),
        request_id: fresh_id(),
    });
    let answer = scene.clinic.decisions().authorize(request).await.unwrap();
    answer.into_inner().decision.unwrap()
}
