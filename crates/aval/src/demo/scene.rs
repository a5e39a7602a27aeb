//! Who plays: the services, the software around them, the people.

use aval_domain::id::RequestId;
use aval_domain::random::SystemRandom;
use aval_testing::provider::{Gender, PatientAccount, ProfessionalAccount};
use aval_testing::synthesize::{Directory, Person};

use crate::client::{ProviderClient, Software};
use crate::stack::Stack;

/// What every act needs.
#[derive(Debug)]
pub(crate) struct Scene {
    /// The four services and the provider, running.
    pub(crate) stack: Stack,
    /// The patients' portal.
    pub(crate) portal: Software,
    /// The software of the doctor's practice.
    pub(crate) clinic: Software,
    /// Another practice's software.
    pub(crate) other_clinic: Software,
    /// The operator's command line.
    pub(crate) operator: Software,
    /// The identity provider.
    pub(crate) provider: ProviderClient,
    /// The people of the directory file.
    pub(crate) directory: Directory,
    /// The doctor whom the patient means: one with homonyms and several practices.
    pub(crate) doctor: Person,
    /// Another doctor, who wrote one of the documents.
    pub(crate) author: Person,
    /// The patient.
    pub(crate) patient: PatientAccount,
}

impl Scene {
    /// Chooses the people and gives each their software and their account.
    pub(crate) fn set(stack: Stack, directory: Directory) -> anyhow::Result<Self> {
        let doctor = doctor_with_homonyms(&directory)
            .ok_or_else(|| anyhow::anyhow!("the synthetic directory has no such doctor"))?
            .clone();
        let author = single_practice_doctor(&directory, &doctor)
            .ok_or_else(|| anyhow::anyhow!("the synthetic directory has no second doctor"))?
            .clone();
        let patient = test_patient();
        for person in [&doctor, &author] {
            stack
                .provider()
                .put_professional(ProfessionalAccount::from_directory(person));
        }
        stack.provider().put_patient(patient.clone());
        Ok(Self {
            portal: stack.software("gateway")?,
            clinic: stack.software("software/clinic-a")?,
            other_clinic: stack.software("software/clinic-b")?,
            operator: stack.software("operator")?,
            provider: stack.provider_client()?,
            stack,
            directory,
            doctor,
            author,
            patient,
        })
    }
}

/// A fresh id that makes one call repeatable.
#[must_use]
pub(crate) fn request_id() -> String {
    RequestId::new(&SystemRandom).to_string()
}

fn doctor_with_homonyms(directory: &Directory) -> Option<&Person> {
    directory.people.iter().find(|person| {
        person.is_doctor()
            && person.rpps().is_some()
            && person.activities.len() >= 2
            && directory.homonyms_of(person).count() >= 2
    })
}

fn single_practice_doctor<'a>(directory: &'a Directory, other: &Person) -> Option<&'a Person> {
    directory.people.iter().find(|person| {
        person.is_doctor()
            && person.rpps().is_some()
            && person.activities.len() == 1
            && person.family_name != other.family_name
    })
}

/// The test identity that the ANS publishes, under the OID of tests.
#[must_use]
pub(crate) fn test_patient() -> PatientAccount {
    PatientAccount {
        username: "patiente".to_owned(),
        ins: "279035121518989".to_owned(),
        ins_oid: "1.2.250.1.213.1.4.10".to_owned(),
        family_name: "PAT-TROIS".to_owned(),
        given_names: vec!["DOMINIQUE".to_owned()],
        birth_date: "1979-03-28".to_owned(),
        gender: Gender::Female,
        birth_place: "51215".to_owned(),
        acr: "eidas2".to_owned(),
    }
}
