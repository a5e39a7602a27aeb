//! People with everything that is known of them.

use std::collections::{BTreeMap, HashMap};

use aval_database::{DatabaseError, Transaction};
use aval_domain::code::Profession;
use aval_domain::id::{ActivityId, PractitionerId};
use aval_domain::time::Timestamp;
use sea_orm::ConnectionTrait;
use sea_orm::prelude::Uuid;

use super::entity::{activity, activity_row, practitioner, practitioner_identifier, qualification};
use super::gathered::{Gathered, grouped};
use super::{mailboxes, organizations, overrides, person_skills, qualifications};
use crate::error::Error;
use crate::identifier::{Identifier, person_identifiers};
use crate::organization::Organization;
use crate::practitioner::{Activity, AttachmentOverride, Practitioner, Skill};
use crate::qualification::Qualification;
use crate::store::Sourced;

/// Each of these practitioners, in the order asked: the human that the id leads to. And
/// the time of the source behind them.
pub(super) async fn by_ids(
    db: &impl ConnectionTrait,
    ids: &[PractitionerId],
) -> Result<Sourced<Vec<Option<Practitioner>>>, Error> {
    let keys: Vec<Uuid> = ids.iter().map(|id| id.as_uuid()).collect();
    let gathered = Gathered::of(db, &keys).await?;
    let as_of = gathered.as_of;
    let known = known(gathered)?;
    let human = |key: &Uuid| {
        let mut entry = known.get(key)?;
        while let Some(next) = entry.merged_into {
            entry = known.get(&next.as_uuid())?;
        }
        Some(entry.clone())
    };
    let value = keys.iter().map(human).collect();
    Ok(Sourced { value, as_of })
}

/// Those of these entries that exist, each as itself even if it was merged.
pub(super) async fn entries(
    tx: &Transaction,
    keys: &[Uuid],
) -> Result<HashMap<Uuid, Practitioner>, Error> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let mut known = known(Gathered::of(tx, keys).await?)?;
    known.retain(|key, _| keys.contains(key));
    Ok(known)
}

/// Everybody whose rows were gathered, each as itself even if it was merged.
pub(super) fn known(mut gathered: Gathered) -> Result<HashMap<Uuid, Practitioner>, Error> {
    // The RPPS numbers first: their prefix is the highest.
    let numbers = &mut gathered.numbers;
    numbers.sort_by(|one, other| other.national_id.cmp(&one.national_id));
    let numbers = std::mem::take(numbers);
    let mailboxes = mailboxes::by_holder(gathered.mailboxes);
    let mut identifiers = identifiers_of(&numbers, &mailboxes);
    let mut qualifications = qualifications_of(&numbers, gathered.qualifications)?;
    let places = organizations::known(gathered.organizations, &mailboxes, gathered.establishments);
    let corrections = overrides::shown(gathered.corrections)?;
    let mut activities = activities_of(gathered.activities, gathered.rows, &places, corrections)?;
    person_skills::add_to(&mut activities, &numbers, gathered.skills);
    let found = gathered.people.into_iter().map(|row| {
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

/// What is said under the numbers of each, once.
fn qualifications_of(
    numbers: &[practitioner_identifier::Model],
    rows: Vec<qualification::Model>,
) -> Result<HashMap<Uuid, Vec<Qualification>>, Error> {
    let mut said = qualifications::by_holder(rows)?;
    let mut held: HashMap<Uuid, Vec<Qualification>> = HashMap::new();
    for row in numbers {
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
fn identifiers_of(
    numbers: &[practitioner_identifier::Model],
    mailboxes: &HashMap<String, Vec<Identifier>>,
) -> HashMap<Uuid, Vec<Identifier>> {
    let mut identifiers: HashMap<Uuid, Vec<Identifier>> = HashMap::new();
    for row in numbers {
        let known_as = identifiers.entry(row.practitioner_id).or_default();
        known_as.extend(person_identifiers(&row.national_id));
    }
    for row in numbers {
        let known_as = identifiers.entry(row.practitioner_id).or_default();
        let addresses = mailboxes.get(&row.national_id).into_iter().flatten();
        for address in addresses {
            if !known_as.contains(address) {
                known_as.push(address.clone());
            }
        }
    }
    identifiers
}

/// The practice situations of each, the active ones first, then in the order in which
/// they became known.
fn activities_of(
    mut rows: Vec<activity::Model>,
    skills: Vec<activity_row::Model>,
    organizations: &BTreeMap<Uuid, Organization>,
    mut corrected: HashMap<Uuid, AttachmentOverride>,
) -> Result<HashMap<Uuid, Vec<Activity>>, Error> {
    rows.sort_by_key(|row| (!row.active, row.activity_id));
    let mut skills = grouped(skills, |row| row.activity_id);
    let mut activities: HashMap<Uuid, Vec<Activity>> = HashMap::new();
    for row in rows {
        let practises = activities.entry(row.practitioner_id).or_default();
        let skills = skills.remove(&row.activity_id).unwrap_or_default();
        let correction = corrected.remove(&row.activity_id);
        let mut activity = activity_of(row, skills_of(skills), organizations)?;
        activity.attachment_override = correction;
        practises.push(activity);
    }
    Ok(activities)
}

/// In order, and none twice.
fn skills_of(rows: Vec<activity_row::Model>) -> Vec<Skill> {
    let mut skills: Vec<Skill> = rows
        .into_iter()
        .map(|row| Skill {
            type_code: row.skill_type,
            code: row.skill_code,
            label: row.skill_label,
        })
        .collect();
    skills.sort();
    skills.dedup_by(|next, kept| next.type_code == kept.type_code && next.code == kept.code);
    skills
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
