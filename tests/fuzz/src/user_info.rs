//! What a provider says of who signed in.

use aval_identity::psc::{SubjectName, UserInfo};
use aval_testing::mutation::Mutator;
use serde_json::{Value, json};

use crate::Target;

/// `UserInfo` of a published layout.
pub(crate) const USER_INFO: Target = Target {
    name: "user-info",
    sound: || {
        layouts()
            .iter()
            .map(|layout| layout.to_string().into_bytes())
            .collect()
    },
    almost,
    check,
};

/// The older layout and the recent one, of people who do not exist.
fn layouts() -> [Value; 2] {
    let exercice = json!({
        "codeProfession": "10", "codeCategorieProfessionnelle": "C", "codeCiviliteDexercice": "DR",
        "codeTypeSavoirFaire": "S", "codeSavoirFaire": "SM26",
        "activities": [
            {
                "codeModeExercice": "L", "codeSecteurDactivite": "SA07", "codeRole": "",
                "identifiantTechniqueDeLaStructure": "R95141", "numeroFinessSite": "",
            },
            {
                "codeModeExercice": "S", "codeSecteurDactivite": "SA01",
                "identifiantTechniqueDeLaStructure": "F010000024",
                "numeroFinessSite": "010000024", "numeroSiretSite": "",
                "ancienIdentifiantDeLaStructure": "1010000024",
            },
        ],
    });
    let older = json!({
        "sub": "f:1:899700366240", "SubjectNameID": "899700366240",
        "preferred_username": "899700366240", "Acces_Regulation_Medicale": "FAUX",
        "SubjectRefPro": { "codeCivilite": "M", "exercices": [exercice, exercice] },
    });
    let recent = json!({
        "sub": "f:1:ANS20990101000001", "SubjectNameID": "ANS20990101000001", "codeCivilite": "M",
        "Mode_Acces_Raison": "", "Acces_Regulation_Medicale": "VRAI",
        "SubjectRole": ["80^1.2.250.1.213.1.1.5.5"], "SubjectRefPro": { "exercices": [exercice] },
    });
    [older, recent]
}

fn almost(mutator: &mut Mutator) -> Vec<u8> {
    let layout = mutator.one_of(&layouts()).clone();
    let made = if mutator.below(3) == 0 {
        mutator.text(&layout.to_string())
    } else {
        mutator.json(&layout).to_string()
    };
    made.into_bytes()
}

fn check(data: &[u8]) -> bool {
    let Ok(made) = serde_json::from_slice::<Value>(data) else {
        return false;
    };
    let Some(Ok(user_info)) = made.as_object().map(UserInfo::read) else {
        return false;
    };
    let name = made["SubjectNameID"].as_str().unwrap().trim();
    assert!(!name.is_empty() && name.len() <= 100);
    if let SubjectName::Other(other) = &user_info.name {
        assert_eq!(other, name);
    }
    let regulation = made["Acces_Regulation_Medicale"].as_str();
    let may_regulate = regulation.is_some_and(|text| text.trim() == "VRAI");
    assert_eq!(user_info.regulation, may_regulate);
    for (place, exercice) in user_info.exercices.iter().enumerate() {
        assert!(!user_info.exercices[..place].contains(exercice));
    }
    true
}
