//! What events tell, in parts of a month each. SQLite has none.

use aval_database::conformance::{plan_of, say_not_run};
use aval_database::testing::TestDatabase;
use aval_database::{Database, migrate};
use aval_domain::event::Event;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use sea_orm_migration::MigratorTrait;

use super::fixture::Fixture;
use crate::erasure::Target;
use crate::examination::Fault;
use crate::store::Store;
use crate::store::sql::{Migrator, damage, payloads_statement};

async fn filled(test: &str) -> Option<(Fixture, Vec<Event>)> {
    let name = format!("audit::months::{test}");
    let Some(fresh) = TestDatabase::postgres(&name).await else {
        say_not_run(&name);
        return None;
    };
    migrate::migrate::<Migrator>(&fresh.db).await.unwrap();
    let fixture = Fixture::new(fresh.db.clone());
    let mut hand = fixture.take_over().await;
    let patients: [_; 3] = std::array::from_fn(|_| fixture.sample.patient_id());
    let events = patients.map(|id| fixture.sample.access(Some(id))).to_vec();
    fixture.append(&mut hand, &events).await;
    Some((fixture, events))
}

async fn column(db: &Database, sql: &str) -> Vec<String> {
    let asked = Statement::from_string(DbBackend::Postgres, sql);
    let rows = db.reader().query_all_raw(asked).await.unwrap();
    let values = rows.iter().map(|row| row.try_get_by_index(0).unwrap());
    values.collect()
}

const PARTS: &str = "SELECT relname::text FROM pg_class WHERE relispartition AND relkind = 'r' \
    AND relnamespace = current_schema()::regnamespace ORDER BY 1";

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_finds_a_part_for_each_month_to_come() {
    let Some((fixture, _)) = filled("a_part_for_each").await else {
        return;
    };
    let parts = column(&fixture.db, PARTS).await;
    assert!(parts.len() >= 13, "a year, and what is beyond: {parts:?}");
    // In one statement: a month may end meanwhile.
    let falls = "WITH kept AS (\
            INSERT INTO payloads VALUES (1000, extract(epoch FROM now())::bigint * 1000000, '') \
            RETURNING tableoid) \
        SELECT (tableoid::regclass::text LIKE '%payloads_' \
            || to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM'))::text FROM kept";
    assert_eq!(column(&fixture.db, falls).await, ["true"]);

    // A part that comes too late is left out, and nothing is lost.
    let beyond = "WITH kept AS (\
            INSERT INTO payloads \
            SELECT 1001, extract(epoch FROM now() + interval '30 months')::bigint * 1000000, '' \
            RETURNING tableoid) \
        SELECT tableoid::regclass::text FROM kept";
    let there = column(&fixture.db, beyond).await;
    assert!(there[0].ends_with("payloads_other"), "{there:?}");
    let make = "SELECT make_payload_months(36)::text";
    column(&fixture.db, make).await;
    let more = column(&fixture.db, PARTS).await;
    assert!(more.len() >= parts.len() + 10, "{more:?}");
    let kept = "SELECT tableoid::regclass::text FROM payloads WHERE log_index = 1001";
    assert_eq!(column(&fixture.db, kept).await, there);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_serves_makes_the_months_and_no_other_table() {
    let name = "audit::months::who_serves";
    let Some(fresh) = TestDatabase::postgres(name).await else {
        return say_not_run(name);
    };
    let roles = fresh.roles().await;
    migrate::migrate::<Migrator>(&roles.migrator).await.unwrap();
    let fixture = Fixture::new(roles.serving.clone());
    let mut hand = fixture.take_over().await;
    let events = [fixture.sample.access(Some(fixture.sample.patient_id()))];
    fixture.append(&mut hand, &events).await;
    let entry = fixture.store.event(events[0].event_id).await.unwrap();
    assert_eq!(entry.unwrap().open().unwrap().event, events[0]);
    assert!(column(&roles.serving, PARTS).await.len() >= 13);
    let create = "CREATE TABLE payloads_more (LIKE payloads)";
    let refused = roles.serving.reader().execute_unprepared(create).await;
    assert!(refused.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_stands_in_its_month_alone_until_it_is_erased() {
    let Some((fixture, events)) = filled("until_it_is_erased").await else {
        return;
    };
    let in_events = "SELECT count(*)::text FROM events WHERE payload = ''";
    assert_eq!(column(&fixture.db, in_events).await, ["3"]);
    let told = "SELECT log_index::text FROM payloads ORDER BY 1";
    assert_eq!(column(&fixture.db, told).await, ["0", "1", "2"]);
    let mut hand = fixture.take_over().await;
    let target = Target::Patient(events[1].patient_id.unwrap());
    fixture.erase(&mut hand, target).await;
    // The entry that says so is told as well.
    assert_eq!(column(&fixture.db, told).await, ["0", "2", "3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_told_is_there_on_the_way_down_and_up_again() {
    let Some((fixture, events)) = filled("down_and_up").await else {
        return;
    };
    let before = damage::payloads(&fixture.db).await;
    for _ in 0..2 {
        // To before there were months.
        Migrator::down(fixture.db.reader(), Some(3)).await.unwrap();
        let column_alone = "SELECT octet_length(payload)::text FROM events";
        let lengths = column(&fixture.db, column_alone).await;
        assert!(!lengths.contains(&"0".to_owned()), "{lengths:?}");
        Migrator::up(fixture.db.reader(), None).await.unwrap();
        assert_eq!(damage::payloads(&fixture.db).await, before);
        for event in &events {
            let entry = fixture.store.event(event.event_id).await.unwrap();
            assert_eq!(entry.unwrap().open().unwrap().event, *event);
        }
    }
    // Old rows and new ones stand side by side.
    let mut hand = fixture.take_over().await;
    let later = [fixture.sample.access(events[0].patient_id)];
    fixture.append(&mut hand, &later).await;
    let told = damage::payloads(&fixture.db).await;
    assert_eq!(told.len(), 4);
    let found = fixture.store.examine(&fixture.key).await.unwrap();
    // The fixture keeps no producer's numbers.
    let is_of_producer =
        |fault: &Fault| matches!(fault, Fault::Producer { .. } | Fault::Number { .. });
    assert!(
        found.faults.iter().all(is_of_producer),
        "{:?}",
        found.faults
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_looks_into_months_by_their_indexes() {
    let Some((fixture, _)) = filled("by_their_indexes").await else {
        return;
    };
    let without = ["enable_seqscan", "enable_hashjoin", "enable_mergejoin"];
    let statement = payloads_statement(vec![0, 1], vec![1, 1]);
    let plan = plan_of(&fixture.db, &statement, &without).await.join("\n");
    assert!(!plan.contains("Seq Scan"), "{plan}");
    assert!(plan.contains("payloads_other_pkey"), "{plan}");
}
