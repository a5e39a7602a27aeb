//! Who opened whose record, and who is told of it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use aval_database::Transaction;
use aval_domain::id::PractitionerId;
use quick_cache::sync::Cache;
use sea_orm::sea_query::{OnConflict, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::entity::treating_doctor;
use super::inbox::tell::tell;
use super::{alias, block};
use crate::error::Error;
use crate::notification::{Access, News};

/// Pairs of a patient and a professional of which it is known that they are stored. Stored
/// they stay: what is known needs no statement, and what was let go is looked at again.
#[derive(Debug, Clone)]
pub(super) struct KnownPairs(Arc<Cache<Pair, ()>>);

/// How many are known at most; about a hundred bytes each.
const MOST_KNOWN: usize = 100_000;

impl KnownPairs {
    /// Nobody yet.
    pub(super) fn none() -> Self {
        Self(Arc::new(Cache::new(MOST_KNOWN)))
    }

    /// To be called when what was recorded is committed, not before.
    pub(super) fn committed(&self, accesses: &[Access]) {
        for access in accesses {
            self.0.insert(pair_of(access), ());
        }
    }

    fn has(&self, access: &Access) -> bool {
        self.0.contains_key(&pair_of(access))
    }
}

/// Remembers these accesses, and tells of those that have to be told: nothing is asked of
/// the database where everybody is known, as nearly always.
pub(super) async fn record(
    tx: &Transaction,
    known: &KnownPairs,
    accesses: &[Access],
) -> Result<(), Error> {
    let unknown: Vec<&Access> = accesses.iter().filter(|one| !known.has(one)).collect();
    let first = remember(tx, &unknown).await?;
    let mut news = Vec::new();
    // Of several in one batch the earliest is the first.
    let mut told_first = HashSet::new();
    for access in accesses {
        let pair = pair_of(access);
        let is_first = first.contains(&pair) && told_first.insert(pair);
        news.extend(access.news_for_patient(is_first));
    }
    let emergencies = accesses.iter().filter(|access| access.is_emergency);
    let mut for_doctors = for_treating_doctors(tx, emergencies.collect()).await?;
    block::leave_out_blocked(tx, &mut for_doctors).await?;
    news.extend(for_doctors);
    tell(tx, news).await
}

type Pair = (Uuid, Uuid);

fn pair_of(access: &Access) -> Pair {
    (
        access.patient_id.as_uuid(),
        access.practitioner_id.as_uuid(),
    )
}

/// Stores who was not known, and gives them. Of two transactions that store one pair at
/// once the second waits for the first, and finds it known.
async fn remember(tx: &Transaction, accesses: &[&Access]) -> Result<HashSet<Pair>, Error> {
    if accesses.is_empty() {
        return Ok(HashSet::new());
    }
    // In one order for all, so that none waits for another in a circle.
    let mut pairs = BTreeMap::new();
    for access in accesses {
        pairs.entry(pair_of(access)).or_insert(access.at);
    }
    let columns = ["patient_id", "practitioner_id"];
    let mut insert = Query::insert();
    insert
        .into_table("first_accesses")
        .columns(["patient_id", "practitioner_id", "accessed_at"]);
    for ((patient_id, practitioner_id), at) in pairs {
        insert.values_panic([
            patient_id.into(),
            practitioner_id.into(),
            at.as_micros().into(),
        ]);
    }
    let mut known = OnConflict::columns(columns);
    known.do_nothing();
    insert
        .on_conflict(known)
        .returning(Query::returning().columns(columns));
    let new = tx.query_all(&insert).await?;
    let pairs = new
        .iter()
        .map(|row| Ok::<Pair, Error>((row.try_get("", columns[0])?, row.try_get("", columns[1])?)));
    pairs.collect()
}

async fn for_treating_doctors(
    tx: &Transaction,
    emergencies: Vec<&Access>,
) -> Result<Vec<News>, Error> {
    use treating_doctor::Column;
    if emergencies.is_empty() {
        return Ok(Vec::new());
    }
    let mut doctors: HashMap<Uuid, Vec<PractitionerId>> = HashMap::new();
    for access in &emergencies {
        let id = access.patient_id.as_uuid();
        if doctors.contains_key(&id) {
            continue;
        }
        let of_patient: Vec<Uuid> = treating_doctor::Entity::find()
            .select_only()
            .column(Column::PractitionerId)
            .distinct()
            .filter(alias::of_patient(tx, Column::PatientId, access.patient_id).await?)
            .filter(Column::RemovedAt.is_null())
            .into_tuple()
            .all(tx)
            .await?;
        let of_patient = of_patient.into_iter().map(PractitionerId::from_uuid);
        doctors.insert(id, of_patient.collect());
    }
    let news = emergencies.into_iter().flat_map(|access| {
        let of_patient = doctors.get(&access.patient_id.as_uuid());
        let of_patient = of_patient.map(Vec::as_slice).unwrap_or_default();
        of_patient
            .iter()
            .filter_map(|doctor| access.news_for_treating_doctor(*doctor))
    });
    Ok(news.collect())
}
