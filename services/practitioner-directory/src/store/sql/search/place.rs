//! As what and where somebody practises, and where a structure stands.

use aval_domain::id::OrganizationId;
use sea_orm::ExprTrait;
use sea_orm::sea_query::{Condition, Expr, JoinType, Query, SelectStatement};

use super::name::begins_with;
use crate::search::{Place, PractitionerSearch};

const ACTIVITY: &str = "practises";
const STRUCTURE: &str = "structure";
const SKILL: &str = "skill";

type ColumnName = (&'static str, &'static str);

/// The practice situations of somebody that fit in everything; `None` when nothing is
/// asked of them.
pub(super) fn practises(
    search: &PractitionerSearch,
    practitioner_id: ColumnName,
) -> Option<SelectStatement> {
    let nothing_asked = search.profession.is_none()
        && search.speciality.is_none()
        && search.organization_id.is_none()
        && is_anywhere(&search.place);
    if nothing_asked {
        return None;
    }
    let mut activity = Query::select();
    activity
        .expr(Expr::val(1))
        .from_as("activities", ACTIVITY)
        .and_where(Expr::col((ACTIVITY, "practitioner_id")).equals(practitioner_id));
    if !search.include_inactive {
        activity.and_where(Expr::col((ACTIVITY, "active")).eq(true));
    }
    if let Some(profession) = &search.profession {
        activity.and_where(Expr::col((ACTIVITY, "profession")).eq(profession.as_str()));
    }
    if let Some(organization_id) = search.organization_id {
        let column = Expr::col((ACTIVITY, "organization_id"));
        activity.and_where(column.eq(organization_id.as_uuid()));
    }
    if let Some(speciality) = &search.speciality {
        let of_situation = Expr::exists(skill(speciality));
        activity.and_where(of_situation.or(Expr::exists(person_skill(speciality))));
    }
    if !is_anywhere(&search.place) {
        activity.join_as(
            JoinType::InnerJoin,
            "organizations",
            STRUCTURE,
            Expr::col((STRUCTURE, "organization_id")).equals((ACTIVITY, "organization_id")),
        );
        activity.cond_where(stands_in(&search.place));
    }
    Some(activity)
}

/// Everybody who practises or practised in a structure: few, so they are found first
/// and put in order then.
pub(super) fn members(organization_id: OrganizationId) -> SelectStatement {
    let mut members = Query::select();
    members
        .column("practitioner_id")
        .from("activities")
        .and_where(Expr::col("organization_id").eq(organization_id.as_uuid()));
    members
}

/// Whether a structure stands in this place; `None` when that is not asked.
pub(super) fn stands(place: &Place, organization_id: ColumnName) -> Option<Expr> {
    if is_anywhere(place) {
        return None;
    }
    let mut structure = Query::select();
    structure
        .expr(Expr::val(1))
        .from_as("organizations", STRUCTURE)
        .and_where(Expr::col((STRUCTURE, "organization_id")).equals(organization_id))
        .cond_where(stands_in(place));
    Some(Expr::exists(structure))
}

fn is_anywhere(place: &Place) -> bool {
    place.town.is_none() && place.postal_code.is_none()
}

/// A town is its name, or a part of it: `LYON 3E ARRONDISSEMENT` is in `LYON`.
fn stands_in(place: &Place) -> Condition {
    let mut condition = Condition::all();
    if let Some(town) = &place.town {
        let key = || Expr::col((STRUCTURE, "town_key"));
        condition = condition.add(
            Condition::any()
                .add(key().eq(town.as_str()))
                .add(begins_with(key(), &format!("{town} "))),
        );
    }
    if let Some(postal_code) = &place.postal_code {
        let code = Expr::col((STRUCTURE, "postal_code"));
        condition = condition.add(begins_with(code, postal_code));
    }
    condition
}

/// One that the person has in the profession and category of the practice situation.
fn person_skill(code: &str) -> SelectStatement {
    const KNOWN: &str = "known_as";
    let mut skill = Query::select();
    skill
        .expr(Expr::val(1))
        .from_as("practitioner_identifiers", KNOWN)
        .join_as(
            JoinType::InnerJoin,
            "person_skills",
            SKILL,
            Expr::col((SKILL, "national_id")).equals((KNOWN, "national_id")),
        )
        .and_where(Expr::col((KNOWN, "practitioner_id")).equals((ACTIVITY, "practitioner_id")))
        .and_where(Expr::col((SKILL, "profession")).equals((ACTIVITY, "profession")))
        .and_where(Expr::col((SKILL, "category")).equals((ACTIVITY, "category")))
        .and_where(Expr::col((SKILL, "skill_code")).eq(code));
    skill
}

fn skill(code: &str) -> SelectStatement {
    let mut skill = Query::select();
    skill
        .expr(Expr::val(1))
        .from_as("activity_rows", SKILL)
        .and_where(Expr::col((SKILL, "activity_id")).equals((ACTIVITY, "activity_id")))
        .and_where(Expr::col((SKILL, "skill_code")).eq(code));
    skill
}
