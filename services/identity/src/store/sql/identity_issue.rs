//! What a person has to look at: three questions, answered in one order.

use aval_database::{Database, DatabaseError};
use aval_domain::id::PatientId;
use aval_domain::ins::InsStatus;
use aval_domain::time::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::entity::identity_issue as kept;
use super::entity::patient;
use super::likeness::HAS_ONE;
use crate::error::Error;
use crate::identity_issue::{IdentityIssue, IssueKind, IssuePosition};
use crate::patient::TRAITS;
use crate::store::IssueQuery;

/// Another patient, registered before, with the same traits; neither merged.
const HAS_AN_EARLIER_TWIN: &str = "EXISTS (SELECT 1 FROM patients AS twin \
     WHERE twin.traits_digest = patients.traits_digest \
     AND twin.merged_into IS NULL AND twin.patient_id < patients.patient_id)";

/// Another patient, registered before, whom a search takes for the same and who has other
/// traits; neither merged, and not both qualified: the register and a document told these
/// apart.
const HAS_AN_EARLIER_LIKENESS: &str = "likeness_of = traits_digest \
     AND EXISTS (SELECT 1 FROM patients AS other \
     WHERE other.likeness_digest = patients.likeness_digest \
     AND other.likeness_of = other.traits_digest \
     AND other.traits_digest <> patients.traits_digest \
     AND other.merged_into IS NULL AND other.patient_id < patients.patient_id \
     AND (other.status <> 'qualified' OR patients.status <> 'qualified'))";

/// An identity that was changed after the collision was found has been looked at.
const IS_AS_IT_WAS: &str = "NOT EXISTS (SELECT 1 FROM patients \
     WHERE patients.patient_id = identity_issues.patient_id \
     AND (patients.updated_at > identity_issues.found_at OR patients.merged_into IS NOT NULL))";

pub(super) async fn list(db: &Database, query: &IssueQuery) -> Result<Vec<IdentityIssue>, Error> {
    let mut found = Vec::new();
    for kind in IssueKind::ALL {
        if query.kind.is_some_and(|asked| asked != kind) {
            continue;
        }
        found.extend(match kind {
            IssueKind::Collision => collisions(db, query).await?,
            IssueKind::Duplicate => duplicates(db, query).await?,
            IssueKind::Unqualified => unqualified(db, query).await?,
            IssueKind::Alike => alike(db, query).await?,
        });
    }
    found.sort_by_key(IdentityIssue::position);
    found.truncate(usize::try_from(query.limit).unwrap_or(usize::MAX));
    Ok(found)
}

async fn collisions(db: &Database, query: &IssueQuery) -> Result<Vec<IdentityIssue>, Error> {
    use kept::Column;
    let after = after(
        query.after,
        IssueKind::Collision,
        Column::FoundAt,
        Column::IssueId,
    );
    let found = kept::Entity::find()
        .filter(after)
        .filter(Expr::cust(IS_AS_IT_WAS))
        .order_by_asc(Column::FoundAt)
        .order_by_asc(Column::IssueId)
        .limit(query.limit);
    let rows = found.all(db.reader()).await.map_err(DatabaseError::from)?;
    let issues = rows.into_iter().map(|row| IdentityIssue {
        kind: IssueKind::Collision,
        issue_id: row.issue_id,
        patients: [Some(row.patient_id), row.other_patient_id]
            .into_iter()
            .flatten()
            .map(PatientId::from_uuid)
            .collect(),
        evidence: row.evidence.split(',').map(str::to_owned).collect(),
        found_at: Timestamp::from_micros(row.found_at),
    });
    Ok(issues.collect())
}

async fn duplicates(db: &Database, query: &IssueQuery) -> Result<Vec<IdentityIssue>, Error> {
    let rows = patients(
        db,
        query,
        IssueKind::Duplicate,
        Expr::cust(HAS_AN_EARLIER_TWIN),
    )
    .await?;
    let mut issues = Vec::new();
    for row in rows {
        use patient::Column;
        let twin = patient::Entity::find()
            .filter(Column::TraitsDigest.eq(row.traits_digest))
            .filter(Column::MergedInto.is_null())
            .filter(Column::PatientId.lt(row.patient_id))
            .order_by_asc(Column::PatientId);
        // Gone since the first question: no issue any more.
        let Some(twin) = twin.one(db.reader()).await.map_err(DatabaseError::from)? else {
            continue;
        };
        issues.push(IdentityIssue {
            kind: IssueKind::Duplicate,
            issue_id: row.patient_id,
            patients: vec![
                PatientId::from_uuid(twin.patient_id),
                PatientId::from_uuid(row.patient_id),
            ],
            evidence: TRAITS.map(str::to_owned).to_vec(),
            found_at: Timestamp::from_micros(row.updated_at),
        });
    }
    Ok(issues)
}

/// Which of their traits differ is for whoever can read them.
async fn alike(db: &Database, query: &IssueQuery) -> Result<Vec<IdentityIssue>, Error> {
    use patient::Column;
    let is_meant = Expr::cust(HAS_AN_EARLIER_LIKENESS);
    let mut issues = Vec::new();
    for row in patients(db, query, IssueKind::Alike, is_meant).await? {
        let mut other = patient::Entity::find()
            .filter(Column::LikenessDigest.eq(row.likeness_digest))
            .filter(Expr::cust(HAS_ONE))
            .filter(Column::TraitsDigest.ne(row.traits_digest))
            .filter(Column::MergedInto.is_null())
            .filter(Column::PatientId.lt(row.patient_id))
            .order_by_asc(Column::PatientId);
        if row.status == InsStatus::Qualified.code() {
            other = other.filter(Column::Status.ne(InsStatus::Qualified.code()));
        }
        // Gone since the first question: no issue any more.
        let Some(other) = other.one(db.reader()).await.map_err(DatabaseError::from)? else {
            continue;
        };
        issues.push(IdentityIssue {
            kind: IssueKind::Alike,
            issue_id: row.patient_id,
            patients: vec![
                PatientId::from_uuid(other.patient_id),
                PatientId::from_uuid(row.patient_id),
            ],
            evidence: Vec::new(),
            found_at: Timestamp::from_micros(row.updated_at),
        });
    }
    Ok(issues)
}

async fn unqualified(db: &Database, query: &IssueQuery) -> Result<Vec<IdentityIssue>, Error> {
    let is_unqualified = patient::Column::Status.ne(InsStatus::Qualified.code());
    let rows = patients(db, query, IssueKind::Unqualified, is_unqualified).await?;
    let issues = rows.into_iter().map(|row| IdentityIssue {
        kind: IssueKind::Unqualified,
        issue_id: row.patient_id,
        patients: vec![PatientId::from_uuid(row.patient_id)],
        evidence: Vec::new(),
        found_at: Timestamp::from_micros(row.updated_at),
    });
    Ok(issues.collect())
}

/// The patients who are not merged and of whom this is true, the longest unchanged first.
async fn patients(
    db: &Database,
    query: &IssueQuery,
    kind: IssueKind,
    is_meant: impl Into<Expr>,
) -> Result<Vec<patient::Model>, Error> {
    use patient::Column;
    let after = after(query.after, kind, Column::UpdatedAt, Column::PatientId);
    let found = patient::Entity::find()
        .filter(after)
        .filter(Column::MergedInto.is_null())
        .filter(is_meant.into())
        .order_by_asc(Column::UpdatedAt)
        .order_by_asc(Column::PatientId)
        .limit(query.limit);
    Ok(found.all(db.reader()).await.map_err(DatabaseError::from)?)
}

/// Behind this position, in the order of [`IssuePosition`].
fn after<C: ColumnTrait>(
    position: Option<IssuePosition>,
    kind: IssueKind,
    found_at: C,
    id: C,
) -> Condition {
    let Some(position) = position else {
        return Condition::all();
    };
    let micros = position.found_at.as_micros();
    let later = Condition::any().add(found_at.gt(micros));
    let then = Condition::all().add(found_at.eq(micros));
    match kind.cmp(&position.kind) {
        std::cmp::Ordering::Less => later,
        std::cmp::Ordering::Greater => later.add(then),
        std::cmp::Ordering::Equal => later.add(then.add(id.gt::<Uuid>(position.issue_id))),
    }
}
