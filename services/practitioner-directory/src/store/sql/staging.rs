//! What an import brings, kept where nobody looks until it is applied.

use std::collections::BTreeSet;

use aval_database::{Database, DatabaseError, Transaction};
use aval_domain::id::ImportId;
use aval_domain::name::search_key;
use aval_domain::time::Timestamp;
use sea_orm::ActiveValue::Set;
use sea_orm::prelude::Uuid;
use sea_orm::{ActiveModelTrait, ColumnTrait, DbErr, EntityTrait, QueryFilter};

use super::entity::{
    import, quarantined_row, staged_end, staged_mailbox, staged_organization, staged_person_skill,
    staged_practitioner, staged_qualification, staged_row,
};
use super::{kept, stored};
use crate::error::Error;
use crate::import::facts::FactKey;
use crate::import::staged::{
    Batch, StagedMailbox, StagedOrganization, StagedPersonSkill, StagedPractitioner,
    StagedQualification, StagedRow,
};
use crate::import::{ImportState, QuarantinedRow};
use crate::words::{index_words, sort_name};

/// How many rows one statement inserts: at most 20 parameters each, and both engines
/// take more than 30,000.
const ROWS_PER_INSERT: usize = 1_000;

pub(super) async fn stage(
    db: &Database,
    import_id: ImportId,
    batch: &Batch,
    now: Timestamp,
) -> Result<(), Error> {
    let id = import_id.as_uuid();
    let people: Vec<_> = batch.practitioners.iter().map(|p| person(id, p)).collect();
    let structures: Vec<_> = batch
        .organizations
        .iter()
        .map(|o| structure(id, o))
        .collect();
    let rows: Vec<_> = batch.rows.iter().map(|row| staged(id, row)).collect();
    let skills = batch.person_skills.iter();
    let skills: Vec<_> = skills.map(|skill| person_skill(id, skill)).collect();
    let mailboxes = batch.mailboxes.iter();
    let mailboxes: Vec<_> = mailboxes.map(|staged| mailbox(id, staged)).collect();
    let qualifications = batch.qualifications.iter();
    let qualifications: Vec<_> = qualifications
        .map(|staged| qualification(id, staged))
        .collect();
    let faults: Vec<_> = batch.quarantined.iter().map(|row| fault(id, row)).collect();
    let (people, structures, rows) = (&people, &structures, &rows);
    let (skills, mailboxes) = (&skills, &mailboxes);
    let (qualifications, faults) = (&qualifications, &faults);
    db.transaction("practitioner_directory.stage", move |tx| async move {
        hear_of(&tx, id, now).await?;
        insert_all(&tx, people).await?;
        insert_all(&tx, structures).await?;
        insert_all(&tx, rows).await?;
        insert_all(&tx, skills).await?;
        insert_all(&tx, mailboxes).await?;
        insert_all(&tx, qualifications).await?;
        insert_all(&tx, faults).await
    })
    .await
}

pub(super) async fn stage_ended(
    db: &Database,
    import_id: ImportId,
    rows: &[FactKey],
    now: Timestamp,
) -> Result<(), Error> {
    let id = import_id.as_uuid();
    let ends: Vec<_> = rows
        .iter()
        .map(|row| staged_end::ActiveModel {
            import_id: Set(id),
            row_key: Set(Uuid::from_bytes(row.0)),
        })
        .collect();
    let ends = &ends;
    db.transaction("practitioner_directory.stage_ended", move |tx| async move {
        hear_of(&tx, id, now).await?;
        insert_all(&tx, ends).await
    })
    .await
}

/// Drops what was staged and kept for an import.
pub(super) async fn discard(tx: &Transaction, import_id: Uuid) -> Result<(), DatabaseError> {
    discard_compared(tx, import_id).await?;
    kept::discard(tx, import_id).await
}

/// Drops what was staged for an import; its file stays.
pub(super) async fn discard_compared(
    tx: &Transaction,
    import_id: Uuid,
) -> Result<(), DatabaseError> {
    staged_practitioner::Entity::delete_many()
        .filter(staged_practitioner::Column::ImportId.eq(import_id))
        .exec(tx)
        .await?;
    staged_organization::Entity::delete_many()
        .filter(staged_organization::Column::ImportId.eq(import_id))
        .exec(tx)
        .await?;
    staged_row::Entity::delete_many()
        .filter(staged_row::Column::ImportId.eq(import_id))
        .exec(tx)
        .await?;
    staged_person_skill::Entity::delete_many()
        .filter(staged_person_skill::Column::ImportId.eq(import_id))
        .exec(tx)
        .await?;
    staged_mailbox::Entity::delete_many()
        .filter(staged_mailbox::Column::ImportId.eq(import_id))
        .exec(tx)
        .await?;
    staged_qualification::Entity::delete_many()
        .filter(staged_qualification::Column::ImportId.eq(import_id))
        .exec(tx)
        .await?;
    staged_end::Entity::delete_many()
        .filter(staged_end::Column::ImportId.eq(import_id))
        .exec(tx)
        .await?;
    Ok(())
}

/// Notes that the import is alive, and fails if it was given up meanwhile.
pub(super) async fn hear_of(
    tx: &Transaction,
    import_id: Uuid,
    now: Timestamp,
) -> Result<(), Error> {
    let heard = import::Entity::update_many()
        .set(import::ActiveModel {
            heard_at: Set(now.as_micros()),
            ..Default::default()
        })
        .filter(import::Column::ImportId.eq(import_id))
        .filter(import::Column::State.eq(ImportState::Receiving.code()))
        .exec(tx)
        .await
        .map_err(DatabaseError::from)?;
    if heard.rows_affected == 0 {
        return Err(Error::ImportAbandoned);
    }
    Ok(())
}

/// Inserts what is not there yet: of one key, the first holds.
async fn insert_all<A>(tx: &Transaction, rows: &[A]) -> Result<(), Error>
where
    A: ActiveModelTrait + Clone,
{
    for chunk in rows.chunks(ROWS_PER_INSERT) {
        let inserted = A::Entity::insert_many(chunk.iter().cloned())
            .on_conflict_do_nothing()
            .exec_without_returning(tx)
            .await;
        inserted.map_err(|error: DbErr| DatabaseError::from(error))?;
    }
    Ok(())
}

fn person(import_id: Uuid, person: &StagedPractitioner) -> staged_practitioner::ActiveModel {
    let names = [person.family_name.as_str(), person.given_name.as_str()];
    staged_practitioner::ActiveModel {
        import_id: Set(import_id),
        national_id: Set(person.national_id.clone()),
        practitioner_id: Set(person.practitioner_id.as_uuid()),
        family_name: Set(person.family_name.clone()),
        given_name: Set(person.given_name.clone()),
        civility: Set(person.civility.clone()),
        sort_name: Set(sort_name(&names)),
        words: Set(joined(index_words(&names))),
        wording: Set(person.wording.cast_signed()),
    }
}

fn structure(import_id: Uuid, o: &StagedOrganization) -> staged_organization::ActiveModel {
    let shown = if o.name.is_empty() { &o.sign } else { &o.name };
    staged_organization::ActiveModel {
        import_id: Set(import_id),
        technical_id: Set(o.numbers.technical.clone()),
        organization_id: Set(o.organization_id.as_uuid()),
        finess: Set(filled(&o.numbers.finess)),
        legal_finess: Set(filled(&o.numbers.legal_finess)),
        siret: Set(filled(&o.numbers.siret)),
        siren: Set(filled(&o.numbers.siren)),
        rpps_rank: Set(filled(&o.numbers.rpps_rank)),
        name: Set(shown.clone()),
        address_line: Set(o.address_line.clone()),
        postal_code: Set(o.postal_code.clone()),
        town: Set(o.town.clone()),
        town_key: Set(search_key(&o.town)),
        town_code: Set(o.town_code.clone()),
        department_code: Set(o.department_code.clone()),
        sector_code: Set(o.sector_code.clone()),
        sort_name: Set(sort_name(&[shown])),
        words: Set(joined(index_words(&[&o.name, &o.sign]))),
        wording: Set(o.wording.cast_signed()),
    }
}

fn staged(import_id: Uuid, row: &StagedRow) -> staged_row::ActiveModel {
    let skill = row.skill.clone();
    let (skill_type, skill_code, skill_label) = skill
        .map(|skill| (skill.type_code, skill.code, skill.label))
        .unwrap_or_default();
    staged_row::ActiveModel {
        import_id: Set(import_id),
        row_key: Set(Uuid::from_bytes(row.row.0)),
        situation: Set(Uuid::from_bytes(row.situation.0)),
        activity_id: Set(row.activity_id.as_uuid()),
        national_id: Set(row.national_id.clone()),
        technical_id: Set(row.technical_id.clone()),
        profession: Set(row.profession.code().to_owned()),
        category: Set(row.category.clone()),
        mode: Set(row.mode.clone()),
        sector: Set(row.sector.clone()),
        function: Set(row.function.clone()),
        kind: Set(row.kind.clone()),
        skill_type: Set(skill_type),
        skill_code: Set(skill_code),
        skill_label: Set(skill_label),
    }
}

fn person_skill(import_id: Uuid, staged: &StagedPersonSkill) -> staged_person_skill::ActiveModel {
    staged_person_skill::ActiveModel {
        import_id: Set(import_id),
        row_key: Set(Uuid::from_bytes(staged.row.0)),
        national_id: Set(staged.national_id.clone()),
        profession: Set(staged.profession.code().to_owned()),
        category: Set(staged.category.clone()),
        skill_type: Set(staged.skill.type_code.clone()),
        skill_code: Set(staged.skill.code.clone()),
        skill_label: Set(staged.skill.label.clone()),
    }
}

fn mailbox(import_id: Uuid, staged: &StagedMailbox) -> staged_mailbox::ActiveModel {
    staged_mailbox::ActiveModel {
        import_id: Set(import_id),
        row_key: Set(Uuid::from_bytes(staged.row.0)),
        holder: Set(staged.holder.clone()),
        address: Set(staged.address.clone()),
    }
}

fn qualification(
    import_id: Uuid,
    staged: &StagedQualification,
) -> staged_qualification::ActiveModel {
    let said = &staged.qualification;
    staged_qualification::ActiveModel {
        import_id: Set(import_id),
        row_key: Set(Uuid::from_bytes(staged.row.0)),
        national_id: Set(staged.national_id.clone()),
        kind: Set(said.kind.code().to_owned()),
        type_code: Set(said.type_code.clone()),
        type_label: Set(said.type_label.clone()),
        code: Set(said.code.clone()),
        label: Set(said.label.clone()),
    }
}

fn fault(import_id: Uuid, row: &QuarantinedRow) -> quarantined_row::ActiveModel {
    quarantined_row::ActiveModel {
        import_id: Set(import_id),
        line: Set(stored(row.line)),
        column_name: Set(row.column.clone()),
        reason: Set(row.reason.clone()),
    }
}

/// Words hold letters and digits only, so a space separates them.
fn joined(words: BTreeSet<String>) -> String {
    words.into_iter().collect::<Vec<_>>().join(" ")
}

fn filled(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
