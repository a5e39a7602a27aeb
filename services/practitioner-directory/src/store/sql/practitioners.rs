//! People with everything that is known of them.

use std::collections::{BTreeMap, HashMap};

use aval_database::{DatabaseError, Transaction};
use aval_domain::code::Profession;
use aval_domain::id::{ActivityId, PractitionerId};
use aval_domain::time::Timestamp;
use sea_orm::prelude::Uuid;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::entity::{activity, activity_row, practitioner, practitioner_identifier};
use super::one_of::one_of;
use super::{mailboxes, organizations, overrides, person_skills, qualifications};
use crate::error::Error;
use crate::identifier::{Identifier, person_identifiers};
use crate::organization::Organization;
use crate::practitioner::{Activity, Practitioner, Skill};
use crate::qualification::Qualification;

/// Each of these practitioners, in the order asked: the human that the id leads to.
pub(super) async fn by_ids(
    tx: &Transaction,
    ids: &[PractitionerId],
) -> Result<Vec<Option<Practitioner>>, Error> {
    let keys: Vec<Uuid> = ids.iter().map(|id| id.as_uuid()).collect();
    let mut known = entries(tx, &keys).await?;
    // Mostly nobody is merged, and nothing more is read.
    loop {
        let led_to = known.values().filter_map(|entry| entry.merged_into);
        let missing: Vec<Uuid> = led_to
            .map(PractitionerId::as_uuid)
            .filter(|id| !known.contains_key(id))
            .collect();
        let more = entries(tx, &missing).await?;
        if more.is_empty() {
            break;
        }
        known.extend(more);
    }
    let human = |key: &Uuid| {
        let mut entry = known.get(key)?;
        while let Some(next) = entry.merged_into {
            entry = known.get(&next.as_uuid())?;
        }
        Some(entry.clone())
    };
    Ok(keys.iter().map(human).collect())
}

/// Those of these entries that exist, each as itself even if it was merged.
pub(super) async fn entries(
    tx: &Transaction,
    keys: &[Uuid],
) -> Result<HashMap<Uuid, Practitioner>, Error> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let people = practitioner::Entity::find()
        .filter(one_of(
            tx,
            practitioner::Column::PractitionerId.into_expr(),
            keys.iter().copied(),
        ))
        .all(tx)
        .await
        .map_err(DatabaseError::from)?;
    let numbers = numbers_of(tx, keys).await?;
    let mut identifiers = identifiers_of(tx, &numbers).await?;
    let mut qualifications = qualifications_of(tx, &numbers).await?;
    let mut activities = activities_of(tx, keys).await?;
    person_skills::add_to(tx, &mut activities).await?;
    let found = people.into_iter().map(|row| {
        let key = row.practitioner_id;
        let known_as = identifiers.remove(&key).unwrap_or_default();
        let practises = activities.remove(&key).unwrap_or_default();
        let mut found = practitioner_of(row, known_as, practises);
        found.qualifications = qualifications.remove(&key).unwrap_or_default();
        (key, found)
    });
    Ok(found.collect())
}

fn practitioner_of(
    row: practitioner::Model,
    identifiers: Vec<Identifier>,
    activities: Vec<Activity>,
) -> Practitioner {
    Practitioner {
        practitioner_id: PractitionerId::from_uuid(row.practitioner_id),
        identifiers,
        family_name: row.family_name,
        given_name: row.given_name,
        civility: row.civility,
        active: row.active,
        activities,
        qualifications: Vec::new(),
        merged_into: row.merged_into.map(PractitionerId::from_uuid),
        updated_at: Timestamp::from_micros(row.updated_at),
    }
}

/// The numbers of all of them, the RPPS numbers first: their prefix is the highest.
async fn numbers_of(
    tx: &Transaction,
    people: &[Uuid],
) -> Result<Vec<practitioner_identifier::Model>, Error> {
    let mut rows = practitioner_identifier::Entity::find()
        .filter(one_of(
            tx,
            practitioner_identifier::Column::PractitionerId.into_expr(),
            people.iter().copied(),
        ))
        .all(tx)
        .await
        .map_err(DatabaseError::from)?;
    rows.sort_by(|one, other| other.national_id.cmp(&one.national_id));
    Ok(rows)
}

/// What is said under the numbers of each, once.
async fn qualifications_of(
    tx: &Transaction,
    rows: &[practitioner_identifier::Model],
) -> Result<HashMap<Uuid, Vec<Qualification>>, Error> {
    let holders = rows.iter().map(|row| row.national_id.clone()).collect();
    let mut said = qualifications::of_holders(tx, holders).await?;
    let mut held: HashMap<Uuid, Vec<Qualification>> = HashMap::new();
    for row in rows {
        let of_number = said.remove(&row.national_id).unwrap_or_default();
        held.entry(row.practitioner_id)
            .or_default()
            .extend(of_number);
    }
    for of_one in held.values_mut() {
        of_one.sort();
        of_one.dedup();
    }
    Ok(held)
}

/// The numbers of each, then their mailboxes.
async fn identifiers_of(
    tx: &Transaction,
    rows: &[practitioner_identifier::Model],
) -> Result<HashMap<Uuid, Vec<Identifier>>, Error> {
    let holders = rows.iter().map(|row| row.national_id.clone()).collect();
    let mailboxes = mailboxes::of_holders(tx, holders).await?;
    let mut identifiers: HashMap<Uuid, Vec<Identifier>> = HashMap::new();
    for row in rows {
        let known_as = identifiers.entry(row.practitioner_id).or_default();
        known_as.extend(person_identifiers(&row.national_id));
    }
    for row in rows {
        let known_as = identifiers.entry(row.practitioner_id).or_default();
        let addresses = mailboxes.get(&row.national_id).into_iter().flatten();
        for address in addresses {
            if !known_as.contains(address) {
                known_as.push(address.clone());
            }
        }
    }
    Ok(identifiers)
}

/// The practice situations of each, the active ones first, then in the order in which
/// they became known.
async fn activities_of(
    tx: &Transaction,
    people: &[Uuid],
) -> Result<HashMap<Uuid, Vec<Activity>>, Error> {
    let mut rows = activity::Entity::find()
        .filter(one_of(
            tx,
            activity::Column::PractitionerId.into_expr(),
            people.iter().copied(),
        ))
        .all(tx)
        .await
        .map_err(DatabaseError::from)?;
    rows.sort_by_key(|row| (!row.active, row.activity_id));
    let mut skills = skills_of(tx, rows.iter().map(|row| row.activity_id)).await?;
    let places = rows.iter().filter_map(|row| row.organization_id);
    let organizations = organizations::by_ids(tx, places).await?;
    let mut corrected = overrides::of_activities(tx, &rows).await?;
    let mut activities: HashMap<Uuid, Vec<Activity>> = HashMap::new();
    for row in rows {
        let practises = activities.entry(row.practitioner_id).or_default();
        let skills = skills.remove(&row.activity_id).unwrap_or_default();
        let correction = corrected.remove(&row.activity_id);
        let mut activity = activity_of(row, skills, &organizations)?;
        activity.attachment_override = correction;
        practises.push(activity);
    }
    Ok(activities)
}

async fn skills_of(
    tx: &Transaction,
    activities: impl Iterator<Item = Uuid>,
) -> Result<HashMap<Uuid, Vec<Skill>>, Error> {
    let rows = activity_row::Entity::find()
        .filter(one_of(
            tx,
            activity_row::Column::ActivityId.into_expr(),
            activities,
        ))
        .filter(activity_row::Column::SkillCode.ne(""))
        .all(tx)
        .await
        .map_err(DatabaseError::from)?;
    let mut skills: HashMap<Uuid, Vec<Skill>> = HashMap::new();
    for row in rows {
        skills.entry(row.activity_id).or_default().push(Skill {
            type_code: row.skill_type,
            code: row.skill_code,
            label: row.skill_label,
        });
    }
    for of_one in skills.values_mut() {
        of_one.sort();
        of_one.dedup_by(|next, kept| next.type_code == kept.type_code && next.code == kept.code);
    }
    Ok(skills)
}

fn activity_of(
    row: activity::Model,
    skills: Vec<Skill>,
    organizations: &BTreeMap<Uuid, Organization>,
) -> Result<Activity, Error> {
    let profession = Profession::from_code(&row.profession)
        .ok_or_else(|| DatabaseError::corrupt("activities", "profession", &row.activity_id))?;
    Ok(Activity {
        activity_id: ActivityId::from_uuid(row.activity_id),
        profession,
        category: row.category,
        skills,
        mode: row.mode,
        sector: row.sector,
        function: row.function,
        kind: row.kind,
        organization: row
            .organization_id
            .and_then(|place| organizations.get(&place).cloned()),
        active: row.active,
        attachment_override: None,
    })
}
