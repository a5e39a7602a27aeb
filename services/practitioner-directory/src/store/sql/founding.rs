//! The first file of a directory, on its way into the tables that are to be the directory's
//! (`apply::anew`).

use aval_database::{Backend, CopiedRows, Database, Load};
use aval_domain::id::ImportId;
use aval_domain::name::search_key;
use aval_domain::time::Timestamp;
use sea_orm::prelude::Uuid;

use super::apply::Anew;
use super::staging::put;
use crate::error::Error;
use crate::import::staged::{Founded, StagedOrganization};
use crate::words::{index_words, sort_name};

/// Makes room for it, if the directory is empty and its tables are the service's own.
pub(super) async fn begin(
    db: &Database,
    import_id: ImportId,
    now: Timestamp,
) -> Result<bool, Error> {
    if db.backend() != Backend::Postgres {
        return Ok(false);
    }
    let begun = db.transaction("practitioner_directory.found", move |tx| async move {
        Anew::begin(&tx, import_id.as_uuid(), now).await
    });
    Ok(begun.await?)
}

/// Puts part of it there.
pub(super) async fn stage(
    db: &Database,
    import_id: Uuid,
    founded: &Founded,
    now: Timestamp,
) -> Result<(), Error> {
    let mut load = Load::into_database(db);
    for rows in people(founded).into_iter().chain(structures(founded)) {
        load.add_copied(rows)?;
    }
    load.add_copied(activities(founded))?;
    load.add_copied(rows(founded))?;
    put(
        db,
        "practitioner_directory.stage_first",
        load,
        import_id,
        now,
    )
    .await
}

fn people(founded: &Founded) -> [CopiedRows; 2] {
    let mut practitioners = CopiedRows::into_table(
        "next_practitioners",
        &[
            "practitioner_id",
            "family_name",
            "given_name",
            "civility",
            "sort_name",
            "active",
        ],
    );
    let mut identifiers = CopiedRows::into_table(
        "next_practitioner_identifiers",
        &["national_id", "practitioner_id", "wording"],
    );
    for person in &founded.people {
        let id = person.practitioner_id.as_uuid();
        let names = [person.family_name.as_str(), person.given_name.as_str()];
        let sorted = sort_name(&names);
        practitioners
            .row()
            .uuid(id)
            .text(&person.family_name)
            .text(&person.given_name)
            .text(&person.civility)
            .text(&sorted)
            .truth(true);
        identifiers
            .row()
            .text(&person.national_id)
            .uuid(id)
            .number(person.wording.cast_signed());
    }
    [practitioners, identifiers]
}

fn structures(founded: &Founded) -> [CopiedRows; 2] {
    let mut organizations = CopiedRows::into_table(
        "next_organizations",
        &[
            "organization_id",
            "technical_id",
            "finess",
            "legal_finess",
            "siret",
            "siren",
            "rpps_rank",
            "name",
            "address_line",
            "postal_code",
            "town",
            "town_key",
            "town_code",
            "department_code",
            "sector_code",
            "sort_name",
            "wording",
            "active",
        ],
    );
    let mut words = CopiedRows::into_table(
        "next_organization_words",
        &["active", "word", "sort_name", "organization_id"],
    );
    for o in &founded.organizations {
        let sorted = sort_name(&[o.shown_name()]);
        structure(&mut organizations, o, &sorted);
        let id = o.organization_id.as_uuid();
        for word in index_words(&[&o.name, &o.sign]) {
            words.row().truth(true).text(&word).text(&sorted).uuid(id);
        }
    }
    [organizations, words]
}

fn structure(into: &mut CopiedRows, o: &StagedOrganization, sorted: &str) {
    let mut row = into.row();
    row.uuid(o.organization_id.as_uuid())
        .text(&o.numbers.technical);
    for number in [
        &o.numbers.finess,
        &o.numbers.legal_finess,
        &o.numbers.siret,
        &o.numbers.siren,
        &o.numbers.rpps_rank,
    ] {
        match number.as_str() {
            "" => row.null(),
            number => row.text(number),
        };
    }
    row.text(o.shown_name())
        .text(&o.address_line)
        .text(&o.postal_code)
        .text(&o.town)
        .text(&search_key(&o.town))
        .text(&o.town_code)
        .text(&o.department_code)
        .text(&o.sector_code)
        .text(sorted)
        .number(o.wording.cast_signed())
        .truth(true);
}

fn activities(founded: &Founded) -> CopiedRows {
    let mut activities = CopiedRows::into_table(
        "next_activities",
        &[
            "activity_id",
            "situation",
            "practitioner_id",
            "profession",
            "category",
            "mode",
            "sector",
            "function",
            "kind",
            "organization_id",
            "active",
        ],
    );
    for activity in &founded.activities {
        let mut row = activities.row();
        row.uuid(activity.activity_id.as_uuid())
            .bytes(&activity.situation.0)
            .uuid(activity.practitioner_id.as_uuid())
            .text(activity.profession.code())
            .text(&activity.category)
            .text(&activity.mode)
            .text(&activity.sector)
            .text(&activity.function)
            .text(&activity.kind);
        match activity.organization_id {
            Some(id) => row.uuid(id.as_uuid()),
            None => row.null(),
        };
        row.truth(true);
    }
    activities
}

fn rows(founded: &Founded) -> CopiedRows {
    let mut rows = CopiedRows::into_table(
        "next_activity_rows",
        &[
            "row_key",
            "activity_id",
            "skill_type",
            "skill_code",
            "skill_label",
            "active",
        ],
    );
    for row in &founded.rows {
        let skill = row.skill.as_ref();
        let texts = skill.map_or([""; 3], |s| [&*s.type_code, &*s.code, &*s.label]);
        let mut into = rows.row();
        into.bytes(&row.row.0).uuid(row.activity_id.as_uuid());
        for text in texts {
            into.text(text);
        }
        into.truth(true);
    }
    rows
}
