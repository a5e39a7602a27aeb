//! A scene in which something has happened: two patients, two doctors, a grant, a
//! block, events. Every call of the contract finds something to act upon.

use aval::client::Bearer;
use aval_proto::audit::v1 as audit;
use aval_proto::common::v1 as common;
use aval_proto::consent::v1 as consent;
use prost::Message;
use prost::bytes::Bytes;
use prost_reflect::DynamicMessage;
use tonic::{Request, Status};

use crate::contract::Call;
use crate::patience::eventually;
use crate::raw;
use crate::scene::{
    CLINIC, Caller, OTHER_CLINIC, Patient, Professional, Scene, anne, bruno, fresh_id,
};

/// The scene, the people in it, and what Anne has.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) scene: Scene,
    /// The patient whose record everything is about.
    pub(crate) anne: Patient,
    /// Another session of Anne's, beside the one whose token she uses.
    pub(crate) other_session_id: String,
    /// Another patient.
    pub(crate) bruno: Patient,
    /// Whom Anne authorised.
    pub(crate) doctor: Professional,
    /// Who has nothing to do with Anne.
    pub(crate) other_doctor: Professional,
    /// Anne's grant to the doctor.
    pub(crate) grant: consent::Grant,
    /// Anne's block of a third one.
    pub(crate) block_id: String,
    /// An event of Anne's history.
    pub(crate) event_id: String,
    /// The import that filled the directory.
    pub(crate) import_id: String,
    callers: Vec<(&'static str, Caller)>,
}

/// Who makes a call: software, and the person whose token goes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Persona {
    /// Software of this name, for nobody.
    Software(&'static str),
    /// Anne, at the portal.
    Anne,
    /// Bruno, at the portal.
    Bruno,
    /// The doctor, at the practice.
    Doctor,
    /// The other doctor, at another practice.
    OtherDoctor,
}

impl Persona {
    /// Who may make a call with [`sample::request`](crate::sample::request).
    pub(crate) fn admitted(call: &Call) -> Self {
        match call.name().as_str() {
            "TrailService/AppendEvents"
            | "TrailService/ReportOutbox"
            | "MergeService/WatchMerges"
            | "FindingService/WatchFindings" => Self::Software("consent"),
            "GrantService/RequestGrant"
            | "GrantService/DeclareGrant"
            | "GrantService/OpenCareEpisode"
            | "DecisionService/Check"
            | "DecisionService/BatchCheck"
            | "DecisionService/Authorize"
            | "DecisionService/Explain" => Self::Doctor,
            name if name.starts_with("OversightService/") => Self::Software(AUDITOR),
            _ if call.needs_a_person() => Self::Anne,
            name if name.ends_with("Representative") || name.ends_with("Representatives") => {
                Self::Anne
            }
            _ => Self::Software("operator"),
        }
    }

    /// The software that calls.
    pub(crate) fn software(self) -> &'static str {
        match self {
            Self::Software(name) => name,
            Self::Anne | Self::Bruno => "gateway",
            Self::Doctor => CLINIC,
            Self::OtherDoctor => OTHER_CLINIC,
        }
    }
}

/// The software that calls: everybody in the table of callers, and one that is not.
const SOFTWARE: [&str; 10] = [
    "identity",
    "practitioner-directory",
    "consent",
    "gateway",
    "records",
    "operator",
    AUDITOR,
    CLINIC,
    OTHER_CLINIC,
    STRANGER,
];

/// The certificate of one of the platform's auditors.
pub(crate) const AUDITOR: &str = "auditor/dana";

/// Software with a certificate of the authority and no entry in the table of callers.
pub(crate) const STRANGER: &str = "stranger";

impl World {
    pub(crate) async fn begin() -> Self {
        Self::begin_in(Scene::set().await).await
    }

    /// The same in a scene that is set already.
    pub(crate) async fn begin_in(scene: Scene) -> Self {
        let account = anne();
        let anne = scene.patient(account.clone()).await;
        let other_session_id = scene.signed_in_patient(account).await.session_id;
        let bruno = scene.patient(bruno()).await;
        let doctor = scene
            .professional(&scene.cast.generalist, &scene.clinic)
            .await;
        let other_doctor = scene
            .professional(&scene.cast.colleague, &scene.other_clinic)
            .await;
        let third = scene.practitioner(&scene.cast.dentist).await;
        let grant = grant(&scene, &anne, &doctor.practitioner_id).await;
        let block_id = block(&scene, &anne, &third.practitioner_id).await;
        let event_id = an_event(&scene, &anne).await;
        let import_id = the_import(&scene).await;
        let callers = SOFTWARE.map(|name| (name, scene.caller(name))).into();
        Self {
            scene,
            anne,
            other_session_id,
            bruno,
            doctor,
            other_doctor,
            grant,
            block_id,
            event_id,
            import_id,
            callers,
        }
    }

    /// Makes a call in somebody's name.
    pub(crate) async fn ask(
        &self,
        persona: Persona,
        call: &Call,
        message: &DynamicMessage,
    ) -> Result<Bytes, Status> {
        self.ask_with(persona, call, message.encode_to_vec()).await
    }

    /// Makes a call in somebody's name with any bytes.
    pub(crate) async fn ask_with(
        &self,
        persona: Persona,
        call: &Call,
        bytes: Vec<u8>,
    ) -> Result<Bytes, Status> {
        let bytes = Bytes::from(bytes);
        let message = match self.bearer(persona) {
            Some(bearer) => bearer.asks(bytes),
            None => Request::new(bytes),
        };
        let channel = self.caller(persona.software()).channel(call.listener());
        raw::call(channel, call, message).await
    }

    pub(crate) fn caller(&self, name: &str) -> &Caller {
        let mut callers = self.callers.iter();
        let found = callers.find(|(of, _)| *of == name);
        &found
            .unwrap_or_else(|| panic!("{name} has no certificate here"))
            .1
    }

    fn bearer(&self, persona: Persona) -> Option<&Bearer> {
        match persona {
            Persona::Software(_) => None,
            Persona::Anne => Some(&self.anne.bearer),
            Persona::Bruno => Some(&self.bruno.bearer),
            Persona::Doctor => Some(&self.doctor.bearer),
            Persona::OtherDoctor => Some(&self.other_doctor.bearer),
        }
    }
}

/// A grant for reports, without end.
/// Lets this practitioner into the patient's reports.
pub(crate) async fn grant(
    scene: &Scene,
    patient: &Patient,
    practitioner_id: &str,
) -> consent::Grant {
    let request = consent::CreateGrantRequest {
        patient_id: patient.patient_id.clone(),
        grantee: Some(practitioner(practitioner_id)),
        document_classes: vec![common::DocumentClass::Report.into()],
        period: None,
        request_id: fresh_id(),
    };
    let answer = scene
        .portal
        .grants()
        .create_grant(patient.bearer.asks(request))
        .await;
    answer.unwrap().into_inner().grant.unwrap()
}

async fn block(scene: &Scene, patient: &Patient, practitioner_id: &str) -> String {
    let request = consent::BlockGranteeRequest {
        patient_id: patient.patient_id.clone(),
        grantee: Some(practitioner(practitioner_id)),
        period: None,
        request_id: fresh_id(),
    };
    let answer = scene
        .portal
        .grants()
        .block_grantee(patient.bearer.asks(request))
        .await;
    answer.unwrap().into_inner().block.unwrap().block_id
}

async fn an_event(scene: &Scene, patient: &Patient) -> String {
    eventually("an event reaches the patient's history", async || {
        let request = audit::ListEventsRequest {
            patient_id: patient.patient_id.clone(),
            ..Default::default()
        };
        let answer = scene
            .portal
            .trail()
            .list_events(patient.bearer.asks(request))
            .await;
        let first = answer.unwrap().into_inner().events.into_iter().next()?;
        Some(first.event.unwrap().event_id)
    })
    .await
}

async fn the_import(scene: &Scene) -> String {
    let request = aval_proto::practitioner_directory::v1::ListImportsRequest::default();
    let answer = scene.operator.directory_admin().list_imports(request).await;
    answer.unwrap().into_inner().imports.remove(0).import_id
}

/// A professional as a grantee.
pub(crate) fn practitioner(practitioner_id: &str) -> common::Grantee {
    common::Grantee {
        grantee: Some(common::grantee::Grantee::PractitionerId(
            practitioner_id.to_owned(),
        )),
    }
}
