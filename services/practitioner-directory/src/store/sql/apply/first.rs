//! The first file of a directory, on PostgreSQL.
//!
//! Where nothing is known there is nothing to compare with, and nobody reads: the tables
//! are made anew beside the empty ones, filled without indexes, indexed, and put in their
//! place. At the size of the country that takes a fraction of what keeping two dozen
//! indexes right row by row does.
//!
//! The statements say what those of every other import ([`super::steps`]) come to when
//! all is new.

use aval_database::{DatabaseError, Transaction};
use aval_domain::time::Timestamp;
use sea_orm::prelude::Uuid;
use sea_orm::{ConnectionTrait, DbBackend};

use super::super::search_keys;
use super::anew::Anew;
use super::steps::{WORDS_ON_POSTGRES, execute};
use crate::import::Changes;

/// What the file fills.
const TABLES: [&str; 8] = [
    "practitioners",
    "practitioner_identifiers",
    "practitioner_words",
    "organizations",
    "organization_words",
    "activities",
    "activity_rows",
    "search_keys",
];

/// `$2` is the time and `$3` the revision.
const PRACTITIONERS: &str = "\
    INSERT INTO next_practitioners (practitioner_id, family_name, given_name, civility, \
        sort_name, active, updated_at, revision) \
    SELECT practitioner_id, family_name, given_name, civility, sort_name, TRUE, $2, $3 \
    FROM staged_practitioners WHERE import_id = $1";

const ORGANIZATIONS: &str = "\
    INSERT INTO next_organizations (organization_id, technical_id, finess, legal_finess, siret, \
        siren, rpps_rank, name, address_line, postal_code, town, town_key, town_code, \
        department_code, sector_code, sort_name, wording, active, updated_at, revision) \
    SELECT organization_id, technical_id, finess, legal_finess, siret, siren, rpps_rank, name, \
        address_line, postal_code, town, town_key, town_code, department_code, sector_code, \
        sort_name, wording, TRUE, $2, $3 \
    FROM staged_organizations WHERE import_id = $1";

const IDENTIFIERS: &str = "\
    INSERT INTO next_practitioner_identifiers (national_id, practitioner_id, wording) \
    SELECT national_id, practitioner_id, wording \
    FROM staged_practitioners WHERE import_id = $1";

/// Several rows of one practice situation, one for each skill, are one; the first row's
/// identifier is the smallest.
const ACTIVITIES: &str = "\
    INSERT INTO next_activities (activity_id, situation, practitioner_id, profession, category, \
        mode, sector, function, kind, organization_id, active) \
    SELECT s.activity_id, s.situation, p.practitioner_id, s.profession, s.category, s.mode, \
        s.sector, s.function, s.kind, o.organization_id, TRUE \
    FROM (SELECT DISTINCT ON (situation) * FROM staged_rows WHERE import_id = $1 \
        ORDER BY situation, activity_id) s \
    JOIN staged_practitioners p ON p.import_id = $1 AND p.national_id = s.national_id \
    LEFT JOIN staged_organizations o \
        ON o.import_id = $1 AND o.technical_id = s.technical_id";

const ROWS: &str = "\
    INSERT INTO next_activity_rows (row_key, activity_id, skill_type, skill_code, skill_label, \
        active) \
    SELECT s.row_key, a.activity_id, s.skill_type, s.skill_code, s.skill_label, TRUE \
    FROM staged_rows s JOIN next_activities a ON a.situation = s.situation \
    WHERE s.import_id = $1";

/// In the order of their index, which is then made without sorting them.
const PRACTITIONER_WORDS: &str = "\
    INSERT INTO next_practitioner_words (active, word, sort_name, practitioner_id) \
    SELECT TRUE, w.value, s.sort_name, s.practitioner_id FROM staged_practitioners s \
    CROSS JOIN {words} WHERE s.import_id = $1 AND w.value <> '' \
    ORDER BY w.value COLLATE \"C\", s.sort_name, s.practitioner_id";

const ORGANIZATION_WORDS: &str = "\
    INSERT INTO next_organization_words (active, word, sort_name, organization_id) \
    SELECT TRUE, w.value, s.sort_name, s.organization_id FROM staged_organizations s \
    CROSS JOIN {words} WHERE s.import_id = $1 AND w.value <> '' \
    ORDER BY w.value COLLATE \"C\", s.sort_name, s.organization_id";

/// Sorts and joins of millions of rows, which happen once.
const ROOM: &str = "SET LOCAL work_mem = '128MB'; SET LOCAL maintenance_work_mem = '256MB'";

/// Applies what is staged to a directory that is empty; `None` if it is not, or if its
/// tables are not the service's alone.
pub(super) async fn apply(
    tx: &Transaction,
    import_id: Uuid,
    now: Timestamp,
    revision: i64,
) -> Result<Option<Changes>, DatabaseError> {
    if ConnectionTrait::get_database_backend(tx) != DbBackend::Postgres {
        return Ok(None);
    }
    let Some(anew) = Anew::beside(tx, &TABLES).await? else {
        return Ok(None);
    };
    tx.execute_unprepared(ROOM).await?;
    let dated = || vec![import_id.into(), now.as_micros().into(), revision.into()];
    let import = || vec![import_id.into()];
    let people = execute(tx, PRACTITIONERS, dated()).await?;
    let structures = execute(tx, ORGANIZATIONS, dated()).await?;
    execute(tx, IDENTIFIERS, import()).await?;
    let situations = execute(tx, ACTIVITIES, import()).await?;
    execute(tx, ROWS, import()).await?;
    for words in [PRACTITIONER_WORDS, ORGANIZATION_WORDS] {
        let sql = words.replace("{words}", WORDS_ON_POSTGRES);
        execute(tx, &sql, import()).await?;
    }
    execute(tx, &search_keys::of_everybody_anew(), Vec::new()).await?;
    anew.put_in_place(tx).await?;
    Ok(Some(Changes {
        practitioner_count: people,
        practitioners_added: people,
        activity_count: situations,
        organization_count: structures,
        ..Changes::default()
    }))
}
