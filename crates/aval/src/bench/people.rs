//! The people of the bench: made up, and registered through the services' own
//! interfaces, as anybody else is.

use std::fs::File;
use std::io::{BufWriter, Write};

use anyhow::Context;
use aval_domain::ins::{Ins, InsKind};
use aval_domain::time::{Clock, SystemClock};
use aval_proto::practitioner_directory::v1 as directory;
use aval_testing::provider::{Gender, PatientAccount, ProfessionalAccount};
use aval_testing::synthesize::{Person, SynthesisPlan, file_name};

use super::portal::Portal;
use crate::import::{FileToImport, send};
use crate::stack::Stack;

/// Who there is.
#[derive(Debug)]
pub(crate) struct People {
    /// Each with an open record, and access granted to the doctor.
    pub(crate) patients: Vec<Patient>,
    /// The doctor's `practitioner_id`.
    pub(crate) doctor: String,
    /// The doctor's account at the provider.
    pub(crate) doctor_account: String,
    /// The `practitioner_id`s of doctors to whom nobody granted anything.
    pub(crate) other_doctors: Vec<String>,
}

/// A registered patient.
#[derive(Debug, Clone)]
pub(crate) struct Patient {
    pub(crate) patient_id: String,
    pub(crate) account: PatientAccount,
}

/// How many people the directory holds.
const PROFESSIONALS: u32 = 500;
/// How many patients are asked about in turn: each has an entry of the cache.
const PATIENTS: u32 = 64;
/// To how many other doctors a patient can grant access at once.
const OTHER_DOCTORS: usize = 12;

/// Imports a directory, registers patients, and lets each grant the doctor access.
pub(crate) async fn fill(stack: &Stack, portal: &Portal) -> anyhow::Result<People> {
    let plan = SynthesisPlan::new(1, PROFESSIONALS);
    import(stack, &plan)
        .await
        .context("the directory is not imported")?;
    let mut doctors = doctors(&plan);
    let doctor = doctors
        .next()
        .context("the synthetic directory has no doctors")?;
    let account = ProfessionalAccount::from_directory(&doctor);
    let doctor_account = account.username.clone();
    stack.provider().put_professional(account);
    let doctor = portal.find(&doctor).await?;
    let mut patients = Vec::new();
    for rank in 0..PATIENTS {
        let account = patient(rank)?;
        stack.provider().put_patient(account.clone());
        let patient_id = portal.register(&account).await?;
        let bearer = portal.sign_in(&account).await?;
        portal.open_record(&bearer, &patient_id).await?;
        portal.grant(&bearer, &patient_id, &doctor).await?;
        patients.push(Patient {
            patient_id,
            account,
        });
    }
    let mut other_doctors = Vec::new();
    for other in doctors.take(OTHER_DOCTORS) {
        other_doctors.push(portal.find(&other).await?);
    }
    Ok(People {
        patients,
        doctor,
        doctor_account,
        other_doctors,
    })
}

async fn import(stack: &Stack, plan: &SynthesisPlan) -> anyhow::Result<()> {
    let path = stack.layout().folder().join(file_name(SystemClock.now()));
    let mut writer = BufWriter::new(File::create(&path)?);
    plan.write(&mut writer)?;
    writer.flush()?;
    let request = send(&FileToImport::at(&path)?, |_| ())?;
    let answer = stack
        .software("operator")?
        .directory_admin()
        .import_extraction(request)
        .await?;
    let state = answer.into_inner().import.unwrap_or_default().state();
    anyhow::ensure!(
        state == directory::ImportState::Applied,
        "its state is {state:?}"
    );
    Ok(())
}

/// Doctors of one practice each, so that none has to be chosen at their sign-in.
fn doctors(plan: &SynthesisPlan) -> impl Iterator<Item = Person> {
    plan.people().filter(|person| {
        person.is_doctor() && person.rpps().is_some() && person.activities.len() == 1
    })
}

/// A test identity that nobody has.
fn patient(rank: u32) -> anyhow::Result<PatientAccount> {
    let matricule = format!("27901511{rank:05}");
    let ins = Ins::with_key(&matricule, InsKind::Test)?;
    Ok(PatientAccount {
        username: format!("patiente-{rank}"),
        ins: ins.reveal(),
        ins_oid: InsKind::Test.oid().to_owned(),
        family_name: format!("ESSAI{}", in_letters(rank)),
        given_names: vec!["DOMINIQUE".to_owned()],
        birth_date: "1979-01-15".to_owned(),
        gender: Gender::Female,
        birth_place: "51215".to_owned(),
        acr: "eidas2".to_owned(),
    })
}

/// A number in letters, for a name has no digits.
fn in_letters(rank: u32) -> String {
    let digits = rank.to_string();
    digits
        .bytes()
        .map(|digit| char::from(digit - b'0' + b'A'))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_patient_is_somebody_else() {
        let accounts: Vec<_> = (0..PATIENTS).map(|rank| patient(rank).unwrap()).collect();
        let numbers: BTreeSet<_> = accounts.iter().map(|account| &account.ins).collect();
        let names: BTreeSet<_> = accounts
            .iter()
            .map(|account| &account.family_name)
            .collect();
        assert_eq!(numbers.len(), accounts.len());
        assert_eq!(names.len(), accounts.len());
    }

    #[test]
    fn the_directory_has_as_many_doctors_of_one_practice_as_are_needed() {
        let plan = SynthesisPlan::new(1, PROFESSIONALS);
        let doctors = doctors(&plan).take(1 + OTHER_DOCTORS);
        let numbers: BTreeSet<_> = doctors.map(|one| one.rpps().unwrap().to_string()).collect();
        assert_eq!(numbers.len(), 1 + OTHER_DOCTORS);
    }
}
