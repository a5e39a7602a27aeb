//! The statements that apply what a source says of people and structures known from
//! elsewhere.
//!
//! Facts name their holder by number: whoever is not known yet has them from the moment
//! that they are, and whoever is merged takes them along. A fact is there or it is not;
//! what the file no longer holds is deleted.

use aval_database::{DatabaseError, Transaction};
use aval_domain::time::Timestamp;
use sea_orm::prelude::Uuid;
use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};

use super::super::count;
use super::steps::execute;
use crate::import::Changes;

/// What a source says: where it is kept, where it is staged, and of whom.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    table: &'static str,
    staged: &'static str,
    /// The columns of both tables, without that of the import.
    columns: &'static str,
    /// The column that names the holder.
    holder: &'static str,
    /// Tells those as changed who are shown otherwise once the facts `x` begin or end.
    tell: &'static [&'static str],
    /// Takes the known ones away from a list of holders.
    known: &'static str,
}

/// What people can do. Practice situations have skills of their own: a fact that says
/// the same is not seen.
pub(super) const SKILLS: Facts = Facts {
    table: "person_skills",
    staged: "staged_person_skills",
    columns: "row_key, national_id, profession, category, skill_type, skill_code, skill_label",
    holder: "national_id",
    tell: &["UPDATE practitioners SET updated_at = $2, revision = $3 \
        WHERE practitioner_id IN (SELECT a.practitioner_id FROM ({facts}) x \
            JOIN practitioner_identifiers i ON i.national_id = x.national_id \
            JOIN activities a ON a.practitioner_id = i.practitioner_id \
                AND a.profession = x.profession AND a.category = x.category \
            WHERE NOT EXISTS (SELECT 1 FROM activity_rows r \
                WHERE r.activity_id = a.activity_id AND r.skill_type = x.skill_type \
                    AND r.skill_code = x.skill_code))"],
    known: "EXCEPT SELECT national_id FROM practitioner_identifiers",
};

/// What people obtained or were granted in order to practise.
pub(super) const QUALIFICATIONS: Facts = Facts {
    table: "qualifications",
    staged: "staged_qualifications",
    columns: "row_key, national_id, kind, type_code, type_label, code, label",
    holder: "national_id",
    tell: &["UPDATE practitioners SET updated_at = $2, revision = $3 \
        WHERE practitioner_id IN (SELECT i.practitioner_id FROM ({facts}) x \
            JOIN practitioner_identifiers i ON i.national_id = x.national_id)"],
    known: "EXCEPT SELECT national_id FROM practitioner_identifiers",
};

/// Where people and structures get secure health mail.
pub(super) const MAILBOXES: Facts = Facts {
    table: "mailboxes",
    staged: "staged_mailboxes",
    columns: "row_key, holder, address",
    holder: "holder",
    tell: &[
        "UPDATE practitioners SET updated_at = $2, revision = $3 \
            WHERE practitioner_id IN (SELECT i.practitioner_id FROM ({facts}) x \
                JOIN practitioner_identifiers i ON i.national_id = x.holder)",
        "UPDATE organizations SET updated_at = $2, revision = $3 \
            WHERE technical_id IN (SELECT substr(x.holder, 2) FROM ({facts}) x) \
                OR finess IN (SELECT substr(x.holder, 2) FROM ({facts}) x) \
                OR siret IN (SELECT substr(x.holder, 2) FROM ({facts}) x) \
                OR rpps_rank IN (SELECT substr(x.holder, 2) FROM ({facts}) x)",
    ],
    known: "EXCEPT SELECT national_id FROM practitioner_identifiers \
        EXCEPT SELECT '=' || technical_id FROM organizations \
        EXCEPT SELECT '=' || finess FROM organizations WHERE finess IS NOT NULL \
        EXCEPT SELECT '=' || siret FROM organizations WHERE siret IS NOT NULL \
        EXCEPT SELECT '=' || rpps_rank FROM organizations WHERE rpps_rank IS NOT NULL",
};

/// Whom the import is about, and whether anything was said of them before.
const TOUCH: &str = "\
    INSERT INTO touched_holders (import_id, holder, was_told_of) \
    SELECT $1, x.holder, EXISTS (SELECT 1 FROM {table} f WHERE f.{holder} = x.holder) \
    FROM (SELECT DISTINCT {holder} AS holder FROM ({facts}) every_fact) x";

const END: &str = "\
    DELETE FROM {table} WHERE row_key IN ( \
        SELECT row_key FROM staged_ends WHERE import_id = $1)";

const BEGIN: &str = "\
    INSERT INTO {table} ({columns}) SELECT {columns} FROM {staged} WHERE import_id = $1 \
    ON CONFLICT (row_key) DO NOTHING";

/// What begins and what ends. Read before it is applied.
const FACTS: &str = "\
    SELECT {columns} FROM {staged} WHERE import_id = $1 \
    UNION ALL SELECT {ended} FROM staged_ends e JOIN {table} f ON f.row_key = e.row_key \
        WHERE e.import_id = $1";

const ADDED: &str = "\
    SELECT COUNT(*) AS number FROM touched_holders t \
    WHERE t.import_id = $1 AND NOT t.was_told_of";

const CHANGED: &str = "\
    SELECT COUNT(*) AS number FROM touched_holders t \
    WHERE t.import_id = $1 AND t.was_told_of \
        AND EXISTS (SELECT 1 FROM {table} f WHERE f.{holder} = t.holder)";

const DEACTIVATED: &str = "\
    SELECT COUNT(*) AS number FROM touched_holders t \
    WHERE t.import_id = $1 \
        AND NOT EXISTS (SELECT 1 FROM {table} f WHERE f.{holder} = t.holder)";

const TOLD_OF: &str = "SELECT COUNT(DISTINCT {holder}) AS number FROM {table}";

const UNKNOWN: &str = "\
    SELECT COUNT(*) AS number FROM (SELECT {holder} FROM {table} {known}) AS unknown_holders";

impl Facts {
    /// Applies what is staged, and counts what that changed.
    pub(super) async fn apply(
        self,
        tx: &Transaction,
        import_id: Uuid,
        now: Timestamp,
        revision: i64,
        practitioners_before: u64,
    ) -> Result<Changes, DatabaseError> {
        self.prepare(tx).await?;
        let import = || vec![import_id.into()];
        execute(tx, &self.sql(TOUCH), import()).await?;
        for tell in self.tell {
            let values = vec![import_id.into(), now.as_micros().into(), revision.into()];
            execute(tx, &self.sql(tell), values).await?;
        }
        execute(tx, &self.sql(END), import()).await?;
        execute(tx, &self.sql(BEGIN), import()).await?;
        let changes = Changes {
            practitioners_before,
            practitioners_added: self.number(tx, ADDED, Some(import_id)).await?,
            practitioners_changed: self.number(tx, CHANGED, Some(import_id)).await?,
            practitioners_deactivated: self.number(tx, DEACTIVATED, Some(import_id)).await?,
            practitioner_count: self.number(tx, TOLD_OF, None).await?,
            practitioners_unknown: self.number(tx, UNKNOWN, None).await?,
            ..Changes::default()
        };
        let forget = "DELETE FROM touched_holders WHERE import_id = $1";
        execute(tx, forget, import()).await?;
        Ok(changes)
    }

    /// Lets the statements take as long as they need, and know how much is staged.
    async fn prepare(self, tx: &Transaction) -> Result<(), DatabaseError> {
        if ConnectionTrait::get_database_backend(tx) == DbBackend::Postgres {
            tx.execute_unprepared("SET LOCAL statement_timeout = 0")
                .await?;
            let analyze = format!("ANALYZE {}, staged_ends", self.staged);
            tx.execute_unprepared(&analyze).await?;
        }
        Ok(())
    }

    fn sql(self, statement: &str) -> String {
        let ended: Vec<String> = self
            .columns
            .split(", ")
            .map(|column| format!("f.{column}"))
            .collect();
        statement
            .replace("{facts}", FACTS)
            .replace("{ended}", &ended.join(", "))
            .replace("{columns}", self.columns)
            .replace("{staged}", self.staged)
            .replace("{known}", self.known)
            .replace("{holder}", self.holder)
            .replace("{table}", self.table)
    }

    async fn number(
        self,
        tx: &Transaction,
        statement: &str,
        import_id: Option<Uuid>,
    ) -> Result<u64, DatabaseError> {
        let backend = ConnectionTrait::get_database_backend(tx);
        let values = import_id.map(Value::from);
        let sql = self.sql(statement);
        let row = tx
            .query_one_raw(Statement::from_sql_and_values(backend, sql, values))
            .await?;
        let number = row.map_or(Ok(0), |row| row.try_get("", "number"))?;
        count(self.table, "count", number)
    }
}
