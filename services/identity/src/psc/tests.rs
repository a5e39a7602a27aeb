use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn read(json: &Value) -> Result<UserInfo, UserInfoMalformed> {
    UserInfo::read(json.as_object().expect("a test's UserInfo is an object"))
}

/// A practice situation with every field that is published; most are empty.
fn situation(filled: &Value) -> Value {
    let mut situation = json!({
        "codeModeExercice": "", "codeSecteurDactivite": "", "codeSectionPharmacien": "",
        "codeRole": "", "numeroSiretSite": "", "numeroSirenSite": "", "numeroFinessSite": "",
        "numeroFinessetablissementJuridique": "", "identifiantTechniqueDeLaStructure": "",
        "raisonSocialeSite": "", "enseigneCommercialeSite": "", "complementDestinataire": "",
        "complementPointGeographique": "", "numeroVoie": "", "indiceRepetitionVoie": "",
        "codeTypeDeVoie": "", "libelleVoie": "", "mentionDistribution": "", "bureauCedex": "",
        "codePostal": "", "codeCommune": "", "codePays": "", "telephone": "", "telephone2": "",
        "telecopie": "", "adresseEMail": "", "codeDepartement": "",
        "ancienIdentifiantDeLaStructure": "", "autoriteDenregistrement": "",
    });
    let fields = situation.as_object_mut().unwrap();
    fields.extend(filled.as_object().unwrap().clone());
    situation
}

/// The recent layout: `codeCivilite` beside the names, a software editor's identity.
fn layout_a() -> Value {
    json!({
        "Secteur_Activite": "SA07^1.2.250.1.71.4.2.4",
        "sub": "f:00000000-0000-4000-8000-000000000001:ANS20990101000001",
        "codeGenreActivite": "GENR01", "SubjectOrganization": "CABINET FICTIF",
        "Mode_Acces_Raison": "", "preferred_username": "ANS20990101000001",
        "codeCivilite": "M", "given_name": "Camille", "family_name": "Fictif",
        "Acces_Regulation_Medicale": "FAUX", "UITVersion": "1.0",
        "Palier_Authentification": "APPPRIP3^1.2.250.1.213.1.5.1.1.1",
        "SubjectRefPro": { "exercices": [{
            "codeProfession": "80", "codeCategorieProfessionnelle": "C",
            "codeCiviliteDexercice": "", "nomDexercice": "Fictif", "prenomDexercice": "Camille",
            "codeTypeSavoirFaire": "", "codeSavoirFaire": "",
            "activities": [situation(&json!({
                "codeModeExercice": "L", "codeSecteurDactivite": "SA07",
                "codeGenreActivite": "GENR01", "identifiantTechniqueDeLaStructure": "R10000042",
                "codePostal": "75015",
            }))],
        }] },
        "SubjectOrganizationID": "R10000042", "SubjectRole": ["80^1.2.250.1.213.1.1.5.5"],
        "PSI_Locale": "1.2.250.1.213.1.3.1.1",
        "otherIds": [{ "identifiant": "ANS20990101000001", "origine": "EDIT", "qualite": 1 }],
        "SubjectNameID": "ANS20990101000001",
    })
}

/// The older layout: `codeCivilite` inside, two sites, each exercice twice.
fn layout_b() -> Value {
    let exercice = json!({
        "codeProfession": "10", "codeCategorieProfessionnelle": "C",
        "codeCiviliteDexercice": "DR", "nomDexercice": "FICTIF", "prenomDexercice": "CAMILLE",
        "codeTypeSavoirFaire": "S", "codeSavoirFaire": "SM26",
        "activities": [
            situation(&json!({
                "codeModeExercice": "L", "codeSecteurDactivite": "SA07",
                "identifiantTechniqueDeLaStructure": "R10000043",
            })),
            situation(&json!({
                "codeModeExercice": "S", "codeSecteurDactivite": "SA01", "codeRole": "FON-32",
                "numeroFinessSite": "0B0999999", "numeroFinessetablissementJuridique": "1B0999999",
                "identifiantTechniqueDeLaStructure": "F0B0999999",
            })),
        ],
    });
    json!({
        "sub": "f:00000000-0000-4000-8000-000000000001:899700366240", "email_verified": false,
        "SubjectNameID": "899700366240", "preferred_username": "899700366240",
        "given_name": "CAMILLE", "family_name": "FICTIF", "Acces_Regulation_Medicale": "VRAI",
        "SubjectRole": ["10^1.2.250.1.213.1.1.5.5"],
        "SubjectRefPro": { "codeCivilite": "M", "exercices": [exercice, exercice] },
        "otherIds": [{ "identifiant": "899700366240", "origine": "RPPS", "qualite": 1 }],
    })
}

#[test]
fn the_recent_layout_is_read() {
    let info = read(&layout_a()).unwrap();
    assert!(matches!(&info.name, SubjectName::Other(name) if name == "ANS20990101000001"));
    assert!(!info.regulation);
    let [exercice] = info.exercices.as_slice() else {
        panic!("one exercice");
    };
    assert_eq!(
        (exercice.profession.as_str(), &exercice.speciality),
        ("80", &None)
    );
    let [situation] = exercice.situations.as_slice() else {
        panic!("one situation");
    };
    assert_eq!(situation.technical_id.as_deref(), Some("R10000042"));
    assert_eq!(
        (&situation.finess, &situation.siret, &situation.function),
        (&None, &None, &None)
    );
    assert!(situation.is_at(&["R10000042".to_owned()]) && !situation.is_nowhere());
}

#[test]
fn the_older_layout_is_read_and_what_stands_twice_counts_once() {
    let info = read(&layout_b()).unwrap();
    let SubjectName::National(name) = &info.name else {
        panic!("a national identifier");
    };
    assert_eq!(name.to_string(), "899700366240");
    assert!(info.regulation);
    let [exercice] = info.exercices.as_slice() else {
        panic!("one exercice");
    };
    assert_eq!(exercice.speciality.as_deref(), Some("SM26"));
    assert_eq!(exercice.situations.len(), 2);
    let hospital = &exercice.situations[1];
    assert_eq!(hospital.finess.as_deref(), Some("0B0999999"));
    assert_eq!(hospital.function.as_deref(), Some("FON-32"));
    // The legal entity has other sites: its number places nobody.
    assert!(!hospital.is_at(&["1B0999999".to_owned()]));
}

#[test]
fn an_empty_text_is_an_absent_one_and_matches_nothing() {
    let mut info = layout_a();
    info["SubjectRefPro"]["exercices"][0]["activities"] = json!([situation(&json!({}))]);
    let info = read(&info).unwrap();
    let nowhere = &info.exercices[0].situations[0];
    assert!(nowhere.is_nowhere() && !nowhere.is_at(&[String::new()]));
}

#[test]
fn a_person_without_a_name_or_of_another_form_is_refused() {
    let changed = |path: &str, value: Value| {
        let mut info = layout_b();
        *info.pointer_mut(path).unwrap() = value;
        read(&info).err().unwrap().0
    };
    for value in [json!(""), json!("  "), json!(null), json!(7), json!(["8"])] {
        assert_eq!(changed("/SubjectNameID", value), "SubjectNameID");
    }
    assert_eq!(
        changed("/SubjectNameID", json!("x".repeat(101))),
        "SubjectNameID"
    );
    for value in [json!([]), json!("exercices"), json!({ "exercices": {} })] {
        assert_eq!(changed("/SubjectRefPro", value), "SubjectRefPro");
    }
    let profession = "/SubjectRefPro/exercices/0/codeProfession";
    assert_eq!(changed(profession, json!("")), "codeProfession");
    assert_eq!(changed(profession, json!(10)), "codeProfession");
    let activities = "/SubjectRefPro/exercices/0/activities";
    assert_eq!(changed(activities, json!({})), "activities");
    assert_eq!(changed(activities, json!([1])), "activities");
    let regulation = "/Acces_Regulation_Medicale";
    assert_eq!(
        changed(regulation, json!(true)),
        "Acces_Regulation_Medicale"
    );
}

#[test]
fn only_the_published_word_gives_the_regulation_centre_s_mode() {
    for word in ["vrai", "VRAI!", "true", "OUI", "FAUX", ""] {
        let mut info = layout_b();
        info["Acces_Regulation_Medicale"] = json!(word);
        assert!(!read(&info).unwrap().regulation, "{word}");
    }
}

/// Any JSON, made of the names that are looked for more often than of others.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[0-9A-Z-]{0,12}".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    let name = prop_oneof![
        Just("SubjectNameID"),
        Just("SubjectRefPro"),
        Just("exercices"),
        Just("activities"),
        Just("codeProfession"),
        Just("codeSavoirFaire"),
        Just("codeRole"),
        Just("numeroFinessSite"),
        Just("Acces_Regulation_Medicale"),
        Just("other"),
    ];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        let fields = prop::collection::hash_map(name.clone(), inner.clone(), 0..6);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Value::from),
            fields.prop_map(|fields| {
                fields
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect()
            }),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_is_read_or_refused(name in any_json(), reference in any_json(), more in any_json()) {
        let info = json!({
            "SubjectNameID": name, "SubjectRefPro": reference, "Acces_Regulation_Medicale": more,
        });
        if let Ok(info) = read(&info) {
            for (place, exercice) in info.exercices.iter().enumerate() {
                prop_assert!(!exercice.profession.is_empty());
                prop_assert!(!info.exercices[..place].contains(exercice));
            }
        }
    }

    #[test]
    fn any_change_of_one_field_is_read_or_refused(value in any_json(), place in 0..6_usize) {
        let place = [
            "/SubjectNameID", "/SubjectRefPro", "/SubjectRefPro/exercices",
            "/SubjectRefPro/exercices/0/activities",
            "/SubjectRefPro/exercices/1/activities/0/numeroFinessSite", "/otherIds",
        ][place];
        let mut info = layout_b();
        *info.pointer_mut(place).unwrap() = value;
        let _ = read(&info);
    }
}
