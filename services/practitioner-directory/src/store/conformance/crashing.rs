//! What a crash of the server empties is not taken for all there was.

use sea_orm::ConnectionTrait;

use aval_database::DatabaseError;

use super::*;

aval_database::conformance_suite! {
    migrator: Migrator,
    store: Fixture::new,
    tests: [
        what_was_staged_and_lost_is_compared_anew_before_it_is_applied,
        a_file_whose_beginning_was_lost_is_not_applied,
    ],
}

/// As it is on PostgreSQL once the server is up again.
async fn crash(fixture: &Fixture) {
    fixture
        .db
        .transaction("test.crash", async |tx| {
            for table in [
                "staging_marks",
                "staged_practitioners",
                "staged_organizations",
                "staged_rows",
                "staged_ends",
            ] {
                tx.execute_unprepared(&format!("DELETE FROM {table}"))
                    .await?;
            }
            Ok::<_, DatabaseError>(())
        })
        .await
        .unwrap();
}

async fn what_was_staged_and_lost_is_compared_anew_before_it_is_applied(fixture: &Fixture) {
    let (half, held) = fixture.held_after_a_hundred(50).await;
    crash(fixture).await;
    let again = fixture.approve(held.import_id).await.unwrap();
    assert_eq!(again.state, ImportState::Suspended);
    assert_eq!(again.report, held.report);
    let approved = fixture.approve(held.import_id).await.unwrap();
    assert_eq!(approved.state, ImportState::Applied);
    let freshness = fixture.store.freshness().await.unwrap();
    assert_eq!(freshness.practitioner_count, 50);
    let stay = fixture.find_all(&half.people).await;
    assert!(stay.iter().all(|person| person.active));
}

async fn a_file_whose_beginning_was_lost_is_not_applied(fixture: &Fixture) {
    fixture.applied(&synthesized(100)).await;
    let text = text_of(&synthesized(120));
    let pieces = text.chunks(1_000).map(<[u8]>::to_vec).enumerate();
    let pieces = stream::iter(pieces).then(|(number, piece)| async move {
        if number == 20 {
            crash(fixture).await;
        }
        Ok(piece)
    });
    fixture.clock.advance(Duration::from_hours(24));
    let file_name = file_name(fixture.clock.now());
    let command = ImportExtraction {
        name: ExtractionName::parse(&file_name).unwrap(),
        file_name,
        size_bytes: None,
        request_id: RequestId::new(fixture.environment.random.as_ref()),
    };
    let cx = fixture.cx();
    let cut = fixture.app.import_extraction(&cx, command, pieces);
    assert!(matches!(cut.await, Err(Error::ImportAbandoned)));
    let freshness = fixture.store.freshness().await.unwrap();
    assert_eq!(freshness.practitioner_count, 100);
}
