//! Grants.

pub(super) mod request;
pub(super) mod row;

use aval_database::{Database, DatabaseError, Transaction, outbox};
use aval_domain::id::{GrantId, PatientId};
use aval_domain::time::Timestamp;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, ExprTrait, QueryFilter,
    QueryOrder, QuerySelect,
};

use sea_orm::sea_query::Expr;

use super::alias;
use super::change_clock;
use super::entity::grant::{Column, Entity};
use super::inbox::tell::tell;
use super::once;
use super::{block, record};
use crate::error::Error;
use crate::grant::{Grant, GrantOrigin, GrantState, GrantStatus};
use crate::grantee::Grantee;
use crate::notification::{self, News};
use crate::store::{Change, GrantQuery, GrantsOf, Rule, Write};

/// The columns of the unique indexes on given grants.
const GRANTEE_COLUMNS: [&str; 3] = ["practitioner_id", "organization_id", "rpps"];

pub(super) async fn create(
    db: &Database,
    write: &Write,
    grant: &Change<Grant>,
    by: &[Grantee],
) -> Result<Grant, Error> {
    let Change { value: new, event } = grant;
    let created = db
        .transaction("consent.create_grant", async |tx| {
            let work = Box::pin(async {
                record::lock_open(&tx, new.patient_id).await?;
                refuse_blocked(&tx, new, by, write.now).await?;
                lapse(&tx, new, write.now).await?;
                refuse_given_as_another(&tx, new).await?;
                insert(&tx, new).await?;
                outbox::append(&tx, event).await?;
                let mut news = notification::of_grant(None, new, event);
                block::leave_out_blocked(&tx, &mut news).await?;
                tell(&tx, news).await?;
                change_clock::advance(&tx, new.patient_id);
                Ok(new.clone())
            });
            once(&tx, write, work).await
        })
        .await;
    name_existing(db, new, created).await
}

pub(super) async fn change(
    db: &Database,
    write: &Write,
    patient_id: PatientId,
    grant_id: GrantId,
    rule: &Rule<'_, Grant, Grant>,
) -> Result<Grant, Error> {
    db.transaction("consent.change_grant", async |tx| {
        let work = Box::pin(async {
            let present = locked(&tx, patient_id, grant_id).await?;
            let Some((changed, news)) = apply(&tx, &present, rule).await? else {
                return Ok(present);
            };
            tell(&tx, news).await?;
            Ok(changed)
        });
        once(&tx, write, work).await
    })
    .await
}

pub(super) async fn change_given(
    db: &Database,
    write: &Write,
    patient_id: PatientId,
    rule: &Rule<'_, Grant, Grant>,
) -> Result<u32, Error> {
    db.transaction("consent.change_given_grants", async |tx| {
        let work = Box::pin(async {
            let given = Entity::find()
                .filter(alias::of_patient(&tx, Column::PatientId, patient_id).await?)
                .filter(row::has(GrantStatus::Given))
                .order_by_asc(Column::GrantId)
                .lock_exclusive()
                .all(&tx)
                .await?;
            let (mut changed, mut told) = (0, Vec::new());
            for row in given {
                let present = row::read(&row)?;
                if let Some((_, news)) = apply(&tx, &present, rule).await? {
                    changed += 1;
                    told.extend(news);
                }
            }
            tell(&tx, told).await?;
            Ok(changed)
        });
        once(&tx, write, work).await
    })
    .await
}

pub(super) async fn find(db: &Database, grant_id: GrantId) -> Result<Option<Grant>, Error> {
    let found = Entity::find_by_id(grant_id.as_uuid())
        .one(db.reader())
        .await?;
    Ok(found.as_ref().map(row::read).transpose()?)
}

pub(super) async fn list(db: &Database, query: &GrantQuery) -> Result<Vec<Grant>, Error> {
    let whose = match query.of {
        GrantsOf::Patient(id) => alias::of_patient(db.reader(), Column::PatientId, id).await?,
        GrantsOf::Practitioner(id) => {
            Column::PractitionerId.is_in(alias::ids_of(db.reader(), id).await?)
        }
    };
    let rows = Entity::find()
        .filter(whose)
        .filter(stands(query.state, query.now))
        .filter(
            Condition::all()
                .add_option(query.after.map(|after| Column::GrantId.lt(after.as_uuid()))),
        )
        .order_by_desc(Column::GrantId)
        .limit(query.limit)
        .all(db.reader())
        .await?;
    Ok(rows.iter().map(row::read).collect::<Result<_, _>>()?)
}

/// [`Grant::state`] as a condition on rows.
fn stands(state: Option<GrantState>, now: Timestamp) -> Condition {
    let now = now.as_micros();
    let over = || Column::UntilAt.lte(now);
    let running = || Column::UntilAt.is_null().or(Column::UntilAt.gt(now));
    let condition = Condition::all();
    match state {
        None => condition,
        Some(GrantState::Requested) => condition
            .add(row::has(GrantStatus::Requested))
            .add(unanswered_since(now).not()),
        Some(GrantState::Revoked) => condition.add(row::has(GrantStatus::Revoked)),
        Some(GrantState::Declined) => condition.add(row::has(GrantStatus::Declined)),
        Some(GrantState::Waiting) => condition
            .add(row::has(GrantStatus::Given))
            .add(running())
            .add(Column::Rpps.is_not_null()),
        Some(GrantState::Scheduled) => condition
            .add(row::has(GrantStatus::Given))
            .add(running())
            .add(Column::Rpps.is_null())
            .add(Column::FromAt.gt(now)),
        Some(GrantState::Active) => condition
            .add(row::has(GrantStatus::Given))
            .add(running())
            .add(Column::Rpps.is_null())
            .add(Column::FromAt.lte(now)),
        Some(GrantState::Expired) => Condition::any()
            .add(row::has(GrantStatus::Lapsed))
            .add(row::has(GrantStatus::Requested).and(unanswered_since(now)))
            .add(row::has(GrantStatus::Given).and(over())),
    }
}

/// Whether the time for an answer was over at that instant.
fn unanswered_since(now: i64) -> Expr {
    Column::AnswerByAt
        .is_not_null()
        .and(Column::AnswerByAt.lte(now))
}

/// A grant of this patient, which nobody else changes until the transaction ends.
async fn locked(
    tx: &Transaction,
    patient_id: PatientId,
    grant_id: GrantId,
) -> Result<Grant, Error> {
    let found = Entity::find_by_id(grant_id.as_uuid())
        .filter(alias::of_patient(tx, Column::PatientId, patient_id).await?)
        .lock_exclusive()
        .one(tx)
        .await?;
    Ok(row::read(&found.ok_or(Error::NotFound)?)?)
}

async fn refuse_blocked(
    tx: &Transaction,
    new: &Grant,
    by: &[Grantee],
    now: Timestamp,
) -> Result<(), Error> {
    // Whoever declares for a colleague is not told whom else the patient blocked: the block
    // beats the declaration.
    let grantee = (new.origin != GrantOrigin::Declaration).then_some(&new.grantee);
    for concerned in by.iter().chain(grantee) {
        if block::holds(tx, new.patient_id, *concerned, now).await? {
            return Err(Error::GranteeBlocked);
        }
    }
    Ok(())
}

/// Changes the grant as the rule says, and gives it with who has to be told.
pub(super) async fn apply(
    tx: &Transaction,
    present: &Grant,
    rule: &Rule<'_, Grant, Grant>,
) -> Result<Option<(Grant, Vec<News>)>, Error> {
    let Some(Change { value, event }) = rule(present)? else {
        return Ok(None);
    };
    Entity::update(row::write(&value)).exec(tx).await?;
    outbox::append(tx, &event).await?;
    change_clock::advance(tx, value.patient_id);
    let news = notification::of_grant(Some(present), &value, &event);
    Ok(Some((value, news)))
}

/// Makes room for a new grant where the last one to the same grantee is over.
async fn lapse(tx: &Transaction, new: &Grant, now: Timestamp) -> Result<(), Error> {
    Entity::update_many()
        .col_expr(Column::Status, GrantStatus::Lapsed.code().into())
        .filter(to(tx, new.patient_id, new.grantee).await?)
        .filter(Column::UntilAt.lte(now.as_micros()))
        .exec(tx)
        .await?;
    Ok(())
}

/// The constraints know identifiers, not humans.
async fn refuse_given_as_another(tx: &Transaction, new: &Grant) -> Result<(), Error> {
    let given = Entity::find()
        .filter(to(tx, new.patient_id, new.grantee).await?)
        .one(tx)
        .await?;
    match given {
        Some(given) => Err(Error::GrantExists {
            grant_id: Some(GrantId::from_uuid(given.grant_id)),
        }),
        None => Ok(()),
    }
}

async fn insert(tx: &Transaction, new: &Grant) -> Result<(), Error> {
    let inserted = Entity::insert(row::write(new))
        .exec_without_returning(tx)
        .await;
    inserted.map_err(refused_by_constraint)?;
    Ok(())
}

/// At most one given grant and one open request stand for a grantee.
fn refused_by_constraint(error: DbErr) -> Error {
    let error = DatabaseError::from(error);
    let exists = GRANTEE_COLUMNS.iter().any(|column| {
        ["given", "requested"].iter().any(|status| {
            let index = format!("grants_{status}_{column}");
            error.violates_unique(&index, "grants", &["patient_id", column])
        })
    });
    if exists {
        Error::GrantExists { grant_id: None }
    } else {
        error.into()
    }
}

/// The answer, with the name of the grant or request that stood in the way.
async fn name_existing(
    db: &Database,
    new: &Grant,
    created: Result<Grant, Error>,
) -> Result<Grant, Error> {
    let Err(Error::GrantExists { .. }) = created else {
        return created;
    };
    let reader = db.reader();
    let mut in_the_way = Condition::any().add(to(reader, new.patient_id, new.grantee).await?);
    if new.status == GrantStatus::Requested {
        let requested = standing(reader, GrantStatus::Requested, new.patient_id, new.grantee);
        in_the_way = in_the_way.add(requested.await?);
    }
    let there = Entity::find().filter(in_the_way).one(reader).await?;
    Err(Error::GrantExists {
        grant_id: there.map(|row| GrantId::from_uuid(row.grant_id)),
    })
}

/// The given grants of this patient to this grantee: one, or, of or to a human of several
/// identifiers, one under each.
pub(super) async fn to(
    connection: &impl ConnectionTrait,
    patient_id: PatientId,
    grantee: Grantee,
) -> Result<Condition, Error> {
    standing(connection, GrantStatus::Given, patient_id, grantee).await
}

async fn standing(
    connection: &impl ConnectionTrait,
    status: GrantStatus,
    patient_id: PatientId,
    grantee: Grantee,
) -> Result<Condition, Error> {
    let grantee = match grantee {
        Grantee::Practitioner(id) => {
            Column::PractitionerId.is_in(alias::ids_of(connection, id).await?)
        }
        Grantee::Organization(id) => Column::OrganizationId.eq(id.as_uuid()),
        Grantee::Rpps(rpps) => Column::Rpps.eq(rpps.as_str()),
    };
    Ok(Condition::all()
        .add(alias::of_patient(connection, Column::PatientId, patient_id).await?)
        .add(grantee)
        .add(row::has(status)))
}
