//! The first file of a directory, which PostgreSQL is given in tables made anew.

use aval_database::DatabaseError;
use aval_domain::id::ImportId;
use futures::future::join;
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::*;
use crate::change::ChangePosition;

aval_database::conformance_suite! {
    migrator: Migrator,
    store: Fixture::trusting,
    tests: [
        the_tables_are_what_the_migrations_made,
        a_table_that_others_may_read_stays_theirs,
        readers_of_an_empty_directory_see_it_or_the_first_file,
        a_first_file_that_was_given_up_leaves_room_for_another,
        made_anew_or_row_by_row_the_tables_hold_the_same,
        the_tables_hold_the_same_in_whatever_order_the_rows_come,
        a_suspicious_first_file_leaves_no_table_and_is_applied_once_it_is_approved,
        tables_of_an_import_that_ended_unheard_give_way,
    ],
}

/// Every table, index and constraint of PostgreSQL, as it defines them; nothing on SQLite.
async fn schema(fixture: &Fixture) -> Vec<String> {
    let reader = fixture.db.reader();
    if reader.get_database_backend() != DbBackend::Postgres {
        return Vec::new();
    }
    let sql = "\
        SELECT indexdef AS line FROM pg_indexes WHERE schemaname = current_schema() \
        UNION ALL SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) \
            FROM pg_constraint WHERE connamespace = current_schema()::regnamespace \
        UNION ALL SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable, \
            column_default, collation_name) \
            FROM information_schema.columns WHERE table_schema = current_schema() \
        ORDER BY line";
    let statement = Statement::from_string(DbBackend::Postgres, sql);
    let rows = reader.query_all_raw(statement).await.unwrap();
    rows.iter()
        .map(|row| row.try_get("", "line").unwrap())
        .collect()
}

impl Fixture {
    /// Whether there are tables on their way into the directory.
    async fn has_tables_beside(&self) -> bool {
        let reader = self.db.reader();
        if reader.get_database_backend() != DbBackend::Postgres {
            return false;
        }
        let sql = "SELECT COUNT(*) AS number FROM pg_class \
            WHERE relnamespace = current_schema()::regnamespace AND starts_with(relname, 'next_')";
        let statement = Statement::from_string(DbBackend::Postgres, sql);
        let row = reader.query_one_raw(statement).await.unwrap().unwrap();
        row.try_get::<i64>("", "number").unwrap() > 0
    }

    /// Makes everything empty again that a file fills.
    async fn empty(&self) {
        let empty = "TRUNCATE practitioners, practitioner_identifiers, organizations, \
            organization_words, activities, activity_rows, sources";
        let emptied = self.db.transaction("test.empty", async |tx| {
            tx.execute_unprepared(empty).await?;
            Ok::<_, DatabaseError>(())
        });
        emptied.await.unwrap();
        self.sql.forget_index();
    }

    /// A table that somebody else may read is not made anew.
    async fn let_others_read(&self) {
        let granted = self.db.transaction("test.grant", async |tx| {
            tx.execute_unprepared("GRANT SELECT ON activities TO PUBLIC")
                .await?;
            Ok::<_, DatabaseError>(())
        });
        granted.await.unwrap();
    }

    async fn applied_text(&self, text: Vec<u8>) -> Import {
        self.clock.advance(Duration::from_hours(24));
        let request = RequestId::new(self.environment.random.as_ref());
        let name = file_name(self.clock.now());
        let import = self.send(request, name, text).await.unwrap();
        assert_eq!(import.state, ImportState::Applied, "{import:?}");
        import
    }
}

async fn the_tables_are_what_the_migrations_made(fixture: &Fixture) {
    let before = schema(fixture).await;
    fixture.applied(&synthesized(50)).await;
    assert_eq!(schema(fixture).await, before);
}

async fn a_table_that_others_may_read_stays_theirs(fixture: &Fixture) {
    let backend = fixture.db.reader().get_database_backend();
    if backend != DbBackend::Postgres {
        return;
    }
    fixture.let_others_read().await;
    let directory = synthesized(50);
    fixture.applied(&directory).await;
    assert_eq!(fixture.find_all(&directory.people).await.len(), 50);
    let sql = "SELECT relacl IS NOT NULL AS granted FROM pg_class \
        WHERE oid = 'activities'::regclass";
    let statement = Statement::from_string(backend, sql);
    let row = fixture.db.reader().query_one_raw(statement).await.unwrap();
    assert!(row.unwrap().try_get::<bool>("", "granted").unwrap());
}

async fn readers_of_an_empty_directory_see_it_or_the_first_file(fixture: &Fixture) {
    let directory = synthesized(400);
    let done = std::sync::atomic::AtomicBool::new(false);
    let importing = async {
        fixture.applied(&directory).await;
        done.store(true, std::sync::atomic::Ordering::SeqCst);
    };
    let reading = async {
        let mut seen_empty = 0;
        loop {
            let is_last = done.load(std::sync::atomic::Ordering::SeqCst);
            let changes = fixture.store.changes_after(ChangePosition::START, 10_000);
            let told = changes.await.unwrap().len();
            let found = fixture.find(&directory.people[399]).await;
            if told > 0 {
                assert!(found.is_some(), "what was there is there");
            }
            seen_empty += usize::from(told == 0);
            if is_last {
                assert!(told >= 400 && found.is_some(), "{told}");
                break seen_empty;
            }
            tokio::task::yield_now().await;
        }
    };
    let ((), seen_empty) = join(importing, reading).await;
    assert!(seen_empty > 0, "somebody read while the import went on");
}

async fn a_first_file_that_was_given_up_leaves_room_for_another(fixture: &Fixture) {
    let directory = synthesized(50);
    let mut text = text_of(&directory);
    text.truncate(text.len() / 2);
    fixture.clock.advance(Duration::from_hours(1));
    let name = file_name(fixture.clock.now());
    let request = RequestId::new(fixture.environment.random.as_ref());
    let cut = fixture.send(request, name, text).await;
    assert!(matches!(cut, Err(Error::FileMalformed { .. })), "{cut:?}");
    let nobody = fixture.find(&directory.people[0]).await;
    assert!(nobody.is_none());
    assert!(!fixture.has_tables_beside().await);
    let import = fixture.applied(&directory).await;
    assert_eq!(import.report.changes.practitioners_added, 50);
    assert_eq!(fixture.find_all(&directory.people).await.len(), 50);
}

/// What a first file fills, in natural keys: identifiers are drawn, times pass.
const FILLED: [&str; 5] = [
    "SELECT i.national_id, i.wording, i.entry_id, p.family_name, p.given_name, p.civility, \
        p.sort_name, p.active, p.merged_into FROM practitioner_identifiers i \
        JOIN practitioners p ON p.practitioner_id = i.practitioner_id",
    "SELECT technical_id, finess, legal_finess, siret, siren, rpps_rank, name, address_line, \
        postal_code, town, town_key, town_code, department_code, sector_code, sort_name, \
        wording, active, name_lent, address_lent FROM organizations",
    "SELECT o.technical_id, w.active, w.word, w.sort_name FROM organization_words w \
        JOIN organizations o ON o.organization_id = w.organization_id",
    "SELECT i.national_id, a.situation, a.entry_id, a.profession, a.category, a.mode, a.sector, \
        a.function, a.kind, o.technical_id, a.active, a.is_overridden FROM activities a \
        JOIN practitioner_identifiers i ON i.practitioner_id = a.practitioner_id \
        LEFT JOIN organizations o ON o.organization_id = a.organization_id",
    "SELECT a.situation, r.row_key, r.skill_type, r.skill_code, r.skill_label, r.active \
        FROM activity_rows r JOIN activities a ON a.activity_id = r.activity_id",
];

async fn filled(fixture: &Fixture) -> Vec<Vec<String>> {
    let mut tables = Vec::new();
    for rows in FILLED {
        let sql = format!("SELECT CAST(row AS text) AS row FROM ({rows}) row ORDER BY 1");
        let statement = Statement::from_string(DbBackend::Postgres, sql);
        let rows = fixture.db.reader().query_all_raw(statement).await.unwrap();
        let rows = rows.iter().map(|row| row.try_get("", "row").unwrap());
        tables.push(rows.collect());
    }
    tables
}

async fn made_anew_or_row_by_row_the_tables_hold_the_same(fixture: &Fixture) {
    if fixture.db.reader().get_database_backend() != DbBackend::Postgres {
        return;
    }
    let directory = synthesized(400);
    let anew = fixture.applied(&directory).await.report;
    let expected = filled(fixture).await;
    assert!(expected.iter().all(|rows| rows.len() > 100));
    fixture.empty().await;
    fixture.let_others_read().await;
    let row_by_row = fixture.applied(&directory).await.report;
    assert_eq!(row_by_row, anew);
    for (rows, expected) in filled(fixture).await.into_iter().zip(expected) {
        assert_eq!(rows, expected);
    }
}

async fn the_tables_hold_the_same_in_whatever_order_the_rows_come(fixture: &Fixture) {
    if fixture.db.reader().get_database_backend() != DbBackend::Postgres {
        return;
    }
    let text = text_of(&synthesized(400));
    let mut lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
    let rows = lines.split_off(1);
    // The rows of one person stand apart.
    let every_third = |first| rows.iter().skip(first).step_by(3).copied();
    lines.extend((0..3).flat_map(every_third));
    let text = lines.concat();
    let anew = fixture.applied_text(text.clone()).await.report;
    let expected = filled(fixture).await;
    fixture.empty().await;
    fixture.let_others_read().await;
    assert_eq!(fixture.applied_text(text).await.report, anew);
    for (rows, expected) in filled(fixture).await.into_iter().zip(expected) {
        assert_eq!(rows, expected);
    }
}

async fn a_suspicious_first_file_leaves_no_table_and_is_applied_once_it_is_approved(
    fixture: &Fixture,
) {
    let strict = Fixture::new(fixture.db.clone());
    let directory = synthesized(50);
    let mut text = text_of(&directory);
    text.extend(b"no row\n".repeat(10));
    let name = file_name(strict.clock.now());
    let request = RequestId::new(strict.environment.random.as_ref());
    let held = strict.send(request, name, text).await.unwrap();
    assert_eq!(held.state, ImportState::Suspended);
    assert_eq!(held.report.changes.practitioners_added, 50);
    assert!(!strict.has_tables_beside().await);
    assert!(strict.find(&directory.people[0]).await.is_none());
    let approved = strict.approve(held.import_id).await.unwrap();
    assert_eq!(approved.state, ImportState::Applied);
    assert_eq!(approved.report.changes, held.report.changes);
    assert_eq!(strict.find_all(&directory.people).await.len(), 50);
    assert!(!strict.has_tables_beside().await);
}

/// As a process leaves them that is killed in the middle of a file.
async fn tables_of_an_import_that_ended_unheard_give_way(fixture: &Fixture) {
    let abandoned = ImportId::new(fixture.clock.now(), fixture.environment.random.as_ref());
    let now = fixture.clock.now();
    if !fixture.store.found(abandoned, now).await.unwrap() {
        return;
    }
    assert!(fixture.has_tables_beside().await);
    let directory = synthesized(50);
    fixture.applied(&directory).await;
    assert_eq!(fixture.find_all(&directory.people).await.len(), 50);
    assert!(!fixture.has_tables_beside().await);
}
