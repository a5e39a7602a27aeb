//! The statements that turn what is staged into the directory.
//!
//! Written as SQL because they are the hot path of the national file: each handles
//! all rows at once, inside the database. They say the same to both engines but for
//! how a text is cut into words. What an import does not touch they do not read:
//! without staged rows each of them ends at once.
//!
//! First everything that exists and is concerned is noted as touched, then new things
//! are added, then what is touched is judged again.

use aval_database::{DatabaseError, Transaction};
use aval_domain::time::Timestamp;
use sea_orm::prelude::Uuid;
use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};

use super::planning;

/// A statement and whether it takes the time (`$2`) and the revision (`$3`) of the
/// import beside its identifier (`$1`).
struct Step(&'static str, Takes);

enum Takes {
    Import,
    ImportAndTime,
    ImportTimeAndRevision,
}

/// Practice situations that gain or lose a row: also a corrected one of whose corrected place
/// the source has a row, since it may go on under that natural key.
const TOUCH_ACTIVITIES: Step = Step(
    "INSERT INTO touched_activities (import_id, activity_id, was_active) \
     SELECT $1, a.activity_id, a.active FROM activities a WHERE a.activity_id IN ( \
        SELECT known.activity_id FROM staged_rows s \
        JOIN activities known ON known.situation = s.situation WHERE s.import_id = $1 \
        UNION SELECT r.activity_id FROM staged_ends e \
        JOIN activity_rows r ON r.row_key = e.row_key WHERE e.import_id = $1 \
        UNION SELECT o.activity_id FROM attachment_overrides o WHERE o.ended_at IS NULL \
            AND o.agreed_situation IN ( \
                SELECT s.situation FROM staged_rows s WHERE s.import_id = $1))",
    Takes::Import,
);

/// People who get other names, or gain or lose a row.
const TOUCH_PRACTITIONERS: Step = Step(
    "INSERT INTO touched_practitioners (import_id, practitioner_id, was_active) \
     SELECT $1, p.practitioner_id, p.active FROM practitioners p WHERE p.practitioner_id IN ( \
        SELECT i.practitioner_id FROM staged_practitioners s \
        JOIN practitioner_identifiers i ON i.national_id = s.national_id WHERE s.import_id = $1 \
        UNION SELECT i.practitioner_id FROM staged_rows s \
        JOIN practitioner_identifiers i ON i.national_id = s.national_id WHERE s.import_id = $1 \
        UNION SELECT a.practitioner_id FROM touched_activities t \
        JOIN activities a ON a.activity_id = t.activity_id WHERE t.import_id = $1)",
    Takes::Import,
);

/// Structures in which somebody begins or ceases to practise.
const TOUCH_ORGANIZATIONS: Step = Step(
    "INSERT INTO touched_organizations (import_id, organization_id, was_active) \
     SELECT $1, o.organization_id, o.active FROM organizations o WHERE o.organization_id IN ( \
        SELECT a.organization_id FROM touched_activities t \
        JOIN activities a ON a.activity_id = t.activity_id WHERE t.import_id = $1 \
        UNION SELECT known.organization_id FROM staged_rows s \
        JOIN organizations known ON known.technical_id = s.technical_id \
        WHERE s.import_id = $1 AND NOT known.active)",
    Takes::Import,
);

const PUT_ORGANIZATIONS: Step = Step(
    "INSERT INTO organizations (organization_id, technical_id, finess, legal_finess, siret, \
        siren, rpps_rank, name, address_line, postal_code, town, town_key, town_code, \
        department_code, sector_code, sort_name, wording, active, updated_at, \
        revision) \
     SELECT organization_id, technical_id, finess, legal_finess, siret, siren, rpps_rank, name, \
        address_line, postal_code, town, town_key, town_code, department_code, sector_code, \
        sort_name, wording, TRUE, $2, $3 \
     FROM staged_organizations WHERE import_id = $1 \
     ON CONFLICT (technical_id) DO UPDATE SET finess = excluded.finess, \
        legal_finess = excluded.legal_finess, siret = excluded.siret, siren = excluded.siren, \
        rpps_rank = excluded.rpps_rank, name = excluded.name, \
        address_line = excluded.address_line, postal_code = excluded.postal_code, \
        town = excluded.town, town_key = excluded.town_key, town_code = excluded.town_code, \
        department_code = excluded.department_code, sector_code = excluded.sector_code, \
        sort_name = excluded.sort_name, wording = excluded.wording, active = TRUE, \
        name_lent = FALSE, address_lent = FALSE, \
        updated_at = excluded.updated_at, revision = excluded.revision",
    Takes::ImportTimeAndRevision,
);

const ADD_PRACTITIONERS: Step = Step(
    "INSERT INTO practitioners (practitioner_id, family_name, given_name, civility, sort_name, \
        active, updated_at, revision) \
     SELECT s.practitioner_id, s.family_name, s.given_name, s.civility, s.sort_name, TRUE, $2, $3 \
     FROM staged_practitioners s WHERE s.import_id = $1 AND NOT EXISTS ( \
        SELECT 1 FROM practitioner_identifiers i WHERE i.national_id = s.national_id)",
    Takes::ImportTimeAndRevision,
);

/// A number keeps its human for ever.
const PUT_IDENTIFIERS: Step = Step(
    "INSERT INTO practitioner_identifiers (national_id, practitioner_id, wording) \
     SELECT national_id, practitioner_id, wording FROM staged_practitioners \
     WHERE import_id = $1 \
     ON CONFLICT (national_id) DO UPDATE SET wording = excluded.wording",
    Takes::Import,
);

/// The names under a number are those of its own entry, also when that one leads to
/// another.
const RENAME_PRACTITIONERS: Step = Step(
    "UPDATE practitioners SET family_name = s.family_name, given_name = s.given_name, \
        civility = s.civility, sort_name = s.sort_name, updated_at = $2, revision = $3 \
     FROM staged_practitioners s \
     JOIN practitioner_identifiers i ON i.national_id = s.national_id \
     WHERE s.import_id = $1 AND i.practitioner_id <> s.practitioner_id \
        AND practitioners.practitioner_id = COALESCE(i.entry_id, i.practitioner_id)",
    Takes::ImportTimeAndRevision,
);

/// A practice situation whose place was corrected, and whose corrected place the source
/// names now instead of the wrong one, goes on under its new natural key.
const ADOPT_OVERRIDDEN: Step = Step(
    "UPDATE activities SET situation = o.agreed_situation FROM attachment_overrides o \
     WHERE o.ended_at IS NULL AND o.activity_id = activities.activity_id \
        AND o.agreed_situation IN (SELECT s.situation FROM staged_rows s WHERE s.import_id = $1) \
        AND NOT EXISTS (SELECT 1 FROM activities known \
            WHERE known.situation = o.agreed_situation) \
        AND NOT EXISTS (SELECT 1 FROM activity_rows r \
            WHERE r.activity_id = o.activity_id AND r.active \
                AND r.row_key NOT IN (SELECT e.row_key FROM staged_ends e \
                    WHERE e.import_id = $1))",
    Takes::Import,
);

/// A correction retires when the source holds the corrected place and not the wrong one.
const RETIRE_OVERRIDES: Step = Step(
    "UPDATE attachment_overrides SET ended_at = $2 \
     WHERE ended_at IS NULL AND activity_id IN ( \
        SELECT activity_id FROM touched_activities WHERE import_id = $1) \
        AND EXISTS (SELECT 1 FROM activities a \
            WHERE a.situation = attachment_overrides.agreed_situation AND a.active) \
        AND NOT EXISTS (SELECT 1 FROM activities a \
            WHERE a.activity_id = attachment_overrides.activity_id AND a.active \
                AND a.situation <> attachment_overrides.agreed_situation)",
    Takes::ImportAndTime,
);

/// The place is the source's own from then on.
const SETTLE_OVERRIDDEN: Step = Step(
    "UPDATE activities SET is_overridden = FALSE, \
        organization_id = CASE WHEN activities.situation = o.agreed_situation \
            THEN o.organization_id ELSE o.source_organization_id END \
     FROM attachment_overrides o \
     WHERE activities.is_overridden AND o.activity_id = activities.activity_id \
        AND o.ended_at IS NOT NULL \
        AND NOT EXISTS (SELECT 1 FROM attachment_overrides held \
            WHERE held.activity_id = activities.activity_id AND held.ended_at IS NULL) \
        AND o.revision = (SELECT MAX(last.revision) FROM attachment_overrides last \
            WHERE last.activity_id = activities.activity_id) \
        AND activities.activity_id IN ( \
            SELECT activity_id FROM touched_activities WHERE import_id = $1)",
    Takes::Import,
);

/// Several rows of one new practice situation, one for each skill, add it once.
const ADD_ACTIVITIES: Step = Step(
    "INSERT INTO activities (activity_id, situation, practitioner_id, entry_id, profession, \
        category, mode, sector, function, kind, organization_id, active) \
     SELECT s.activity_id, s.situation, i.practitioner_id, i.entry_id, s.profession, s.category, \
        s.mode, s.sector, s.function, s.kind, o.organization_id, TRUE \
     FROM staged_rows s \
     JOIN practitioner_identifiers i ON i.national_id = s.national_id \
     LEFT JOIN organizations o ON o.technical_id = s.technical_id \
     WHERE s.import_id = $1 ON CONFLICT (situation) DO NOTHING",
    Takes::Import,
);

const PUT_ROWS: Step = Step(
    "INSERT INTO activity_rows (row_key, activity_id, skill_type, skill_code, skill_label, \
        active) \
     SELECT s.row_key, a.activity_id, s.skill_type, s.skill_code, s.skill_label, TRUE \
     FROM staged_rows s JOIN activities a ON a.situation = s.situation \
     WHERE s.import_id = $1 ON CONFLICT (row_key) DO UPDATE SET active = TRUE",
    Takes::Import,
);

const END_ROWS: Step = Step(
    "UPDATE activity_rows SET active = FALSE \
     WHERE row_key IN (SELECT row_key FROM staged_ends WHERE import_id = $1)",
    Takes::Import,
);

/// A practice situation is current while the source holds a row of it.
const JUDGE_ACTIVITIES: Step = Step(
    "UPDATE activities SET active = NOT active \
     WHERE activity_id IN (SELECT activity_id FROM touched_activities WHERE import_id = $1) \
        AND active <> EXISTS (SELECT 1 FROM activity_rows r \
            WHERE r.activity_id = activities.activity_id AND r.active)",
    Takes::Import,
);

/// A skill that is no longer held in a current practice situation is forgotten; one
/// that ended keeps its skills, which say what it was.
const FORGET_ROWS: Step = Step(
    "DELETE FROM activity_rows WHERE NOT active AND activity_id IN ( \
        SELECT t.activity_id FROM touched_activities t \
        JOIN activities a ON a.activity_id = t.activity_id WHERE t.import_id = $1 AND a.active)",
    Takes::Import,
);

const JUDGE_PRACTITIONERS: Step = Step(
    "UPDATE practitioners SET updated_at = $2, revision = $3, active = EXISTS (SELECT 1 FROM activities a \
        WHERE a.practitioner_id = practitioners.practitioner_id AND a.active) \
     WHERE practitioner_id IN ( \
        SELECT practitioner_id FROM touched_practitioners WHERE import_id = $1)",
    Takes::ImportTimeAndRevision,
);

const JUDGE_ORGANIZATIONS: Step = Step(
    "UPDATE organizations SET active = EXISTS (SELECT 1 FROM activities a \
        WHERE a.organization_id = organizations.organization_id AND a.active) \
     WHERE organization_id IN ( \
        SELECT organization_id FROM touched_organizations WHERE import_id = $1)",
    Takes::Import,
);

const FORGET_ORGANIZATION_WORDS: Step = Step(
    "DELETE FROM organization_words WHERE organization_id IN ( \
        SELECT o.organization_id FROM staged_organizations s \
        JOIN organizations o ON o.technical_id = s.technical_id \
        WHERE s.import_id = $1 AND o.organization_id <> s.organization_id)",
    Takes::Import,
);

const JUDGE_ORGANIZATION_WORDS: Step = Step(
    "UPDATE organization_words SET active = NOT active WHERE EXISTS ( \
        SELECT 1 FROM touched_organizations t \
        JOIN organizations o ON o.organization_id = t.organization_id \
        WHERE t.import_id = $1 AND t.organization_id = organization_words.organization_id \
            AND o.active <> organization_words.active) \
     AND organization_id IN ( \
        SELECT organization_id FROM touched_organizations WHERE import_id = $1)",
    Takes::Import,
);

const ADD_ORGANIZATION_WORDS: &str = "\
    INSERT INTO organization_words (active, word, sort_name, organization_id) \
    SELECT o.active, w.value, o.sort_name, o.organization_id FROM staged_organizations s \
    JOIN organizations o ON o.technical_id = s.technical_id \
    CROSS JOIN {words} WHERE s.import_id = $1 AND w.value <> ''";

/// Words are separated by spaces and hold letters and digits only, so that they need
/// no escape in JSON.
const WORDS_ON_SQLITE: &str = "json_each('[\"' || replace(s.words, ' ', '\",\"') || '\"]') AS w";
const WORDS_ON_POSTGRES: &str = "unnest(string_to_array(s.words, ' ')) AS w(value)";

/// Cuts the words of `s`, which is staged, for this engine.
pub(super) fn words(tx: &Transaction) -> &'static str {
    match ConnectionTrait::get_database_backend(tx) {
        DbBackend::Postgres => WORDS_ON_POSTGRES,
        _ => WORDS_ON_SQLITE,
    }
}

const TOUCH: [Step; 3] = [TOUCH_ACTIVITIES, TOUCH_PRACTITIONERS, TOUCH_ORGANIZATIONS];

const CHANGE: [Step; 8] = [
    PUT_IDENTIFIERS,
    RENAME_PRACTITIONERS,
    PUT_ORGANIZATIONS,
    ADOPT_OVERRIDDEN,
    ADD_ACTIVITIES,
    PUT_ROWS,
    END_ROWS,
    JUDGE_ACTIVITIES,
];

const SETTLE: [Step; 6] = [
    SETTLE_OVERRIDDEN,
    FORGET_ROWS,
    JUDGE_PRACTITIONERS,
    JUDGE_ORGANIZATIONS,
    FORGET_ORGANIZATION_WORDS,
    JUDGE_ORGANIZATION_WORDS,
];

/// What only the statements know that did it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Done {
    pub(super) practitioners_added: u64,
    pub(super) overrides_retired: u64,
}

/// Applies what is staged.
pub(super) async fn run(
    tx: &Transaction,
    import_id: Uuid,
    now: Timestamp,
    revision: i64,
) -> Result<Done, DatabaseError> {
    for step in TOUCH {
        step.run(tx, import_id, now, revision).await?;
    }
    planning::look_at_touched(tx).await?;
    let practitioners_added = ADD_PRACTITIONERS.run(tx, import_id, now, revision).await?;
    for step in CHANGE {
        step.run(tx, import_id, now, revision).await?;
    }
    let overrides_retired = RETIRE_OVERRIDES.run(tx, import_id, now, revision).await?;
    for step in SETTLE {
        step.run(tx, import_id, now, revision).await?;
    }
    let add_words = ADD_ORGANIZATION_WORDS.replace("{words}", words(tx));
    execute(tx, &add_words, vec![import_id.into()]).await?;
    Ok(Done {
        practitioners_added,
        overrides_retired,
    })
}

/// Drops the notes of what was touched.
pub(super) async fn forget_touched(tx: &Transaction, import_id: Uuid) -> Result<(), DatabaseError> {
    for sql in [
        "DELETE FROM touched_practitioners WHERE import_id = $1",
        "DELETE FROM touched_activities WHERE import_id = $1",
        "DELETE FROM touched_organizations WHERE import_id = $1",
    ] {
        execute(tx, sql, vec![import_id.into()]).await?;
    }
    Ok(())
}

impl Step {
    async fn run(
        &self,
        tx: &Transaction,
        import_id: Uuid,
        now: Timestamp,
        revision: i64,
    ) -> Result<u64, DatabaseError> {
        let values = match self.1 {
            Takes::Import => vec![import_id.into()],
            Takes::ImportAndTime => vec![import_id.into(), now.as_micros().into()],
            Takes::ImportTimeAndRevision => {
                vec![import_id.into(), now.as_micros().into(), revision.into()]
            }
        };
        execute(tx, self.0, values).await
    }
}

pub(super) async fn execute(
    tx: &Transaction,
    sql: &str,
    values: Vec<Value>,
) -> Result<u64, DatabaseError> {
    let backend = ConnectionTrait::get_database_backend(tx);
    let done = tx
        .execute_raw(Statement::from_sql_and_values(backend, sql, values))
        .await?;
    Ok(done.rows_affected())
}
