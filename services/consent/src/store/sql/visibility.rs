//! The visibility of documents.

use aval_database::{Database, DatabaseError, Transaction, outbox};
use aval_domain::id::{DocumentId, MaskId, PatientId, PractitionerId};
use aval_domain::time::Timestamp;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait,
};

use super::alias;
use super::entity::visibility::{ActiveModel, Column, Entity, Model};
use super::once;
use super::record;
use super::row::Row;
use crate::error::Error;
use crate::store::{Change, Rule, VisibilityQuery, Write};
use crate::visibility::{Visibility, VisibilityKind};

pub(super) async fn change(
    db: &Database,
    write: &Write,
    patient_id: PatientId,
    document_id: &DocumentId,
    rule: &Rule<'_, Vec<Visibility>, Visibility>,
) -> Result<Vec<Visibility>, Error> {
    db.transaction("consent.change_visibility", async |tx| {
        let work = Box::pin(async {
            record::lock_open(&tx, patient_id).await?;
            let mut settings = of_document(&tx, patient_id, document_id).await?;
            let Some(Change { value, event }) = rule(&settings)? else {
                return Ok(settings);
            };
            save(&tx, &value).await?;
            let also = take_back_as_others(&tx, &value).await?;
            outbox::append(&tx, &event).await?;
            alias::advance(&tx, patient_id).await?;
            if also {
                return of_document(&tx, patient_id, document_id).await;
            }
            settings.retain(|setting| setting.mask_id != value.mask_id);
            settings.push(value);
            Ok(settings)
        });
        once(&tx, write, work).await
    })
    .await
}

pub(super) async fn list(db: &Database, query: &VisibilityQuery) -> Result<Vec<Visibility>, Error> {
    let of_document = query
        .document_id
        .as_ref()
        .map(|id| Column::DocumentId.eq(id.as_str()));
    let of_patient = alias::of_patient(db.reader(), Column::PatientId, query.patient_id).await?;
    let holding = Condition::all().add(Column::RemovedAt.is_null()).add(
        Column::ReleaseAt
            .is_null()
            .or(Column::ReleaseAt.gt(query.now.as_micros())),
    );
    let codes = query.leaving_out.iter().map(|kind| kind.code());
    let left_out = Entity::find()
        .select_only()
        .column(Column::DocumentId)
        .filter(of_patient.clone())
        .filter(holding.clone())
        .filter(Column::Kind.is_in(codes))
        .into_query();
    let wanted = holding
        .add(Column::DocumentId.not_in_subquery(left_out))
        .add_option(of_document)
        .add_option(query.after.map(|after| Column::MaskId.lt(after.as_uuid())));
    let rows = Entity::find()
        .filter(of_patient)
        .filter(wanted)
        .order_by_desc(Column::MaskId)
        .limit(query.limit)
        .all(db.reader())
        .await?;
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

async fn of_document(
    tx: &Transaction,
    patient_id: PatientId,
    document_id: &DocumentId,
) -> Result<Vec<Visibility>, Error> {
    let rows = Entity::find()
        .filter(alias::of_patient(tx, Column::PatientId, patient_id).await?)
        .filter(Column::DocumentId.eq(document_id.as_str()))
        .order_by_asc(Column::MaskId)
        .all(tx)
        .await?;
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

/// Adds the setting, or marks a known one as taken back.
async fn save(tx: &Transaction, setting: &Visibility) -> Result<(), Error> {
    let mut removed = OnConflict::column(Column::MaskId);
    removed.update_column(Column::RemovedAt);
    Entity::insert(ActiveModel {
        mask_id: Set(setting.mask_id.as_uuid()),
        patient_id: Set(setting.patient_id.as_uuid()),
        document_id: Set(setting.document_id.as_str().to_owned()),
        kind: Set(setting.kind.code().to_owned()),
        practitioner_id: Set(setting.practitioner_id.map(PractitionerId::as_uuid)),
        set_by: Set(setting.set_by.map(PractitionerId::as_uuid)),
        set_at: Set(setting.set_at.as_micros()),
        release_at: Set(setting.release_at.map(Timestamp::as_micros)),
        removed_at: Set(setting.removed_at.map(Timestamp::as_micros)),
    })
    .on_conflict(removed)
    .exec_without_returning(tx)
    .await?;
    Ok(())
}

/// What is taken back is taken back under all identifiers of the patient, and what is for
/// one professional under all of theirs.
async fn take_back_as_others(tx: &Transaction, setting: &Visibility) -> Result<bool, Error> {
    let Some(removed_at) = setting.removed_at else {
        return Ok(false);
    };
    let whom = match setting.practitioner_id {
        Some(one) => Column::PractitionerId.is_in(alias::ids_of(tx, one).await?),
        None => Column::PractitionerId.is_null(),
    };
    let taken_back = Entity::update_many()
        .col_expr(Column::RemovedAt, removed_at.as_micros().into())
        .filter(alias::of_patient(tx, Column::PatientId, setting.patient_id).await?)
        .filter(Column::DocumentId.eq(setting.document_id.as_str()))
        .filter(Column::Kind.eq(setting.kind.code()))
        .filter(whom)
        .filter(Column::RemovedAt.is_null())
        .exec(tx)
        .await?;
    Ok(taken_back.rows_affected > 0)
}

fn read(row: &Model) -> Result<Visibility, DatabaseError> {
    let named = Row {
        table: "document_visibilities",
        id: row.mask_id,
    };
    Ok(Visibility {
        mask_id: MaskId::from_uuid(row.mask_id),
        patient_id: PatientId::from_uuid(row.patient_id),
        document_id: named.require("document_id", DocumentId::parse(&row.document_id).ok())?,
        kind: named.require("kind", VisibilityKind::from_code(&row.kind))?,
        practitioner_id: row.practitioner_id.map(PractitionerId::from_uuid),
        set_by: row.set_by.map(PractitionerId::from_uuid),
        set_at: named.instant("set_at", row.set_at)?,
        release_at: named.optional_instant("release_at", row.release_at)?,
        removed_at: named.optional_instant("removed_at", row.removed_at)?,
    })
}
