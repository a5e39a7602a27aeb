//! Under which keys everything is kept.

use std::collections::{BTreeMap, BTreeSet};

use aval_database::{Database, DatabaseError, Transaction};
use aval_domain::id::PatientId;
use sea_orm::sea_query::SimpleExpr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, Select,
};

use super::entity::{former_matricule, patient};
use super::patient::{patient_of, read};
use crate::error::Error;
use crate::patient_keys::{KeyedDigest, SealedIdentity};
use crate::store::{FormerMatricule, KeyCounts, KeysInUse, OtherKeys, SealedPatient};

const FORMER: &str = "former_matricules";

pub(super) async fn in_use(db: &impl ConnectionTrait) -> Result<KeysInUse, Error> {
    use former_matricule::{Column as Former, Entity as Formers};
    use patient::{Column, Entity};
    let (patients, former) = (Entity::find(), Formers::find().filter(readable()));
    let mut encryption = names(db, patients.clone(), Column::KeyId).await?;
    encryption.extend(names(db, former.clone(), Former::KeyId).await?);
    let mut digest = names(db, patients, Column::DigestKeyId).await?;
    digest.extend(names(db, former, Former::DigestKeyId).await?);
    Ok(KeysInUse { encryption, digest })
}

/// The different values of a column with an index, each found behind the last one: as
/// many questions as there are keys, however many rows.
async fn names<E: EntityTrait>(
    db: &impl ConnectionTrait,
    rows: Select<E>,
    column: E::Column,
) -> Result<BTreeSet<String>, Error> {
    let mut names = BTreeSet::<String>::new();
    loop {
        let mut next = rows.clone().select_only().column(column);
        if let Some(last) = names.last() {
            next = next.filter(column.gt(last.as_str()));
        }
        let next = next.order_by_asc(column).limit(1);
        let next = next.into_tuple::<String>().one(db).await;
        match next.map_err(DatabaseError::from)? {
            Some(name) => names.insert(name),
            None => return Ok(names),
        };
    }
}

pub(super) async fn count(db: &Database) -> Result<KeyCounts, Error> {
    let counts = db.snapshot("identity.count_by_key", async |tx| {
        use former_matricule::{Column as Former, Entity as Formers};
        use patient::{Column, Entity};
        let mut counts = KeyCounts::default();
        let (patients, former) = (Entity::find(), Formers::find().filter(readable()));
        let (encryption, digest) = (&mut counts.encryption, &mut counts.digest);
        add(&tx, patients.clone(), Column::KeyId, encryption).await?;
        add(&tx, former.clone(), Former::KeyId, encryption).await?;
        add(&tx, patients, Column::DigestKeyId, digest).await?;
        add(&tx, former, Former::DigestKeyId, digest).await?;
        let bound = Formers::find().filter(readable().not());
        counts.bound_former = bound.count(&tx).await?;
        Ok::<_, DatabaseError>(counts)
    });
    Ok(counts.await?)
}

async fn add<E: EntityTrait>(
    tx: &Transaction,
    rows: Select<E>,
    column: E::Column,
    counts: &mut BTreeMap<String, u64>,
) -> Result<(), DatabaseError> {
    let found = rows
        .select_only()
        .column(column)
        .column_as(column.count(), "counted")
        .group_by(column)
        .into_tuple::<(String, i64)>();
    for (name, count) in found.all(tx).await? {
        *counts.entry(name).or_default() += u64::try_from(count).unwrap_or_default();
    }
    Ok(())
}

pub(super) async fn patient_under(
    db: &impl ConnectionTrait,
    digest_key: &str,
) -> Result<Option<SealedPatient>, Error> {
    use patient::{Column, Entity};
    let found = Entity::find().filter(Column::DigestKeyId.eq(digest_key));
    read(found.one(db).await.map_err(DatabaseError::from)?)
}

pub(super) async fn patients(
    db: &impl ConnectionTrait,
    query: &OtherKeys<'_, PatientId>,
) -> Result<Vec<SealedPatient>, Error> {
    use patient::{Column, Entity};
    let under_others = Column::KeyId
        .ne(query.encryption)
        .or(Column::DigestKeyId.ne(query.digest));
    let mut found = Entity::find().filter(under_others);
    if let Some(after) = query.after {
        found = found.filter(Column::PatientId.gt(after.as_uuid()));
    }
    let found = found.order_by_asc(Column::PatientId).limit(query.limit);
    let rows = found.all(db).await.map_err(DatabaseError::from)?;
    Ok(rows.into_iter().map(patient_of).collect::<Result<_, _>>()?)
}

pub(super) async fn former(
    db: &impl ConnectionTrait,
    query: &OtherKeys<'_, KeyedDigest>,
) -> Result<Vec<FormerMatricule>, Error> {
    use former_matricule::{Column, Entity};
    let under_others = Column::KeyId
        .ne(query.encryption)
        .or(Column::DigestKeyId.ne(query.digest));
    let mut found = Entity::find().filter(readable()).filter(under_others);
    if let Some(after) = query.after {
        found = found.filter(Column::InsDigest.gt(after.0.to_vec()));
    }
    let found = found.order_by_asc(Column::InsDigest).limit(query.limit);
    let rows = found.all(db).await.map_err(DatabaseError::from)?;
    Ok(rows.into_iter().map(former_of).collect::<Result<_, _>>()?)
}

/// Former matricules from before they were kept cannot be put under another key.
fn readable() -> SimpleExpr {
    former_matricule::Column::SealedIns.is_not_null()
}

fn former_of(row: former_matricule::Model) -> Result<FormerMatricule, DatabaseError> {
    let corrupt = |column| DatabaseError::corrupt(FORMER, column, &row.patient_id);
    let digest = row.ins_digest.as_slice().try_into();
    Ok(FormerMatricule {
        patient_id: PatientId::from_uuid(row.patient_id),
        ins_digest: KeyedDigest(digest.map_err(|_| corrupt("ins_digest"))?),
        sealed: SealedIdentity {
            key_id: row.key_id.ok_or_else(|| corrupt("key_id"))?,
            bytes: row.sealed_ins.ok_or_else(|| corrupt("sealed_ins"))?,
        },
        digest_key_id: row.digest_key_id,
    })
}
