//! Who takes part: made up, in the directory and at the provider alike.

use aval_domain::id::{ActivityId, OrganizationId, PractitionerId};
use aval_domain::random::SeededRandom;
use aval_domain::time::Timestamp;
use aval_proto::practitioner_directory::v1::{
    Activity, Identifier, IdentifierKind, Organization, Practitioner, Skill,
};
use aval_testing::provider::{
    Accounts, Gender, PatientAccount, ProfessionalAccount, ProfessionalActivity,
};

use crate::neighbours::Memory;

/// A doctor with a cabinet and a hospital.
pub(crate) const DOCTOR: &str = "99700366240";
/// A doctor with a cabinet alone.
pub(crate) const SINGLE: &str = "99700218896";
/// A doctor whom the directory does not know.
pub(crate) const STRANGER: &str = "99700024450";

/// The matricule of a published test identity.
pub(crate) const MATRICULE: &str = "279035121518989";
pub(crate) const TEST_OID: &str = "1.2.250.1.213.1.4.10";

/// The technical numbers of the two places.
const CABINET: &str = "R10000000042";
const HOSPITAL: &str = "F0B0172805";
const HOSPITAL_FINESS: &str = "0B0172805";

fn seeded(seed: u64) -> SeededRandom {
    SeededRandom::new(seed)
}

/// The practice situation at the doctor's cabinet.
pub(crate) fn at_the_cabinet() -> String {
    ActivityId::new(Timestamp::UNIX_EPOCH, &seeded(1)).to_string()
}

/// The practice situation at the doctor's hospital.
pub(crate) fn at_the_hospital() -> String {
    ActivityId::new(Timestamp::UNIX_EPOCH, &seeded(2)).to_string()
}

/// The `practitioner_id` of somebody whom the directory knows.
pub(crate) fn practitioner_id(rpps: &str) -> String {
    let seed = if rpps == DOCTOR { 10 } else { 11 };
    PractitionerId::new(Timestamp::UNIX_EPOCH, &seeded(seed)).to_string()
}

pub(crate) fn register_practitioners(memory: &Memory) {
    let mut known = memory.practitioners.lock().unwrap();
    let both = vec![cabinet(at_the_cabinet()), hospital()];
    let only = vec![cabinet(
        ActivityId::new(Timestamp::UNIX_EPOCH, &seeded(3)).to_string(),
    )];
    for (rpps, given_name, activities) in [(DOCTOR, "Éléonore", both), (SINGLE, "Jean", only)] {
        let practitioner = Practitioner {
            practitioner_id: practitioner_id(rpps),
            identifiers: vec![number(IdentifierKind::Rpps, rpps)],
            family_name: "Kit-Doc".to_owned(),
            given_name: given_name.to_owned(),
            civility: "DR".to_owned(),
            active: true,
            activities,
            ..Practitioner::default()
        };
        known.insert((IdentifierKind::Rpps.into(), rpps.to_owned()), practitioner);
    }
}

pub(crate) fn register_accounts(accounts: &mut Accounts) {
    let at_cabinet = ProfessionalActivity {
        mode: "L".to_owned(),
        sector: "SA07".to_owned(),
        technical_id: CABINET.to_owned(),
        name: "CABINET M DOC".to_owned(),
        ..ProfessionalActivity::default()
    };
    let at_hospital = ProfessionalActivity {
        mode: "S".to_owned(),
        sector: "SA01".to_owned(),
        finess_site: HOSPITAL_FINESS.to_owned(),
        name: "HOPITAL GENERIQUE".to_owned(),
        ..ProfessionalActivity::default()
    };
    for (rpps, activities) in [
        (DOCTOR, vec![at_cabinet.clone(), at_hospital]),
        (SINGLE, vec![at_cabinet.clone()]),
        (STRANGER, vec![at_cabinet]),
    ] {
        let national_id = format!("8{rpps}");
        let mut account = ProfessionalAccount::new(&national_id, "KIT-DOC", "SOMEONE", "10");
        account.specialities = vec!["SM26".to_owned()];
        account.activities = activities;
        accounts.put_professional(account);
    }
    let editor = ProfessionalAccount::new("ANS20231122132732", "GROMINOCH", "FISTINIEN", "80");
    accounts.put_professional(editor);
    accounts.put_patient(patient());
}

/// The cabinet, as Pro Santé Connect shows it.
pub(crate) fn cabinet_at_the_provider() -> serde_json::Value {
    serde_json::json!({
        "codeModeExercice": "L",
        "codeSecteurDactivite": "SA07",
        "identifiantTechniqueDeLaStructure": CABINET,
        "raisonSocialeSite": "CABINET M DOC",
    })
}

/// The patient, as their provider knows them.
pub(crate) fn patient() -> PatientAccount {
    PatientAccount {
        username: "dominique".to_owned(),
        ins: MATRICULE.to_owned(),
        ins_oid: TEST_OID.to_owned(),
        family_name: "PAT-TROIS".to_owned(),
        given_names: vec!["DOMINIQUE".to_owned(), "ANDRÉE".to_owned()],
        birth_date: "1979-03-28".to_owned(),
        gender: Gender::Female,
        birth_place: "51215".to_owned(),
        acr: "eidas2".to_owned(),
    }
}

fn cabinet(activity_id: String) -> Activity {
    Activity {
        activity_id,
        mode_code: "L".to_owned(),
        sector_code: "SA07".to_owned(),
        organization: Some(Organization {
            organization_id: OrganizationId::new(Timestamp::UNIX_EPOCH, &seeded(20)).to_string(),
            identifiers: vec![number(IdentifierKind::Technical, CABINET)],
            name: "CABINET M DOC".to_owned(),
            town: "PARIS".to_owned(),
            ..Organization::default()
        }),
        ..doctor()
    }
}

fn hospital() -> Activity {
    Activity {
        activity_id: at_the_hospital(),
        mode_code: "S".to_owned(),
        sector_code: "SA01".to_owned(),
        function_code: "FON-32".to_owned(),
        organization: Some(Organization {
            organization_id: OrganizationId::new(Timestamp::UNIX_EPOCH, &seeded(21)).to_string(),
            identifiers: vec![
                number(IdentifierKind::Technical, HOSPITAL),
                number(IdentifierKind::Finess, HOSPITAL_FINESS),
            ],
            name: "HOPITAL GENERIQUE".to_owned(),
            town: "LYON".to_owned(),
            ..Organization::default()
        }),
        ..doctor()
    }
}

fn doctor() -> Activity {
    Activity {
        profession_code: "10".to_owned(),
        profession_label: "Médecin".to_owned(),
        category_code: "C".to_owned(),
        skills: vec![Skill {
            type_code: "S".to_owned(),
            code: "SM26".to_owned(),
            label: "Qualifié en médecine générale".to_owned(),
        }],
        active: true,
        ..Activity::default()
    }
}

fn number(kind: IdentifierKind, value: &str) -> Identifier {
    Identifier {
        kind: kind.into(),
        value: value.to_owned(),
    }
}
