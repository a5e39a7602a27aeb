//! Persons, from the identity provider to their Aval token.

use aval::client::{Bearer, ProviderTokens, Software};
use aval_domain::ins::{Ins, InsKind};
use aval_proto::common::v1 as common;
use aval_proto::consent::v1 as consent;
use aval_proto::identity::v1 as identity;
use aval_proto::practitioner_directory::v1 as directory;
use aval_testing::provider::{Gender, PatientAccount, ProfessionalAccount, Realm};
use aval_testing::synthesize::Person;
use directory::resolve_identifier_response::Resolved;

use super::{Scene, fresh_id};

/// A signed-in patient with an open record.
#[derive(Debug, Clone)]
#[expect(clippy::struct_field_names, reason = "the contract's name")]
pub(crate) struct Patient {
    pub(crate) patient_id: String,
    pub(crate) bearer: Bearer,
    /// The Aval token itself.
    pub(crate) token: String,
    pub(crate) session_id: String,
}

/// A signed-in professional.
#[derive(Debug, Clone)]
pub(crate) struct Professional {
    pub(crate) practitioner_id: String,
    pub(crate) activity: directory::Activity,
    pub(crate) bearer: Bearer,
    /// The Aval token itself.
    pub(crate) token: String,
}

/// A patient whose names and birth date stand nowhere by chance.
pub(crate) fn anne() -> PatientAccount {
    account(
        "anne",
        "2870251454001",
        ("ZYLBERQUIST", "ANNELORE"),
        Gender::Female,
        "1987-02-13",
    )
}

/// Another one.
pub(crate) fn bruno() -> PatientAccount {
    account(
        "bruno",
        "1551133063002",
        ("QUERTZWYL", "BRUNEHILD"),
        Gender::Male,
        "1955-11-29",
    )
}

/// A third, who never signs in.
pub(crate) fn carla() -> PatientAccount {
    account(
        "carla",
        "2991251454003",
        ("WYXBRECHT", "CARLOTTINE"),
        Gender::Female,
        "1999-12-07",
    )
}

/// One of as many as a test wants, up to 99.
pub(crate) fn numbered(number: usize) -> PatientAccount {
    account(
        &format!("patient-{number}"),
        &format!("27005512540{number:02}"),
        (&format!("NUMEROTEE-{}", letters(number)), "PATIENTE"),
        Gender::Female,
        "1970-05-17",
    )
}

/// A number in letters, as names have them.
fn letters(number: usize) -> String {
    let digits = number.to_string().into_bytes();
    digits
        .into_iter()
        .map(|digit| char::from(digit - b'0' + b'A'))
        .collect()
}

/// A made-up identity under the OID of tests.
fn account(
    username: &str,
    matricule: &str,
    (family_name, given_name): (&str, &str),
    gender: Gender,
    birth_date: &str,
) -> PatientAccount {
    let ins = Ins::with_key(matricule, InsKind::Test).unwrap();
    PatientAccount {
        username: username.to_owned(),
        ins: ins.reveal(),
        ins_oid: InsKind::Test.oid().to_owned(),
        family_name: family_name.to_owned(),
        given_names: vec![given_name.to_owned()],
        birth_date: birth_date.to_owned(),
        gender,
        birth_place: "33063".to_owned(),
        acr: "eidas2".to_owned(),
    }
}

impl Scene {
    /// Registers a patient, signs them in, opens their record.
    pub(crate) async fn patient(&self, account: PatientAccount) -> Patient {
        let registered = self.register(&account).await;
        let patient = self.signed_in_patient(account).await;
        assert_eq!(patient.patient_id, registered);
        let request = consent::OpenRecordRequest {
            patient_id: patient.patient_id.clone(),
            request_id: fresh_id(),
        };
        let opened = self
            .portal
            .settings()
            .open_record(patient.bearer.asks(request))
            .await;
        assert!(opened.unwrap().into_inner().settings.unwrap().open);
        patient
    }

    /// Registers a patient; answers their `patient_id`.
    pub(crate) async fn register(&self, account: &PatientAccount) -> String {
        let answer = self
            .portal
            .patients()
            .register_patient(registration(account))
            .await;
        answer.unwrap().into_inner().patient.unwrap().patient_id
    }

    /// Signs a registered patient in at the portal.
    pub(crate) async fn signed_in_patient(&self, account: PatientAccount) -> Patient {
        let tokens = self.provider_patient(account, &[]).await;
        let answer = self
            .portal
            .sessions()
            .exchange_token(tokens.as_patient())
            .await;
        let answer = answer.unwrap().into_inner();
        let Some(identity::bearer::Person::Patient(person)) = answer.bearer.unwrap().person else {
            panic!("a patient's token speaks of a patient");
        };
        Patient {
            patient_id: person.patient_id,
            bearer: Bearer::new(&answer.access_token).unwrap(),
            token: answer.access_token,
            session_id: answer.session_id,
        }
    }

    /// What the patients' provider gives.
    pub(crate) async fn provider_patient(
        &self,
        account: PatientAccount,
        extra: &[(&str, &str)],
    ) -> ProviderTokens {
        let username = account.username.clone();
        self.stack.provider().put_patient(account);
        let endpoint = self.stack.token_endpoint(Realm::Patients);
        self.provider
            .sign_in(&endpoint, &username, &fresh_id(), extra)
            .await
            .unwrap()
    }

    /// Signs a professional of the directory in, in their first practice situation, with
    /// this software.
    pub(crate) async fn professional(&self, person: &Person, software: &Software) -> Professional {
        let practitioner = self.practitioner(person).await;
        let activity = practitioner.activities.into_iter().next().unwrap();
        let tokens = self.provider_professional(person, &[]).await;
        let request = tokens.as_practitioner(&activity.activity_id);
        let answer = software
            .sessions()
            .exchange_token(request)
            .await
            .unwrap()
            .into_inner();
        Professional {
            practitioner_id: practitioner.practitioner_id,
            activity,
            bearer: Bearer::new(&answer.access_token).unwrap(),
            token: answer.access_token,
        }
    }

    /// What the professionals' provider gives.
    pub(crate) async fn provider_professional(
        &self,
        person: &Person,
        extra: &[(&str, &str)],
    ) -> ProviderTokens {
        self.stack
            .provider()
            .put_professional(ProfessionalAccount::from_directory(person));
        let endpoint = self.stack.token_endpoint(Realm::Professionals);
        let username = person.national_id();
        self.provider
            .sign_in(&endpoint, &username, &fresh_id(), extra)
            .await
            .unwrap()
    }

    /// A professional as the directory knows them, found by their number.
    pub(crate) async fn practitioner(&self, person: &Person) -> directory::Practitioner {
        let request = directory::ResolveIdentifierRequest {
            identifier: Some(directory::Identifier {
                kind: directory::IdentifierKind::Idnps.into(),
                value: person.national_id(),
            }),
        };
        let answer = self
            .portal
            .directory()
            .resolve_identifier(request)
            .await
            .unwrap();
        let Resolved::Practitioner(found) = answer.into_inner().resolved.unwrap() else {
            panic!("a person's number leads to a person");
        };
        found
    }
}

/// The registration of an account's holder, qualified.
pub(crate) fn registration(account: &PatientAccount) -> identity::RegisterPatientRequest {
    let sex = match account.gender {
        Gender::Female => identity::Sex::Female,
        Gender::Male => identity::Sex::Male,
    };
    identity::RegisterPatientRequest {
        ins: Some(identity::Ins {
            matricule: account.ins.clone(),
            oid: account.ins_oid.clone(),
        }),
        traits: Some(identity::IdentityTraits {
            birth_name: account.family_name.clone(),
            birth_first_names: account.given_names.clone(),
            birth_date: account.birth_date.clone(),
            sex: sex.into(),
            birth_place_code: account.birth_place.clone(),
        }),
        status: identity::IdentityStatus::Qualified.into(),
        request_id: fresh_id(),
    }
}

/// A document of a record.
pub(crate) fn document(id: &str, class: common::DocumentClass) -> common::DocumentRef {
    common::DocumentRef {
        document_id: id.to_owned(),
        document_class: class.into(),
        document_type: "11488-4".to_owned(),
        author_practitioner_id: String::new(),
        contributed_at: None,
    }
}
