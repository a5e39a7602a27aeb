//! What `UserInfo` says of an account.

use serde_json::{Value, json};

use super::account::{Layout, PatientAccount, ProfessionalAccount, ProfessionalActivity};
use super::claims::{self, Holder};
use super::session::Session;

/// OID of the professions in `SubjectRole`.
const PROFESSIONS: &str = "1.2.250.1.213.1.1.5.5";
/// OID of the students' future professions in `SubjectRole`.
const STUDENT_PROFESSIONS: &str = "1.2.250.1.71.1.2.8";
/// OID of the sectors of activity.
const SECTORS: &str = "1.2.250.1.71.4.2.4";
/// OID that says that the national register keeps the identity.
const NATIONAL_REGISTER: &str = "1.2.250.1.213.1.3.1.1";
/// The level at which the authentication device was issued.
const DEVICE_LEVEL: &str = "APPPRIP3^1.2.250.1.213.1.5.1.1.1";
/// The usual kind of activity.
const USUAL_KIND: &str = "GENR01";

/// The `UserInfo` response for a session.
pub(super) fn of(holder: Holder<'_>, session: &Session) -> Value {
    match holder {
        Holder::Professional(account) => {
            let layout = session.layout.unwrap_or(account.layout);
            professional(account, &holder.subject(), layout)
        }
        Holder::Patient(account) => patient(account, &holder.subject(), &session.acr),
    }
}

fn patient(account: &PatientAccount, subject: &str, acr: &str) -> Value {
    let mut info = claims::patient_identity(account);
    info.insert("sub".to_owned(), json!(subject));
    info.insert("preferred_username".to_owned(), json!(account.username));
    info.insert("acr".to_owned(), json!(acr));
    Value::Object(info)
}

fn professional(account: &ProfessionalAccount, subject: &str, layout: Layout) -> Value {
    let first = account.activities.first();
    let text = |field: fn(&ProfessionalActivity) -> &String| {
        first.map_or("", |activity| field(activity).as_str())
    };
    let sector = text(|activity| &activity.sector);
    let mut info = json!({
        "Secteur_Activite": if sector.is_empty() {
            String::new()
        } else {
            format!("{sector}^{SECTORS}")
        },
        "sub": subject,
        "SubjectOrganization": text(|activity| &activity.name),
        "Mode_Acces_Raison": "",
        "preferred_username": account.national_id,
        "given_name": account.given_name,
        "family_name": account.family_name,
        "Acces_Regulation_Medicale": if account.regulation { "VRAI" } else { "FAUX" },
        "UITVersion": "1.0",
        "Palier_Authentification": DEVICE_LEVEL,
        "SubjectOrganizationID": text(|activity| &activity.technical_id),
        "SubjectRole": [role(account)],
        "PSI_Locale": NATIONAL_REGISTER,
        "otherIds": [{
            "identifiant": account.national_id,
            "origine": account.origin(),
            "qualite": 1,
        }],
        "SubjectNameID": account.national_id,
    });
    let exercices = exercices(account, layout);
    match layout {
        Layout::A => {
            info["codeCivilite"] = json!(account.civility);
            info["codeGenreActivite"] = json!(USUAL_KIND);
            info["SubjectRefPro"] = json!({ "exercices": exercices });
        }
        Layout::B => {
            // The older layout was seen with each exercice twice.
            let twice = [exercices.clone(), exercices].concat();
            info["email_verified"] = json!(false);
            info["SubjectRefPro"] = json!({ "codeCivilite": account.civility, "exercices": twice });
        }
    }
    info
}

fn role(account: &ProfessionalAccount) -> String {
    let list = if account.category == "E" {
        STUDENT_PROFESSIONS
    } else {
        PROFESSIONS
    };
    format!("{}^{list}", account.profession)
}

/// One for each speciality, or one without.
fn exercices(account: &ProfessionalAccount, layout: Layout) -> Vec<Value> {
    let activities: Vec<Value> = account
        .activities
        .iter()
        .map(|activity| situation(activity, layout))
        .collect();
    let one = |kind: &str, speciality: &str| {
        json!({
            "codeProfession": account.profession,
            "codeCategorieProfessionnelle": account.category,
            "codeCiviliteDexercice": account.exercise_civility,
            "nomDexercice": account.family_name,
            "prenomDexercice": account.given_name,
            "codeTypeSavoirFaire": kind,
            "codeSavoirFaire": speciality,
            "activities": activities,
        })
    };
    if account.specialities.is_empty() {
        return vec![one("", "")];
    }
    account
        .specialities
        .iter()
        .map(|speciality| one(kind_of(speciality), speciality))
        .collect()
}

/// `DSM…` are further diplomas, all else specialities.
fn kind_of(speciality: &str) -> &'static str {
    if speciality.starts_with("DSM") {
        "DNQ"
    } else {
        "S"
    }
}

fn situation(activity: &ProfessionalActivity, layout: Layout) -> Value {
    let mut situation = json!({
        "codeModeExercice": activity.mode,
        "codeSecteurDactivite": activity.sector,
        "codeSectionPharmacien": activity.pharmacist_section,
        "codeRole": activity.function,
        "numeroSiretSite": activity.siret,
        "numeroSirenSite": activity.siret.get(..9).unwrap_or_default(),
        "numeroFinessSite": activity.finess_site,
        "numeroFinessetablissementJuridique": activity.finess_legal,
        "identifiantTechniqueDeLaStructure": activity.technical_id,
        "raisonSocialeSite": activity.name,
        "enseigneCommercialeSite": "",
        "complementDestinataire": "",
        "complementPointGeographique": "",
        "numeroVoie": activity.street_number,
        "indiceRepetitionVoie": "",
        "codeTypeDeVoie": activity.street_kind,
        "libelleVoie": activity.street,
        "mentionDistribution": "",
        "bureauCedex": activity.town_line,
        "codePostal": activity.postal_code,
        "codeCommune": "",
        "codePays": if activity.postal_code.is_empty() { "" } else { "99000" },
        "telephone": "",
        "telephone2": "",
        "telecopie": "",
        "adresseEMail": "",
        "codeDepartement": "",
        "ancienIdentifiantDeLaStructure": activity.former_id,
        "autoriteDenregistrement": activity.registration_authority,
    });
    if layout == Layout::A {
        situation["codeGenreActivite"] = json!(USUAL_KIND);
    }
    situation
}
