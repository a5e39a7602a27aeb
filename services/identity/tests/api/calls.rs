//! The calls that tests make.

use aval_proto::identity::v1 as proto;
use aval_proto::identity::v1::exchange_token_request::Capacity;
use aval_proto::identity::v1::merge_service_client::MergeServiceClient;
use aval_proto::identity::v1::patient_service_client::PatientServiceClient;
use aval_proto::identity::v1::session_service_client::SessionServiceClient;
use aval_runtime::channel::{Channel, connect_lazy};
use aval_testing::provider::{ClientConfig, Realm, SignIn, Tokens};
use tonic::{Request, Status};
use tonic_types::StatusExt;

use crate::clinic;
use crate::stand::Stand;

pub(crate) const NONCE: &str = "the nonce of this sign-in";

impl Stand {
    pub(crate) fn sessions(&self, caller: &str) -> SessionServiceClient<Channel> {
        SessionServiceClient::new(connect_lazy(&self.peer(caller)).unwrap())
    }

    pub(crate) fn patients(&self, caller: &str) -> PatientServiceClient<Channel> {
        PatientServiceClient::new(connect_lazy(&self.peer(caller)).unwrap())
    }

    pub(crate) fn merges(&self, caller: &str) -> MergeServiceClient<Channel> {
        MergeServiceClient::new(connect_lazy(&self.peer(caller)).unwrap())
    }

    /// Signs somebody in at the provider.
    pub(crate) fn sign_in(&self, realm: Realm, request: &SignIn) -> Tokens {
        self.provider.sign_in(realm, request).unwrap()
    }

    /// The exchange of a professional who just signed in at the provider.
    pub(crate) fn as_professional(
        &self,
        rpps: &str,
        activity_id: &str,
    ) -> proto::ExchangeTokenRequest {
        let tokens = self.sign_in(Realm::Professionals, &sign_in(&format!("8{rpps}")));
        exchange(&tokens, practitioner(activity_id))
    }

    /// The exchange of the patient who just signed in at the provider.
    pub(crate) fn as_patient(&self) -> proto::ExchangeTokenRequest {
        let tokens = self.sign_in(Realm::Patients, &sign_in("dominique"));
        exchange(&tokens, Capacity::Patient(proto::PatientCapacity {}))
    }

    /// Registers the patient, qualified, and answers their identifier.
    pub(crate) async fn register_patient(&self) -> String {
        let registered = self
            .patients("gateway")
            .register_patient(registration())
            .await;
        registered.unwrap().into_inner().patient.unwrap().patient_id
    }

    /// Signs the registered patient in from this software.
    pub(crate) async fn patient_token(&self, caller: &str) -> String {
        let exchanged = self
            .sessions(caller)
            .exchange_token(self.as_patient())
            .await;
        exchanged.unwrap().into_inner().access_token
    }
}

pub(crate) fn sign_in(username: &str) -> SignIn {
    SignIn::new(username, &ClientConfig::development().id).with_nonce(NONCE)
}

pub(crate) fn practitioner(activity_id: &str) -> Capacity {
    Capacity::Practitioner(proto::PractitionerCapacity {
        activity_id: activity_id.to_owned(),
    })
}

pub(crate) fn exchange(tokens: &Tokens, capacity: Capacity) -> proto::ExchangeTokenRequest {
    proto::ExchangeTokenRequest {
        grant_type: "urn:ietf:params:oauth:grant-type:token-exchange".to_owned(),
        subject_token: tokens.access_token.clone(),
        subject_token_type: "urn:ietf:params:oauth:token-type:access_token".to_owned(),
        id_token: tokens.id_token.clone(),
        nonce: NONCE.to_owned(),
        scope: String::new(),
        capacity: Some(capacity),
    }
}

pub(crate) fn ins() -> proto::Ins {
    proto::Ins {
        matricule: clinic::MATRICULE.to_owned(),
        oid: clinic::TEST_OID.to_owned(),
    }
}

pub(crate) fn traits() -> proto::IdentityTraits {
    let account = clinic::patient();
    proto::IdentityTraits {
        birth_name: account.family_name,
        birth_first_names: account.given_names,
        birth_date: account.birth_date,
        sex: proto::Sex::Female.into(),
        birth_place_code: account.birth_place,
    }
}

/// The registration of the patient, qualified.
pub(crate) fn registration() -> proto::RegisterPatientRequest {
    proto::RegisterPatientRequest {
        ins: Some(ins()),
        traits: Some(traits()),
        status: proto::IdentityStatus::Qualified.into(),
        request_id: new_request_id(),
    }
}

pub(crate) fn new_request_id() -> String {
    aval_domain::id::RequestId::new(&aval_domain::random::SystemRandom).to_string()
}

/// A request with this token.
pub(crate) fn with_token<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let value = format!("Bearer {token}").parse().unwrap();
    request.metadata_mut().insert("authorization", value);
    request
}

/// The reason in a status, which must be one of ours.
pub(crate) fn reason<T: std::fmt::Debug>(answer: Result<T, Status>) -> String {
    let status = answer.expect_err("the call is refused");
    let info = status.get_details_error_info();
    let info = info.unwrap_or_else(|| panic!("no ErrorInfo in {status:?}"));
    assert_eq!(info.domain, "aval");
    info.reason
}

/// The fields that a refusal names.
pub(crate) fn fields<T: std::fmt::Debug>(answer: Result<T, Status>) -> Vec<String> {
    let status = answer.expect_err("the call is refused");
    let violations = status.get_details_bad_request().unwrap().field_violations;
    violations
        .into_iter()
        .map(|violation| violation.field)
        .collect()
}
