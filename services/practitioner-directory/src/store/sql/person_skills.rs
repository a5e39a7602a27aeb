//! Skills of people in their professions, wherever they practise.

use std::collections::HashMap;

use aval_database::{DatabaseError, Transaction};
use sea_orm::prelude::Uuid;
use sea_orm::sea_query::{Expr, JoinType, Order, Query};
use sea_orm::{ConnectionTrait, ExprTrait};

use super::one_of::one_of;
use crate::error::Error;
use crate::practitioner::{Activity, Skill};

/// Adds to each practice situation the skills that the person has in its profession and
/// category and that it does not name itself.
pub(super) async fn add_to(
    tx: &Transaction,
    activities: &mut HashMap<Uuid, Vec<Activity>>,
) -> Result<(), Error> {
    if activities.is_empty() {
        return Ok(());
    }
    let mut query = Query::select();
    query
        .column(("known", "practitioner_id"))
        .columns(
            [
                "profession",
                "category",
                "skill_type",
                "skill_code",
                "skill_label",
            ]
            .map(|column| ("skill", column)),
        )
        .from_as("practitioner_identifiers", "known")
        .join_as(
            JoinType::InnerJoin,
            "person_skills",
            "skill",
            Expr::col(("skill", "national_id")).equals(("known", "national_id")),
        )
        .and_where(one_of(
            tx,
            Expr::col(("known", "practitioner_id")),
            activities.keys().copied(),
        ))
        .order_by(("skill", "skill_label"), Order::Asc);
    let rows = tx.query_all(&query).await.map_err(DatabaseError::from)?;
    for row in rows {
        let text = |index| {
            row.try_get_by_index::<String>(index)
                .map_err(DatabaseError::from)
        };
        let person: Uuid = row.try_get_by_index(0).map_err(DatabaseError::from)?;
        let (profession, category) = (text(1)?, text(2)?);
        let skill = Skill {
            type_code: text(3)?,
            code: text(4)?,
            label: text(5)?,
        };
        let practised = activities.get_mut(&person).into_iter().flatten();
        for activity in practised {
            if activity.profession.code() == profession && activity.category == category {
                add(activity, &skill);
            }
        }
    }
    Ok(())
}

/// In order, and none twice: the first label holds.
fn add(activity: &mut Activity, skill: &Skill) {
    let code = |skill: &Skill| (skill.type_code.clone(), skill.code.clone());
    let place = activity.skills.binary_search_by_key(&code(skill), code);
    if let Err(place) = place {
        activity.skills.insert(place, skill.clone());
    }
}
