//! What an import brings, kept where nobody looks until it is applied.

use std::collections::BTreeSet;

use aval_database::{Database, DatabaseError, Load, Transaction, rows};
use aval_domain::id::ImportId;
use aval_domain::name::search_key;
use aval_domain::time::Timestamp;
use sea_orm::ActiveValue::Set;
use sea_orm::prelude::Uuid;
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryTrait, UpdateMany};

use super::apply::Anew;
use super::emptying::Together;
use super::entity::{
    import, quarantined_row, staged_end, staged_establishment, staged_mailbox, staged_organization,
    staged_person_skill, staged_practitioner, staged_qualification, staged_row, staging_mark,
};
use super::{founding, kept, stored};
use crate::error::Error;
use crate::import::facts::FactKey;
use crate::import::staged::{
    Batch, StagedEstablishment, StagedMailbox, StagedOrganization, StagedPersonSkill,
    StagedPractitioner, StagedQualification, StagedRow,
};
use crate::import::{ImportState, QuarantinedRow};
use crate::words::{index_words, sort_name};

pub(super) async fn stage(
    db: &Database,
    import_id: ImportId,
    batch: &Batch,
    now: Timestamp,
) -> Result<(), Error> {
    let id = import_id.as_uuid();
    note_faults(db, id, &batch.quarantined, now).await?;
    if !batch.founded.is_empty() {
        return founding::stage(db, id, &batch.founded, now).await;
    }
    let people = batch.practitioners.iter().map(|p| person(id, p));
    let structures = batch.organizations.iter().map(|o| structure(id, o));
    let rows = batch.rows.iter().map(|row| staged(id, row));
    let skills = batch.person_skills.iter();
    let skills = skills.map(|skill| person_skill(id, skill));
    let mailboxes = batch.mailboxes.iter().map(|staged| mailbox(id, staged));
    let qualifications = batch.qualifications.iter();
    let qualifications = qualifications.map(|staged| qualification(id, staged));
    let establishments = batch.establishments.iter();
    let establishments = establishments.map(|staged| establishment(id, staged));
    let mut load = Load::into_database(db);
    load.add(people.collect())?;
    load.add(structures.collect())?;
    load.add(rows.collect())?;
    load.add(skills.collect())?;
    load.add(mailboxes.collect())?;
    load.add(qualifications.collect())?;
    load.add(establishments.collect())?;
    put(db, "practitioner_directory.stage", load, id, now).await
}

pub(super) async fn stage_ended(
    db: &Database,
    import_id: ImportId,
    rows: &[FactKey],
    now: Timestamp,
) -> Result<(), Error> {
    let id = import_id.as_uuid();
    let ends = rows.iter().map(|row| staged_end::ActiveModel {
        import_id: Set(id),
        row_key: Set(Uuid::from_bytes(row.0)),
    });
    let mut load = Load::into_database(db);
    load.add(ends.collect())?;
    put(db, "practitioner_directory.stage_ended", load, id, now).await
}

/// Puts rows of an import that is alive into their tables.
pub(super) async fn put(
    db: &Database,
    name: &'static str,
    load: Load,
    import_id: Uuid,
    now: Timestamp,
) -> Result<(), Error> {
    let guard = heard_of(import_id, now).build(db.reader().get_database_backend());
    if db.load(name, guard, load).await? {
        return Ok(());
    }
    Err(Error::ImportAbandoned)
}

/// Lists rows that were put aside. Those of a file that is read once more are listed
/// already.
async fn note_faults(
    db: &Database,
    import_id: Uuid,
    faults: &[QuarantinedRow],
    now: Timestamp,
) -> Result<(), Error> {
    if faults.is_empty() {
        return Ok(());
    }
    let faults: Vec<_> = faults.iter().map(|row| fault(import_id, row)).collect();
    let faults = &faults;
    db.transaction("practitioner_directory.note_faults", move |tx| async move {
        hear_of(&tx, import_id, now).await?;
        let key = [
            quarantined_row::Column::ImportId,
            quarantined_row::Column::Line,
        ];
        rows::insert(&tx, faults.clone(), &key).await?;
        Ok(())
    })
    .await
}

/// Begins to stage for an import. What a crash of the server may lose, it loses together
/// with the mark: an import without it has not everything that it staged.
pub(super) async fn mark(tx: &Transaction, import_id: Uuid) -> Result<(), DatabaseError> {
    let mark = staging_mark::ActiveModel {
        import_id: Set(import_id),
    };
    staging_mark::Entity::insert(mark)
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

/// Whether everything is there that was staged for an import.
pub(super) async fn is_whole(tx: &Transaction, import_id: Uuid) -> Result<bool, DatabaseError> {
    let mark = staging_mark::Entity::find_by_id(import_id).one(tx).await?;
    Ok(mark.is_some())
}

/// Drops what was staged and kept for an import.
pub(super) async fn discard(tx: &Transaction, import_id: Uuid) -> Result<(), DatabaseError> {
    discard_compared(tx, import_id).await?;
    kept::discard(tx, import_id).await
}

/// Everything that is staged: quicker than row by row where there are many, and slower where
/// there are few. Whoever begins to stage waits for the marks.
pub(super) const ALL: Together = Together {
    names_imports: "staging_marks",
    lock: "SHARE ROW EXCLUSIVE",
    tables: "staged_practitioners, staged_organizations, staged_rows, staged_ends, \
        staged_person_skills, staged_mailboxes, staged_qualifications, staged_establishments",
};

/// Drops what was staged for an import; its file stays.
pub(super) async fn discard_compared(
    tx: &Transaction,
    import_id: Uuid,
) -> Result<(), DatabaseError> {
    Anew::discard(tx, import_id).await?;
    staging_mark::Entity::delete_by_id(import_id)
        .exec(tx)
        .await?;
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
    staged_establishment::Entity::delete_many()
        .filter(staged_establishment::Column::ImportId.eq(import_id))
        .exec(tx)
        .await?;
    staged_end::Entity::delete_many()
        .filter(staged_end::Column::ImportId.eq(import_id))
        .exec(tx)
        .await?;
    Ok(())
}

/// Notes that the import is alive, and fails if it was given up meanwhile or is not whole.
async fn hear_of(tx: &Transaction, import_id: Uuid, now: Timestamp) -> Result<(), Error> {
    let heard = heard_of(import_id, now)
        .exec(tx)
        .await
        .map_err(DatabaseError::from)?;
    if heard.rows_affected == 0 {
        return Err(Error::ImportAbandoned);
    }
    Ok(())
}

/// The statement of it.
fn heard_of(import_id: Uuid, now: Timestamp) -> UpdateMany<import::Entity> {
    let mut mark = Query::select();
    mark.expr(Expr::val(1))
        .from(staging_mark::Entity)
        .and_where(staging_mark::Column::ImportId.eq(import_id));
    import::Entity::update_many()
        .set(import::ActiveModel {
            heard_at: Set(now.as_micros()),
            ..Default::default()
        })
        .filter(import::Column::ImportId.eq(import_id))
        .filter(import::Column::State.eq(ImportState::Receiving.code()))
        .filter(Expr::exists(mark))
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
        // Programs of before found people by these.
        words: Set(String::new()),
        wording: Set(person.wording.cast_signed()),
    }
}

fn structure(import_id: Uuid, o: &StagedOrganization) -> staged_organization::ActiveModel {
    let shown = o.shown_name();
    staged_organization::ActiveModel {
        import_id: Set(import_id),
        technical_id: Set(o.numbers.technical.clone()),
        organization_id: Set(o.organization_id.as_uuid()),
        finess: Set(filled(&o.numbers.finess)),
        legal_finess: Set(filled(&o.numbers.legal_finess)),
        siret: Set(filled(&o.numbers.siret)),
        siren: Set(filled(&o.numbers.siren)),
        rpps_rank: Set(filled(&o.numbers.rpps_rank)),
        name: Set(shown.to_owned()),
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

fn establishment(
    import_id: Uuid,
    staged: &StagedEstablishment,
) -> staged_establishment::ActiveModel {
    staged_establishment::ActiveModel {
        import_id: Set(import_id),
        row_key: Set(Uuid::from_bytes(staged.row.0)),
        finess: Set(staged.finess.clone()),
        name: Set(staged.name.clone()),
        sort_name: Set(sort_name(&[&staged.name])),
        words: Set(joined(index_words(&[&staged.name]))),
        address_line: Set(staged.address_line.clone()),
        postal_code: Set(staged.postal_code.clone()),
        town: Set(staged.town.clone()),
        town_key: Set(search_key(&staged.town)),
        town_code: Set(staged.town_code.clone()),
        department_code: Set(staged.department_code.clone()),
        category_code: Set(staged.category_code.clone()),
        category_label: Set(staged.category_label.clone()),
        opened_on: Set(staged.opened_on.clone()),
        wording: Set(staged.wording.cast_signed()),
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
