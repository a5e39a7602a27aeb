//! Witnesses that fail, and what witnesses are for: a log that was forked or went back.

use aval_runtime::telemetry::metrics;
use tokio::net::TcpListener;

use crate::witness::{Mood, Seen, Witness};
use crate::witnessed::{Watched, is_shown, listen, nobody, until};

#[tokio::test]
async fn too_few_witnesses_hold_up_nobody_and_one_that_comes_late_is_asked_again() {
    let (stand, log) = Watched::start().await;
    let late = Witness::of("late.example/w", &log);
    let address = nobody().await;
    let mut watched = Watched::of(stand, &[(&late, address)], 1).await;
    for mood in [
        Mood::Slow,
        Mood::Endless,
        Mood::Refuses(404),
        Mood::Refuses(403),
        Mood::Refuses(500),
        Mood::Refuses(301),
    ] {
        late.be(mood);
        if mood == Mood::Slow {
            late.serve(TcpListener::bind(address).await.unwrap());
        }
        // Appends are answered as if there were no witness.
        watched.record(3).await;
        assert_eq!(watched.witnessed().await, None);
    }
    until("the lag grows", async || {
        let text = metrics::text();
        let lag = text
            .lines()
            .find_map(|line| line.strip_prefix("aval_audit_witnesses_lag_seconds "));
        lag.is_some_and(|lag| lag.parse::<f64>().unwrap() > 0.0)
    })
    .await;
    late.be(Mood::Sound);
    watched.until_witnessed(18).await;
    until("nothing lags", async || {
        is_shown("aval_audit_witnesses_lag_seconds 0")
    })
    .await;
}

#[tokio::test]
async fn a_witness_that_knows_an_older_state_is_brought_up_to_date() {
    let (stand, log) = Watched::start().await;
    let witness = Witness::of("restored.example/w", &log);
    let address = witness.serve(listen().await);
    let mut watched = Watched::of(stand, &[(&witness, address)], 1).await;
    watched.record(9).await;
    watched.until_witnessed(9).await;
    let before = witness.seen();
    watched.record(9).await;
    watched.until_witnessed(18).await;
    for old in [before, Seen::default()] {
        witness.restore(old);
        watched.record(9).await;
        watched.until_witnessed(watched.recorded).await;
    }
    let line =
        "aval_audit_witness_failures_total{reason=\"forgot\",witness=\"restored.example/w\"}";
    assert!(is_shown(line), "{}", metrics::text());
    assert!(!is_shown(
        "aval_audit_witness_conflict{witness=\"restored.example/w\"} 1"
    ));
}

#[tokio::test]
async fn a_log_that_was_forked_or_went_back_is_an_alarm() {
    // One log, seen as far as 20; then the same key signs another history.
    let (stand, log) = Watched::start().await;
    let witness = Witness::of("alarmed.example/w", &log);
    let address = witness.serve(listen().await);
    let mut watched = Watched::of(stand, &[(&witness, address)], 1).await;
    watched.record(20).await;
    watched.until_witnessed(20).await;
    let alarm = "aval_audit_witness_conflict{witness=\"alarmed.example/w\"} 1";
    assert!(!is_shown(alarm));

    let seen = witness.seen();
    watched.stand.stop().await;
    let database = watched.stand.database_file();
    for file in ["", "-wal", "-shm"] {
        let file = format!("{}{file}", database.display());
        let _absent = std::fs::remove_file(file);
    }
    watched.stand.start_again().await;
    watched.recorded = 0;
    // Shorter than what the witness saw, as long, and longer.
    for count in [5, 15, 9] {
        watched.record(count).await;
        until("the alarm", async || is_shown(alarm)).await;
        assert_eq!(watched.witnessed().await, None);
        assert_eq!(witness.seen(), seen, "the witness stands by what it saw");
        watched.stand.stop().await;
        assert!(!is_shown(alarm), "who does not write says nothing");
        watched.stand.start_again().await;
    }
    // And appends go on: who decides what becomes of such a log is a person.
    watched.record(1).await;
    assert_eq!(watched.stand.checkpoint().await.size, 30);
}

#[tokio::test]
async fn what_a_witness_claims_to_have_seen_beyond_the_log_is_an_alarm_until_it_cosigns() {
    let (stand, log) = Watched::start().await;
    let witness = Witness::of("claims.example/w", &log);
    let address = witness.serve(listen().await);
    let mut watched = Watched::of(stand, &[(&witness, address)], 1).await;
    let shown =
        |is: u8| format!("aval_audit_witness_conflict{{witness=\"claims.example/w\"}} {is}");
    witness.be(Mood::ClaimsToHaveSeen(1_000));
    watched.record(4).await;
    until("the alarm", async || is_shown(&shown(1))).await;
    // A conflict that names nothing settles nothing.
    witness.be(Mood::ConflictWithoutSize);
    watched.record(1).await;
    until("it is asked again", async || {
        is_shown(
            "aval_audit_witness_failures_total{reason=\"nonsense\",witness=\"claims.example/w\"}",
        )
    })
    .await;
    assert!(is_shown(&shown(1)));
    witness.be(Mood::Sound);
    watched.until_witnessed(5).await;
    until("the alarm is over", async || is_shown(&shown(0))).await;
}
