//! Services that are killed, paused and planned to be started again.

use std::time::Duration;

use tonic::Code;

use super::journal::Seen;
use super::play::{lasts, scenario};
use super::site::SERVING;

const A_WHILE: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread")]
async fn audit_is_killed() {
    let scenario = scenario("audit_is_killed", "audit killed, started again after 2 s");
    let seen = scenario.play(async |site| {
        site.audit.kill();
        lasts(A_WHILE).await;
        site.audit.start_again();
    });
    // Decisions are durable where they are made: nobody waits for the trail.
    no_call_failed(&seen.await);
}

#[tokio::test(flavor = "multi_thread")]
async fn audit_is_gone_for_longer_than_may_be() {
    let scenario = scenario(
        "audit_is_gone_for_longer_than_may_be",
        "audit stopped for 6 s, where an event may wait for 1 s (`trail.longest_backlog`)",
    )
    .with(&[("CONSENT__TRAIL__LONGEST_BACKLOG", "1s")]);
    let seen = scenario.play(async |site| {
        site.audit.stop();
        lasts(Duration::from_secs(6)).await;
        site.audit.start_again();
    });
    for seen in seen.await {
        let refused = seen
            .calls
            .iter()
            .filter(|(_, code)| *code != Code::Ok)
            .count();
        assert!(refused > 0, "ordinary accesses are refused");
        assert_eq!(refused, seen.undecided, "changes of rights go on");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_of_consent_is_killed() {
    let scenario = scenario(
        "an_instance_of_consent_is_killed",
        "one of two instances of consent killed, started again after 2 s",
    );
    scenario
        .play(async |site| {
            site.consent.kill();
            lasts(A_WHILE).await;
            site.consent.start_again();
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_of_consent_is_paused() {
    let scenario = scenario(
        "an_instance_of_consent_is_paused",
        "one of two instances of consent paused for 2 s (SIGSTOP)",
    );
    scenario
        .play(async |site| {
            site.consent.pause();
            lasts(A_WHILE).await;
            site.consent.resume();
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_instances_of_consent_are_killed() {
    let scenario = scenario(
        "both_instances_of_consent_are_killed",
        "both instances of consent killed, started again at once",
    );
    scenario
        .play(async |site| {
            site.consent.kill();
            site.other_consent.kill();
            site.consent.start_again();
            site.other_consent.start_again();
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn consent_is_rolled_out() {
    let scenario = scenario(
        "consent_is_rolled_out",
        "both instances of consent told to stop (SIGTERM) and started again, one after the other, twice",
    );
    let seen = scenario.play(async |site| {
        for _ in 0..2 {
            for instance in [&mut site.consent, &mut site.other_consent] {
                instance.stop();
                instance.start_again();
                // The next one only when this one serves, as a deployment does it.
                instance.until_it_says(SERVING);
            }
        }
    });
    no_call_failed(&seen.await);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_service_is_rolled_out() {
    let scenario = scenario(
        "every_service_is_rolled_out",
        "two instances of each service told to stop (SIGTERM) and started again, one after the other",
    )
    .with_two_of_each()
    .unnoticed_by(&["consent", "identity", "directory", "audit"]);
    scenario
        .play(async |site| {
            let firsts = [&mut site.audit, &mut site.directory, &mut site.identity];
            let pairs = firsts.into_iter().zip(&mut site.seconds);
            let consents = [(&mut site.consent, &mut site.other_consent)];
            for (first, second) in pairs.chain(consents) {
                for instance in [first, second] {
                    instance.stop();
                    instance.start_again();
                    instance.until_it_says(SERVING);
                }
            }
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn identity_is_killed() {
    let scenario = scenario(
        "identity_is_killed",
        "identity killed, started again after 2 s",
    );
    scenario
        .play(async |site| {
            site.identity.kill();
            lasts(A_WHILE).await;
            site.identity.start_again();
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_directory_is_killed() {
    let scenario = scenario(
        "the_directory_is_killed",
        "practitioner-directory killed, started again after 2 s",
    );
    scenario
        .play(async |site| {
            site.directory.kill();
            lasts(A_WHILE).await;
            site.directory.start_again();
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_killed() {
    let scenario = scenario(
        "everything_is_killed",
        "all five programs killed, started again with those first that depend on the others",
    );
    scenario
        .play(async |site| {
            for program in [
                &mut site.directory,
                &mut site.identity,
                &mut site.audit,
                &mut site.consent,
                &mut site.other_consent,
            ] {
                program.kill();
            }
            for program in [
                &mut site.consent,
                &mut site.other_consent,
                &mut site.identity,
                &mut site.directory,
                &mut site.audit,
            ] {
                program.start_again();
            }
        })
        .await;
}

pub(super) fn no_call_failed(seen: &[Seen]) {
    for (_, code) in seen.iter().flat_map(|seen| &seen.calls) {
        assert_eq!(*code, Code::Ok);
    }
}
