//! In which practice situation a professional signs in: a pure rule.
//!
//! The situation must be current in the directory and be confirmed by the provider,
//! in the same profession and at the same place. The first is never taken by guess.

use aval_domain::id::ActivityId;

use crate::directory::{DirectoryActivity, DirectoryPractitioner};
use crate::psc::UserInfo;
use crate::refusal::SessionRefused;

/// The practice situation that was asked for, or the only one.
pub fn choose<'a>(
    practitioner: &'a DirectoryPractitioner,
    user_info: &UserInfo,
    asked: Option<ActivityId>,
) -> Result<&'a DirectoryActivity, SessionRefused> {
    let activities = practitioner.activities.as_slice();
    if !practitioner.active || activities.is_empty() {
        return Err(SessionRefused::PractitionerInactive);
    }
    let chosen = match (asked, activities) {
        (Some(asked), _) => activities
            .iter()
            .find(|one| one.claims.activity_id == asked),
        (None, [only]) => Some(only),
        (None, several) => return Err(to_choose(several, user_info)),
    };
    chosen
        .filter(|activity| confirms(user_info, activity))
        .ok_or(SessionRefused::ActivityMismatch)
}

/// The choices, without those that would be refused.
fn to_choose(several: &[DirectoryActivity], user_info: &UserInfo) -> SessionRefused {
    let confirmed = several
        .iter()
        .filter(|activity| confirms(user_info, activity));
    let choices: Vec<_> = confirmed.map(|activity| activity.choice.clone()).collect();
    if choices.is_empty() {
        return SessionRefused::ActivityMismatch;
    }
    SessionRefused::ActivityRequired(choices)
}

/// Whether the provider knows the person in this profession at this place, or, where
/// the directory knows no place, at none.
fn confirms(user_info: &UserInfo, activity: &DirectoryActivity) -> bool {
    let profession = activity.claims.profession.code();
    let exercices = user_info
        .exercices
        .iter()
        .filter(|one| one.profession == profession);
    exercices
        .flat_map(|exercice| &exercice.situations)
        .any(|situation| {
            if activity.place_numbers.is_empty() {
                situation.is_nowhere()
            } else {
                situation.is_at(&activity.place_numbers)
            }
        })
}

#[cfg(test)]
mod tests {
    use aval_domain::code::Profession;
    use aval_domain::id::PractitionerId;
    use aval_domain::random::SeededRandom;
    use aval_domain::time::Timestamp;
    use aval_runtime::token::ActivityClaims;
    use serde_json::{Value, json};

    use super::*;
    use crate::directory::ActivityChoice;

    fn activity(seed: u64, profession: Profession, place: &[&str]) -> DirectoryActivity {
        let activity_id = ActivityId::new(Timestamp::UNIX_EPOCH, &SeededRandom::new(seed));
        DirectoryActivity {
            claims: ActivityClaims {
                activity_id,
                profession,
                speciality: None,
                function: None,
                organization_id: None,
                organization_name: None,
                sector: None,
                regulation_access: false,
            },
            place_numbers: place.iter().map(|&number| number.to_owned()).collect(),
            choice: ActivityChoice {
                activity_id: activity_id.to_string(),
                profession_label: profession.label_fr().to_owned(),
                speciality_label: String::new(),
                organization_name: String::new(),
                town: String::new(),
            },
        }
    }

    fn doctor(seed: u64, place: &[&str]) -> DirectoryActivity {
        activity(seed, Profession::from_code("10").unwrap(), place)
    }

    fn practitioner(activities: Vec<DirectoryActivity>) -> DirectoryPractitioner {
        DirectoryPractitioner {
            practitioner_id: PractitionerId::new(Timestamp::UNIX_EPOCH, &SeededRandom::new(0)),
            display_name: "DR Someone".to_owned(),
            active: true,
            activities,
        }
    }

    /// What the provider says of a doctor at these places.
    fn at(places: &[Value]) -> UserInfo {
        let json = json!({
            "SubjectNameID": "899700366240",
            "SubjectRefPro": { "exercices": [{ "codeProfession": "10", "activities": places }] },
        });
        UserInfo::read(json.as_object().unwrap()).unwrap()
    }

    fn technical(number: &str) -> Value {
        json!({ "identifiantTechniqueDeLaStructure": number })
    }

    #[test]
    fn the_only_situation_is_taken_if_the_provider_confirms_it() {
        let one = practitioner(vec![doctor(1, &["R1"])]);
        assert_eq!(
            choose(&one, &at(&[technical("R1")]), None),
            Ok(&one.activities[0])
        );
        let elsewhere = choose(&one, &at(&[technical("R2")]), None);
        assert_eq!(elsewhere, Err(SessionRefused::ActivityMismatch));
    }

    #[test]
    fn a_place_is_confirmed_by_any_of_its_numbers() {
        let one = practitioner(vec![doctor(
            1,
            &["F0B0172805", "0B0172805", "26890206100038"],
        )]);
        for place in [
            technical("F0B0172805"),
            json!({ "numeroFinessSite": "0B0172805" }),
            json!({ "numeroSiretSite": "26890206100038" }),
        ] {
            assert!(choose(&one, &at(&[place]), None).is_ok());
        }
    }

    #[test]
    fn several_and_none_chosen_are_offered_without_those_that_would_be_refused() {
        let three = [doctor(1, &["R1"]), doctor(2, &["R2"]), doctor(3, &["R3"])];
        let three = practitioner(three.to_vec());
        let refused = choose(&three, &at(&[technical("R1"), technical("R3")]), None);
        let Err(SessionRefused::ActivityRequired(choices)) = refused else {
            panic!("{refused:?}");
        };
        let offered = [
            three.activities[0].choice.clone(),
            three.activities[2].choice.clone(),
        ];
        assert_eq!(choices, offered);
        let nowhere = choose(&three, &at(&[technical("R9")]), None);
        assert_eq!(nowhere, Err(SessionRefused::ActivityMismatch));
    }

    #[test]
    fn a_chosen_situation_must_be_in_the_directory_and_at_the_provider() {
        let two = practitioner(vec![doctor(1, &["R1"]), doctor(2, &["R2"])]);
        let user_info = at(&[technical("R1")]);
        let id = |activity: &DirectoryActivity| Some(activity.claims.activity_id);
        let chosen = choose(&two, &user_info, id(&two.activities[0]));
        assert_eq!(chosen, Ok(&two.activities[0]));
        let unconfirmed = choose(&two, &user_info, id(&two.activities[1]));
        assert_eq!(unconfirmed, Err(SessionRefused::ActivityMismatch));
        let of_somebody_else = choose(&two, &user_info, id(&doctor(3, &["R1"])));
        assert_eq!(of_somebody_else, Err(SessionRefused::ActivityMismatch));
    }

    #[test]
    fn another_profession_at_the_same_place_confirms_nothing() {
        let nurse = Profession::from_code("60").unwrap();
        let one = practitioner(vec![activity(1, nurse, &["R1"])]);
        let refused = choose(&one, &at(&[technical("R1")]), None);
        assert_eq!(refused, Err(SessionRefused::ActivityMismatch));
    }

    #[test]
    fn a_situation_without_a_place_is_confirmed_by_one_without_a_place() {
        let one = practitioner(vec![doctor(1, &[])]);
        assert!(choose(&one, &at(&[json!({ "codeModeExercice": "L" })]), None).is_ok());
        let somewhere = choose(&one, &at(&[technical("R1")]), None);
        assert_eq!(somewhere, Err(SessionRefused::ActivityMismatch));
        assert_eq!(
            choose(&one, &at(&[]), None),
            Err(SessionRefused::ActivityMismatch)
        );
    }

    #[test]
    fn who_does_not_practise_is_inactive_whatever_they_choose() {
        let retired = practitioner(Vec::new());
        let mut suspended = practitioner(vec![doctor(1, &["R1"])]);
        suspended.active = false;
        for one in [retired, suspended] {
            let asked = Some(doctor(1, &[]).claims.activity_id);
            let refused = choose(&one, &at(&[technical("R1")]), asked);
            assert_eq!(refused, Err(SessionRefused::PractitionerInactive));
        }
    }
}
