//! Those who act for one another.

use aval_domain::ins::{Ins, InsKind};
use aval_domain::time::Clock;
use aval_proto::identity::v1 as proto;
use aval_proto::identity::v1::exchange_token_request::Capacity;
use aval_proto::identity::v1::list_representatives_request::Of;
use aval_testing::provider::{PatientAccount, Realm};
use proto::RepresentationKind::{Mandated, Parent};
use tonic::{Request, Status};

use crate::calls::{exchange, new_request_id, sign_in, with_token};
use crate::clinic;
use crate::stand::Stand;

/// Who takes part: Dominique, her son of ten years, and a friend.
pub(crate) struct Family {
    pub(crate) stand: Stand,
    pub(crate) dominique: String,
    pub(crate) child: String,
    pub(crate) friend: String,
}

impl Family {
    pub(crate) async fn gather() -> Self {
        let stand = Stand::start().await;
        let ten_years_ago = stand.clock.now().civil_date().year() - 10;
        Self {
            dominique: stand.register_patient().await,
            child: register(
                &stand,
                "sacha",
                "1150533063001",
                &format!("{ten_years_ago}-01-01"),
            )
            .await,
            friend: register(&stand, "ali", "1800533063002", "1980-05-05").await,
            stand,
        }
    }

    pub(crate) async fn add(
        &self,
        request: Request<proto::AddRepresentativeRequest>,
    ) -> Result<proto::Representation, Status> {
        let mut patients = self.stand.patients("gateway");
        let answer = patients.add_representative(request);
        Ok(answer.await?.into_inner().representation.unwrap())
    }

    /// Dominique's parental authority, added by the platform.
    pub(crate) async fn parent(&self) -> proto::Representation {
        let request = request(&self.child, &self.dominique, Parent);
        self.add(Request::new(request)).await.unwrap()
    }

    /// Dominique mandates the friend.
    pub(crate) async fn mandate(&self) -> Result<proto::Representation, Status> {
        let token = self.token("dominique").await;
        let request = request(&self.dominique, &self.friend, Mandated);
        self.add(with_token(&token, request)).await
    }

    pub(crate) async fn remove(
        &self,
        token: Option<&str>,
        representation_id: &str,
    ) -> Result<proto::Representation, Status> {
        let message = proto::RemoveRepresentativeRequest {
            representation_id: representation_id.to_owned(),
            request_id: new_request_id(),
        };
        let request = match token {
            Some(token) => with_token(token, message),
            None => Request::new(message),
        };
        let mut patients = self.stand.patients("gateway");
        let answer = patients.remove_representative(request);
        Ok(answer.await?.into_inner().representation.unwrap())
    }

    pub(crate) async fn list(
        &self,
        token: Option<&str>,
        of: Of,
    ) -> Result<Vec<proto::Representation>, Status> {
        let message = proto::ListRepresentativesRequest {
            of: Some(of),
            ..proto::ListRepresentativesRequest::default()
        };
        let request = match token {
            Some(token) => with_token(token, message),
            None => Request::new(message),
        };
        let mut patients = self.stand.patients("gateway");
        let answer = patients.list_representatives(request);
        Ok(answer.await?.into_inner().representations)
    }

    /// Somebody signs in as themselves.
    pub(crate) async fn token(&self, username: &str) -> String {
        let tokens = self.stand.sign_in(Realm::Patients, &sign_in(username));
        let capacity = Capacity::Patient(proto::PatientCapacity {});
        let answer = self
            .stand
            .sessions("gateway")
            .exchange_token(exchange(&tokens, capacity))
            .await;
        answer.unwrap().into_inner().access_token
    }

    /// Somebody signs in for a patient.
    pub(crate) async fn act_for(
        &self,
        username: &str,
        patient_id: &str,
    ) -> Result<proto::ExchangeTokenResponse, Status> {
        let tokens = self.stand.sign_in(Realm::Patients, &sign_in(username));
        let patient_id = patient_id.to_owned();
        let capacity = Capacity::Representative(proto::RepresentativeCapacity { patient_id });
        let answer = self
            .stand
            .sessions("gateway")
            .exchange_token(exchange(&tokens, capacity))
            .await;
        answer.map(tonic::Response::into_inner)
    }
}

pub(crate) async fn register(
    stand: &Stand,
    username: &str,
    matricule: &str,
    birth_date: &str,
) -> String {
    let account = PatientAccount {
        username: username.to_owned(),
        ins: Ins::with_key(matricule, InsKind::Test).unwrap().reveal(),
        family_name: username.to_uppercase(),
        birth_date: birth_date.to_owned(),
        ..clinic::patient()
    };
    let registration = proto::RegisterPatientRequest {
        ins: Some(proto::Ins {
            matricule: account.ins.clone(),
            oid: account.ins_oid.clone(),
        }),
        traits: Some(proto::IdentityTraits {
            birth_name: account.family_name.clone(),
            birth_first_names: account.given_names.clone(),
            birth_date: account.birth_date.clone(),
            sex: proto::Sex::Male.into(),
            birth_place_code: account.birth_place.clone(),
        }),
        status: proto::IdentityStatus::Qualified.into(),
        request_id: new_request_id(),
    };
    stand.provider.put_patient(account);
    let registered = stand
        .patients("gateway")
        .register_patient(registration)
        .await;
    registered.unwrap().into_inner().patient.unwrap().patient_id
}

pub(crate) fn request(
    patient_id: &str,
    representative: &str,
    kind: proto::RepresentationKind,
) -> proto::AddRepresentativeRequest {
    proto::AddRepresentativeRequest {
        patient_id: patient_id.to_owned(),
        representative_patient_id: representative.to_owned(),
        kind: kind.into(),
        end_at: None,
        request_id: new_request_id(),
    }
}

pub(crate) fn of_patient(patient_id: &str) -> Of {
    Of::PatientId(patient_id.to_owned())
}

pub(crate) fn of_representative(patient_id: &str) -> Of {
    Of::RepresentativePatientId(patient_id.to_owned())
}
