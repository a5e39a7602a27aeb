//! Requests for grants, and what patients make of them.

use aval_database::{Database, Transaction, outbox};
use aval_domain::id::{GrantId, PatientId};
use aval_domain::time::Timestamp;
use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, QueryFilter};

use super::{
    insert, lapse, locked, name_existing, refuse_blocked, refuse_given_as_another,
    refused_by_constraint, row, standing, to,
};
use crate::error::Error;
use crate::grant::{Grant, GrantStatus};
use crate::grantee::Grantee;
use crate::notification;
use crate::store::sql::entity::grant::{Column, Entity};
use crate::store::sql::inbox::tell::tell;
use crate::store::sql::{change_clock, once, record};
use crate::store::{Change, Rule, Write};

pub(in crate::store::sql) async fn store(
    db: &Database,
    write: &Write,
    request: &Change<Grant>,
    by: &[Grantee],
) -> Result<Grant, Error> {
    let Change { value: new, event } = request;
    let stored = db
        .transaction("consent.request_grant", async |tx| {
            let work = Box::pin(async {
                record::lock_open(&tx, new.patient_id).await?;
                refuse_blocked(&tx, new, by, write.now).await?;
                refuse_granted(&tx, new, write.now).await?;
                lapse_unanswered(&tx, new, write.now).await?;
                refuse_requested_as_another(&tx, new).await?;
                insert(&tx, new).await?;
                // Nothing is open for having been asked: no clock moves.
                outbox::append(&tx, event).await?;
                tell(&tx, notification::of_grant(None, new, event)).await?;
                Ok(new.clone())
            });
            once(&tx, write, work).await
        })
        .await;
    name_existing(db, new, stored).await
}

pub(in crate::store::sql) async fn approve(
    db: &Database,
    write: &Write,
    patient_id: PatientId,
    grant_id: GrantId,
    rule: &Rule<'_, Grant, Grant>,
) -> Result<Grant, Error> {
    // Which request it was: to name the grant that stands in its way.
    let requested = super::find(db, grant_id).await?;
    let approved = db
        .transaction("consent.approve_grant", async |tx| {
            let work = Box::pin(async {
                let open = record::lock_open(&tx, patient_id).await;
                // What is not theirs does not exist, whether their record is open or not.
                let present = locked(&tx, patient_id, grant_id).await?;
                open?;
                let Some(Change { value, event }) = rule(&present)? else {
                    return Ok(present);
                };
                refuse_blocked(&tx, &value, &[], write.now).await?;
                lapse(&tx, &value, write.now).await?;
                refuse_given_as_another(&tx, &value).await?;
                let updated = Entity::update(row::write_approved(&value)).exec(&tx).await;
                updated.map_err(refused_by_constraint)?;
                outbox::append(&tx, &event).await?;
                let news = notification::of_grant(Some(&present), &value, &event);
                tell(&tx, news).await?;
                change_clock::advance(&tx, value.patient_id);
                Ok(value)
            });
            once(&tx, write, work).await
        })
        .await;
    match requested {
        Some(requested) => {
            let given = Grant {
                status: GrantStatus::Given,
                ..requested
            };
            name_existing(db, &given, approved).await
        }
        None => approved,
    }
}

/// Whoever has a live grant has nothing to ask for.
async fn refuse_granted(tx: &Transaction, new: &Grant, now: Timestamp) -> Result<(), Error> {
    let running = Column::UntilAt
        .is_null()
        .or(Column::UntilAt.gt(now.as_micros()));
    let live = Entity::find()
        .filter(to(tx, new.patient_id, new.grantee).await?)
        .filter(running)
        .one(tx)
        .await?;
    match live {
        Some(live) => Err(Error::GrantExists {
            grant_id: Some(GrantId::from_uuid(live.grant_id)),
        }),
        None => Ok(()),
    }
}

/// Makes room for a new request where nobody answered the last one in time.
async fn lapse_unanswered(tx: &Transaction, new: &Grant, now: Timestamp) -> Result<(), Error> {
    let requested = standing(tx, GrantStatus::Requested, new.patient_id, new.grantee);
    Entity::update_many()
        .col_expr(Column::Status, GrantStatus::Lapsed.code().into())
        .filter(requested.await?)
        .filter(Column::AnswerByAt.lte(now.as_micros()))
        .exec(tx)
        .await?;
    Ok(())
}

/// The constraints know identifiers, not humans.
async fn refuse_requested_as_another(tx: &Transaction, new: &Grant) -> Result<(), Error> {
    let requested = standing(tx, GrantStatus::Requested, new.patient_id, new.grantee);
    let waits = Entity::find().filter(requested.await?).one(tx).await?;
    match waits {
        Some(_) => Err(Error::GrantExists { grant_id: None }),
        None => Ok(()),
    }
}
