//! Blocks.

use aval_database::{Database, DatabaseError, Transaction, outbox};
use aval_domain::id::{BlockId, OrganizationId, PatientId, PractitionerId};
use aval_domain::time::Timestamp;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::alias;
use super::change_clock;
use super::entity::block::{ActiveModel, Column, Entity, Model};
use super::once;
use super::record;
use super::row::{Row, version_to_row};
use crate::block::Block;
use crate::error::Error;
use crate::grantee::{Grantee, GranteeName};
use crate::notification::{News, Recipient};
use crate::store::{BlockQuery, Change, Rule, Write};

pub(super) async fn block_grantee(
    db: &Database,
    write: &Write,
    patient_id: PatientId,
    grantee: Grantee,
    rule: &Rule<'_, Option<Block>, Block>,
) -> Result<Block, Error> {
    db.transaction("consent.block_grantee", async |tx| {
        let work = Box::pin(async {
            record::lock_open(&tx, patient_id).await?;
            retire(&tx, patient_id, grantee, write.now).await?;
            let present = standing(&tx, patient_id, grantee).await?;
            let Some(Change { value, event }) = rule(&present)? else {
                return present.ok_or(Error::NotFound);
            };
            if present.is_some() {
                Entity::update(row_of(&value)).exec(&tx).await?;
            } else {
                Entity::insert(row_of(&value))
                    .exec_without_returning(&tx)
                    .await?;
            }
            outbox::append(&tx, &event).await?;
            change_clock::advance(&tx, patient_id);
            Ok(value)
        });
        once(&tx, write, work).await
    })
    .await
}

pub(super) async fn change(
    db: &Database,
    write: &Write,
    patient_id: PatientId,
    block_id: BlockId,
    rule: &Rule<'_, Block, Block>,
) -> Result<Block, Error> {
    db.transaction("consent.change_block", async |tx| {
        let work = Box::pin(async {
            let found = Entity::find_by_id(block_id.as_uuid())
                .filter(alias::of_patient(&tx, Column::PatientId, patient_id).await?)
                .lock_exclusive()
                .one(&tx)
                .await?;
            let present = read(&found.ok_or(Error::NotFound)?)?;
            let Some(Change { value, event }) = rule(&present)? else {
                return Ok(present);
            };
            Entity::update(row_of(&value)).exec(&tx).await?;
            outbox::append(&tx, &event).await?;
            change_clock::advance(&tx, value.patient_id);
            Ok(value)
        });
        once(&tx, write, work).await
    })
    .await
}

pub(super) async fn list(db: &Database, query: &BlockQuery) -> Result<Vec<Block>, Error> {
    let live = || {
        Condition::all().add(Column::RemovedAt.is_null()).add(
            Column::UntilAt
                .is_null()
                .or(Column::UntilAt.gt(query.now.as_micros())),
        )
    };
    let wanted = Condition::all()
        .add_option((!query.include_ended).then(live))
        .add_option(query.after.map(|after| Column::BlockId.lt(after.as_uuid())));
    let rows = Entity::find()
        .filter(alias::of_patient(db.reader(), Column::PatientId, query.patient_id).await?)
        .filter(wanted)
        .order_by_desc(Column::BlockId)
        .limit(query.limit)
        .all(db.reader())
        .await?;
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

/// Whether a block on this grantee shuts them out at `now`, under whichever identifier it
/// was made.
pub(super) async fn holds(
    tx: &Transaction,
    patient_id: PatientId,
    grantee: Grantee,
    now: Timestamp,
) -> Result<bool, Error> {
    let whom = match grantee {
        Grantee::Practitioner(id) => Column::PractitionerId.is_in(alias::ids_of(tx, id).await?),
        Grantee::Organization(id) => Column::OrganizationId.eq(id.as_uuid()),
        Grantee::Rpps(_) => return Ok(false),
    };
    let standing = Entity::find()
        .filter(alias::of_patient(tx, Column::PatientId, patient_id).await?)
        .filter(whom)
        .filter(Column::Standing.eq(true))
        .all(tx)
        .await?;
    let blocks: Vec<Block> = standing.iter().map(read).collect::<Result<_, _>>()?;
    Ok(blocks.iter().any(|block| block.holds(now)))
}

/// Leaves out what professionals would be told whom the patient shut out.
pub(super) async fn leave_out_blocked(tx: &Transaction, news: &mut Vec<News>) -> Result<(), Error> {
    let mut told = Vec::with_capacity(news.len());
    for one in news.drain(..) {
        let is_blocked = match one.recipient {
            Recipient::Patient(_) => false,
            Recipient::Practitioner(id) => {
                holds(tx, one.patient_id, Grantee::Practitioner(id), one.at).await?
            }
        };
        if !is_blocked {
            told.push(one);
        }
    }
    *news = told;
    Ok(())
}

/// The block under this very identifier. One under another identifier of the same human is
/// no reason not to make it: should they turn out to be two, each stays blocked.
async fn standing(
    tx: &Transaction,
    patient_id: PatientId,
    grantee: Grantee,
) -> Result<Option<Block>, Error> {
    let Some(on_grantee) = on(patient_id, grantee) else {
        return Ok(None);
    };
    let found = Entity::find().filter(on_grantee).one(tx).await?;
    Ok(found.as_ref().map(read).transpose()?)
}

/// Makes room for a new block where the last one on the same grantee is over.
async fn retire(
    tx: &Transaction,
    patient_id: PatientId,
    grantee: Grantee,
    now: Timestamp,
) -> Result<(), Error> {
    let Some(on_grantee) = on(patient_id, grantee) else {
        return Ok(());
    };
    Entity::update_many()
        .col_expr(Column::Standing, false.into())
        .filter(on_grantee)
        .filter(Column::UntilAt.lte(now.as_micros()))
        .exec(tx)
        .await?;
    Ok(())
}

/// The standing block of this patient on this grantee. Nobody who is unknown is
/// blocked.
fn on(patient_id: PatientId, grantee: Grantee) -> Option<Condition> {
    let grantee = match grantee {
        Grantee::Practitioner(id) => Column::PractitionerId.eq(id.as_uuid()),
        Grantee::Organization(id) => Column::OrganizationId.eq(id.as_uuid()),
        Grantee::Rpps(_) => return None,
    };
    let condition = Condition::all()
        .add(Column::PatientId.eq(patient_id.as_uuid()))
        .add(grantee)
        .add(Column::Standing.eq(true));
    Some(condition)
}

fn row_of(block: &Block) -> ActiveModel {
    ActiveModel {
        block_id: Set(block.block_id.as_uuid()),
        patient_id: Set(block.patient_id.as_uuid()),
        practitioner_id: Set(block.grantee.practitioner_id().map(PractitionerId::as_uuid)),
        organization_id: Set(block.grantee.organization_id().map(OrganizationId::as_uuid)),
        grantee_name: Set(block
            .grantee_name
            .as_ref()
            .map(|name| name.as_str().to_owned())),
        from_at: Set(block.period.from().as_micros()),
        until_at: Set(block.period.until().map(Timestamp::as_micros)),
        immediate: Set(block.immediate),
        standing: Set(block.removed_at.is_none()),
        created_at: Set(block.created_at.as_micros()),
        removed_at: Set(block.removed_at.map(Timestamp::as_micros)),
        version: Set(version_to_row(block.version)),
    }
}

fn read(row: &Model) -> Result<Block, DatabaseError> {
    let named = Row {
        table: "blocks",
        id: row.block_id,
    };
    let grantee = match (row.practitioner_id, row.organization_id) {
        (Some(id), None) => Some(Grantee::Practitioner(PractitionerId::from_uuid(id))),
        (None, Some(id)) => Some(Grantee::Organization(OrganizationId::from_uuid(id))),
        _ => None,
    };
    Ok(Block {
        block_id: BlockId::from_uuid(row.block_id),
        patient_id: PatientId::from_uuid(row.patient_id),
        grantee: named.require("practitioner_id", grantee)?,
        grantee_name: row.grantee_name.as_deref().and_then(GranteeName::parse),
        period: named.period(row.from_at, row.until_at)?,
        immediate: row.immediate,
        created_at: named.instant("created_at", row.created_at)?,
        removed_at: named.optional_instant("removed_at", row.removed_at)?,
        version: named.version(row.version)?,
    })
}
