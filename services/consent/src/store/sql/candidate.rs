//! Whom something may authorise.

use std::collections::HashSet;

use aval_database::{Database, Transaction};
use aval_domain::id::{OrganizationId, PractitionerId};
use sea_orm::{ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::alias;
use super::entity::{care_episode, care_episode_member, grant, treating_doctor, visibility};
use super::grant::row;
use crate::error::Error;
use crate::grant::GrantStatus;
use crate::grantee::Grantee;
use crate::store::CandidateQuery;
use crate::visibility::VisibilityKind;

pub(super) async fn list(db: &Database, query: &CandidateQuery) -> Result<Vec<Grantee>, Error> {
    db.snapshot("consent.candidates", async |tx| {
        let mut people = treating_doctors(&tx, query).await?;
        people.extend(members(&tx, query).await?);
        people.extend(those_revealed_to(&tx, query).await?);
        let mut organizations = HashSet::new();
        for (person, organization) in granted(&tx, query).await? {
            people.extend(person);
            organizations.extend(organization);
        }
        let distinct: HashSet<Uuid> = people.into_iter().collect();
        let present = alias::present_ids::<PractitionerId>(&tx, distinct.iter().copied()).await?;
        let human = |id: Uuid| present.get(&id).copied().unwrap_or(id);
        let distinct: HashSet<Uuid> = distinct.into_iter().map(human).collect();
        let people = distinct.into_iter().map(PractitionerId::from_uuid);
        let organizations = organizations.into_iter().map(OrganizationId::from_uuid);
        Ok(people
            .map(Grantee::Practitioner)
            .chain(organizations.map(Grantee::Organization))
            .collect())
    })
    .await
}

async fn treating_doctors(tx: &Transaction, query: &CandidateQuery) -> Result<Vec<Uuid>, Error> {
    use treating_doctor::Column;
    let found = treating_doctor::Entity::find()
        .select_only()
        .column(Column::PractitionerId)
        .filter(alias::of_patient(tx, Column::PatientId, query.patient_id).await?)
        .filter(Column::RemovedAt.is_null())
        .into_tuple()
        .all(tx)
        .await?;
    Ok(found)
}

/// Of the grants that are not over, whom each names.
async fn granted(
    tx: &Transaction,
    query: &CandidateQuery,
) -> Result<Vec<(Option<Uuid>, Option<Uuid>)>, Error> {
    use grant::Column;
    let running = Column::UntilAt
        .is_null()
        .or(Column::UntilAt.gt(query.now.as_micros()));
    let found = grant::Entity::find()
        .select_only()
        .column(Column::PractitionerId)
        .column(Column::OrganizationId)
        .filter(alias::of_patient(tx, Column::PatientId, query.patient_id).await?)
        .filter(row::has(GrantStatus::Given))
        .filter(Condition::all().add(running))
        .into_tuple()
        .all(tx)
        .await?;
    Ok(found)
}

async fn members(tx: &Transaction, query: &CandidateQuery) -> Result<Vec<Uuid>, Error> {
    use care_episode::Column;
    let open = care_episode::Entity::find()
        .select_only()
        .column(Column::CareEpisodeId)
        .filter(alias::of_patient(tx, Column::PatientId, query.patient_id).await?)
        .filter(Column::ClosedAt.is_null())
        .filter(Column::UntilAt.gt(query.now.as_micros()));
    let open = sea_orm::QueryTrait::into_query(open);
    let found = care_episode_member::Entity::find()
        .select_only()
        .column(care_episode_member::Column::PractitionerId)
        .filter(care_episode_member::Column::CareEpisodeId.in_subquery(open))
        .into_tuple()
        .all(tx)
        .await?;
    Ok(found)
}

/// Members of an authorised organization see a masked document that was revealed to them.
async fn those_revealed_to(tx: &Transaction, query: &CandidateQuery) -> Result<Vec<Uuid>, Error> {
    use visibility::Column;
    let Some(document_id) = &query.document_id else {
        return Ok(Vec::new());
    };
    let found: Vec<Option<Uuid>> = visibility::Entity::find()
        .select_only()
        .column(Column::PractitionerId)
        .filter(alias::of_patient(tx, Column::PatientId, query.patient_id).await?)
        .filter(Column::DocumentId.eq(document_id.as_str()))
        .filter(Column::Kind.eq(VisibilityKind::RevealedToOne.code()))
        .filter(Column::RemovedAt.is_null())
        .into_tuple()
        .all(tx)
        .await?;
    Ok(found.into_iter().flatten().collect())
}
