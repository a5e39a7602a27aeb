//! By what people are searched for.
//!
//! A likeness stands beside the digest of the traits that it was made of. Where that is not
//! the row's own, or there is none, a program wrote the row that knows of no likeness: it
//! counts for nothing until it is made anew. `patients_without_likeness` is an index of these
//! rows alone.

use aval_database::{Database, DatabaseError};
use aval_domain::id::PatientId;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};

use super::entity::patient::{Column, Entity, Model};
use super::patient::{bytes, patient_of};
use crate::error::Error;
use crate::patient_keys::KeyedDigest;
use crate::store::{Alike, Likened, SealedPatient};

/// In the words of the index, through which it is found.
pub(super) const HAS_NONE: &str = "(likeness_of IS NULL OR likeness_of <> traits_digest)";
/// The opposite.
pub(super) const HAS_ONE: &str = "likeness_of = traits_digest";

pub(super) async fn alike(
    db: &Database,
    digests: &[KeyedDigest],
    unknown: u64,
) -> Result<Alike, Error> {
    let alike = db.snapshot("identity.patients_alike", async |tx| {
        let [found, unknown] = both(digests, unknown);
        Ok::<_, DatabaseError>(Alike {
            found: patients(found.all(&tx).await?)?,
            unknown: patients(unknown.all(&tx).await?)?,
        })
    });
    Ok(alike.await?)
}

pub(super) async fn patients_without(
    db: &impl ConnectionTrait,
    after: Option<PatientId>,
    limit: u64,
) -> Result<Vec<SealedPatient>, Error> {
    let rows = without(after, limit).all(db).await;
    Ok(patients(rows.map_err(DatabaseError::from)?)?)
}

pub(super) async fn keep(db: &Database, likened: &[Likened]) -> Result<u64, Error> {
    let done = db.transaction("identity.keep_likenesses", async |tx| {
        let mut done = 0;
        for one in likened {
            let kept = Entity::update_many()
                .col_expr(Column::LikenessDigest, Expr::value(one.likeness.0.to_vec()))
                .col_expr(Column::LikenessOf, Expr::col(Column::TraitsDigest))
                .filter(Column::PatientId.eq(one.patient_id.as_uuid()))
                .filter(Column::TraitsDigest.eq(one.traits_digest.0.to_vec()))
                .filter(Expr::cust(HAS_NONE))
                .exec(&tx)
                .await?;
            done += kept.rows_affected;
        }
        Ok::<_, DatabaseError>(done)
    });
    Ok(done.await?)
}

/// Those of this likeness, and those of whom none is known.
fn both(digests: &[KeyedDigest], unknown: u64) -> [Select<Entity>; 2] {
    let found = Entity::find()
        .filter(Column::LikenessDigest.is_in(bytes(digests)))
        .filter(Expr::cust(HAS_ONE))
        .filter(Column::MergedInto.is_null())
        .limit(2);
    let unknown = without(None, unknown).filter(Column::MergedInto.is_null());
    [found, unknown]
}

fn without(after: Option<PatientId>, limit: u64) -> Select<Entity> {
    let mut rows = Entity::find().filter(Expr::cust(HAS_NONE));
    if let Some(after) = after {
        rows = rows.filter(Column::PatientId.gt(after.as_uuid()));
    }
    rows.order_by_asc(Column::PatientId).limit(limit)
}

fn patients(rows: Vec<Model>) -> Result<Vec<SealedPatient>, DatabaseError> {
    rows.into_iter().map(patient_of).collect()
}

#[cfg(test)]
pub(super) async fn change_traits_as_before(
    db: &Database,
    patient_id: PatientId,
    traits: KeyedDigest,
) {
    let changed = db.transaction::<_, DatabaseError, _>("test.change_traits", async |tx| {
        Entity::update_many()
            .col_expr(Column::TraitsDigest, Expr::value(traits.0.to_vec()))
            .filter(Column::PatientId.eq(patient_id.as_uuid()))
            .exec(&tx)
            .await?;
        Ok(())
    });
    changed.await.unwrap();
}

#[cfg(test)]
pub(super) async fn plan_of_a_search(db: &Database) -> Vec<String> {
    use sea_orm::QueryTrait;

    let mut plan = Vec::new();
    for select in both(&[KeyedDigest([1; 32]), KeyedDigest([2; 32])], 501) {
        let statement = select.build(db.reader().get_database_backend());
        let without = ["enable_seqscan"];
        plan.extend(aval_database::conformance::plan_of(db, &statement, &without).await);
    }
    plan
}
