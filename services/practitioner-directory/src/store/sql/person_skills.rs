//! Skills of people in their professions, wherever they practise.

use std::collections::HashMap;

use sea_orm::prelude::Uuid;

use super::entity::{person_skill, practitioner_identifier};
use crate::practitioner::{Activity, Skill};

/// Adds to each practice situation the skills that the person has in its profession and
/// category, under whichever number, and that it does not name itself.
pub(super) fn add_to(
    activities: &mut HashMap<Uuid, Vec<Activity>>,
    numbers: &[practitioner_identifier::Model],
    mut rows: Vec<person_skill::Model>,
) {
    let people: HashMap<&str, Uuid> = numbers
        .iter()
        .map(|row| (row.national_id.as_str(), row.practitioner_id))
        .collect();
    rows.sort_by(|one, other| one.skill_label.cmp(&other.skill_label));
    for row in rows {
        let skill = Skill {
            type_code: row.skill_type,
            code: row.skill_code,
            label: row.skill_label,
        };
        let person = people.get(row.national_id.as_str());
        let practised = person.and_then(|person| activities.get_mut(person));
        for activity in practised.into_iter().flatten() {
            if activity.profession.code() == row.profession && activity.category == row.category {
                add(activity, &skill);
            }
        }
    }
}

/// In order, and none twice: the first label holds.
fn add(activity: &mut Activity, skill: &Skill) {
    let code = |skill: &Skill| (skill.type_code.clone(), skill.code.clone());
    let place = activity.skills.binary_search_by_key(&code(skill), code);
    if let Err(place) = place {
        activity.skills.insert(place, skill.clone());
    }
}
