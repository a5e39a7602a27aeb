//! Local corrections of where somebody practises.

use std::collections::HashMap;

use aval_database::requests::{self, Claim};
use aval_database::{Database, DatabaseError, Transaction, outbox};
use aval_domain::code::Profession;
use aval_domain::id::{ActivityId, OrganizationId};
use aval_domain::time::Timestamp;
use sea_orm::ActiveValue::Set;
use sea_orm::prelude::Uuid;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, QueryFilter};

use super::entity::{activity, attachment_override, organization, practitioner_identifier, source};
use super::merges::execute;
use super::{practitioners, revision};
use crate::error::Error;
use crate::import::facts::SituationText;
use crate::practitioner::{Activity, AttachmentOverride};
use crate::reason::Reason;
use crate::source::Source;
use crate::store::OverridePlace;

const NO_ACTIVITY: Error = Error::NotFound { what: "activity" };

/// Corrects where somebody practises, or takes a correction back.
pub(super) async fn put(db: &Database, command: &OverridePlace) -> Result<Activity, Error> {
    db.transaction(
        "practitioner_directory.override_attachment",
        move |tx| async move {
            let id = command.activity_id;
            if let Claim::Fresh = requests::claim(&tx, &command.request, command.now).await? {
                carry_out(&tx, command).await?;
                requests::complete(&tx, &command.request, &id.to_string()).await?;
            }
            let known = activity_row(&tx, id).await?;
            let people = practitioners::entries(&tx, &[known.practitioner_id]).await?;
            let activities = people.into_values().flat_map(|person| person.activities);
            let mut activities = activities.filter(|activity| activity.activity_id == id);
            activities.next().ok_or(NO_ACTIVITY)
        },
    )
    .await
}

async fn activity_row(tx: &Transaction, id: ActivityId) -> Result<activity::Model, Error> {
    let row = activity::Entity::find_by_id(id.as_uuid()).one(tx).await;
    row.map_err(DatabaseError::from)?.ok_or(NO_ACTIVITY)
}

async fn carry_out(tx: &Transaction, command: &OverridePlace) -> Result<(), Error> {
    let revision = revision::advance(tx).await?;
    let known = activity_row(tx, command.activity_id).await?;
    let held = held(tx, known.activity_id).await?;
    let says = match &held {
        Some(held) => held.source_organization_id,
        None => known.organization_id,
    };
    let place = match command.organization_id {
        Some(place) => {
            let place = place.as_uuid();
            put_one(tx, command, revision, &known, says, place).await?;
            Some(place)
        }
        None if held.is_none() => return Err(Error::AttachmentNotOverridden),
        None => says,
    };
    if let Some(held) = held {
        end(tx, held.revision, command).await?;
    }
    let is_overridden = command.organization_id.is_some();
    attach(tx, known.activity_id, place, is_overridden).await?;
    judge(tx, [known.organization_id, place]).await?;
    tell(tx, known.practitioner_id, revision, command.now).await?;
    let mut event = command.event.clone();
    if let Some(before) = known.organization_id {
        let before = OrganizationId::from_uuid(before).to_string();
        event.before.insert("organization_id".to_owned(), before);
    }
    if let Some(after) = place {
        let after = OrganizationId::from_uuid(after).to_string();
        event.after.insert("organization_id".to_owned(), after);
    }
    Ok(outbox::append(tx, &event).await?)
}

async fn put_one(
    tx: &Transaction,
    command: &OverridePlace,
    revision: i64,
    known: &activity::Model,
    says: Option<Uuid>,
    place: Uuid,
) -> Result<(), Error> {
    let structure = organization::Entity::find_by_id(place).one(tx).await;
    let structure = structure.map_err(DatabaseError::from)?;
    let structure = structure.ok_or(Error::NotFound {
        what: "organization",
    })?;
    if !known.active {
        return Err(Error::ActivityEnded);
    }
    if says == Some(place) {
        return Err(Error::AttachmentAgreed);
    }
    let row = attachment_override::ActiveModel {
        revision: Set(revision),
        activity_id: Set(known.activity_id),
        source_organization_id: Set(says),
        organization_id: Set(place),
        agreed_situation: Set(agreed_situation(tx, known, &structure.technical_id).await?),
        author: Set(command.author.clone()),
        reason: Set(command.reason.as_str().to_owned()),
        created_at: Set(command.now.as_micros()),
        ended_at: Set(None),
        ended_by: Set(String::new()),
    };
    attachment_override::Entity::insert(row)
        .exec_without_returning(tx)
        .await
        .map_err(DatabaseError::from)?;
    Ok(())
}

/// The natural key that the practice situation has at another place: the source calls
/// it so when it agrees.
async fn agreed_situation(
    tx: &Transaction,
    known: &activity::Model,
    technical_id: &str,
) -> Result<Uuid, Error> {
    use practitioner_identifier::Column;

    let corrupt = |column| DatabaseError::corrupt("activities", column, &known.activity_id);
    // An entry has the one number under which it came in.
    let entry = known.entry_id.unwrap_or(known.practitioner_id);
    let never_moved = Column::EntryId
        .is_null()
        .and(Column::PractitionerId.eq(entry));
    let number = practitioner_identifier::Entity::find()
        .filter(Column::EntryId.eq(entry).or(never_moved))
        .one(tx)
        .await
        .map_err(DatabaseError::from)?
        .ok_or_else(|| corrupt("practitioner_id"))?;
    let situation = SituationText {
        national_id: &number.national_id,
        profession: Profession::from_code(&known.profession)
            .ok_or_else(|| corrupt("profession"))?,
        category: &known.category,
        technical_id,
        function: &known.function,
        mode: &known.mode,
        sector: &known.sector,
        kind: &known.kind,
    };
    Ok(Uuid::from_bytes(situation.key().0))
}

async fn end(tx: &Transaction, revision: i64, command: &OverridePlace) -> Result<(), Error> {
    attachment_override::Entity::update_many()
        .set(attachment_override::ActiveModel {
            ended_at: Set(Some(command.now.as_micros())),
            ended_by: Set(command.author.clone()),
            ..Default::default()
        })
        .filter(attachment_override::Column::Revision.eq(revision))
        .exec(tx)
        .await
        .map_err(DatabaseError::from)?;
    Ok(())
}

async fn attach(
    tx: &Transaction,
    activity_id: Uuid,
    place: Option<Uuid>,
    is_overridden: bool,
) -> Result<(), DatabaseError> {
    activity::Entity::update_many()
        .col_expr(activity::Column::OrganizationId, Expr::value(place))
        .col_expr(activity::Column::IsOverridden, Expr::value(is_overridden))
        .filter(activity::Column::ActivityId.eq(activity_id))
        .exec(tx)
        .await?;
    Ok(())
}

/// Says whether somebody practises in these structures now, and counts them.
async fn judge(tx: &Transaction, places: [Option<Uuid>; 2]) -> Result<(), DatabaseError> {
    let places: Vec<Uuid> = places.into_iter().flatten().collect();
    let before = active_among(tx, &places).await?;
    for place in &places {
        for sql in [
            "UPDATE organizations SET active = EXISTS (SELECT 1 FROM activities a \
                WHERE a.organization_id = organizations.organization_id AND a.active) \
             WHERE organization_id = $1",
            "UPDATE organization_words SET active = NOT active WHERE organization_id = $1 \
                AND active <> (SELECT o.active FROM organizations o WHERE o.organization_id = $1)",
        ] {
            execute(tx, sql, vec![(*place).into()]).await?;
        }
    }
    let after = active_among(tx, &places).await?;
    source::Entity::update_many()
        .col_expr(
            source::Column::OrganizationCount,
            Expr::col(source::Column::OrganizationCount).add(after - before),
        )
        .filter(source::Column::Source.eq(Source::PracticeSituations.name()))
        .exec(tx)
        .await?;
    Ok(())
}

async fn active_among(tx: &Transaction, places: &[Uuid]) -> Result<i64, DatabaseError> {
    let rows = organization::Entity::find()
        .filter(organization::Column::OrganizationId.is_in(places.iter().copied()))
        .filter(organization::Column::Active.eq(true))
        .all(tx)
        .await?;
    Ok(i64::try_from(rows.len()).unwrap_or(i64::MAX))
}

/// Whoever practises there is told as changed.
async fn tell(
    tx: &Transaction,
    practitioner_id: Uuid,
    revision: i64,
    now: Timestamp,
) -> Result<(), DatabaseError> {
    let sql = "UPDATE practitioners SET revision = $2, updated_at = $3 WHERE practitioner_id = $1";
    let values = vec![
        practitioner_id.into(),
        revision.into(),
        now.as_micros().into(),
    ];
    execute(tx, sql, values).await
}

/// The correction that holds for this practice situation.
async fn held(
    tx: &Transaction,
    activity: Uuid,
) -> Result<Option<attachment_override::Model>, Error> {
    attachment_override::Entity::find()
        .filter(attachment_override::Column::ActivityId.eq(activity))
        .filter(attachment_override::Column::EndedAt.is_null())
        .one(tx)
        .await
        .map_err(|error| DatabaseError::from(error).into())
}

/// What is shown of corrections that hold, by practice situation.
pub(super) fn shown(
    rows: Vec<attachment_override::Model>,
) -> Result<HashMap<Uuid, AttachmentOverride>, Error> {
    rows.into_iter()
        .map(|row| {
            let shown = AttachmentOverride {
                source_organization_id: row.source_organization_id.map(OrganizationId::from_uuid),
                reason: Reason::parse(&row.reason).map_err(|_| {
                    DatabaseError::corrupt("attachment_overrides", "reason", &row.revision)
                })?,
                author: row.author,
                created_at: Timestamp::from_micros(row.created_at),
            };
            Ok((row.activity_id, shown))
        })
        .collect()
}
