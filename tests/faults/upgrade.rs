//! A version that is rolled out, and one that is taken back.

use super::play::{lasts, scenario};
use crate::later_version::{Later, steps_ahead};
use crate::patience::eventually;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_later_version_migrates_and_is_taken_back() {
    let scenario = scenario(
        "a_later_version_migrates_and_is_taken_back",
        "a later version's migrations, then every program of this one stopped (SIGTERM) and started again on that schema, one after the other",
    );
    let seen = scenario.play(async |site| {
        Later::Next.migrates(site.scene.stack.layout()).await;
        // Those that run go on, and have written since.
        lasts(Duration::from_secs(1)).await;
        for program in [
            &mut site.audit,
            &mut site.directory,
            &mut site.identity,
            &mut site.consent,
            &mut site.other_consent,
        ] {
            program.stop();
            program.start_again();
            program.until_it_says("serving gRPC");
            program.until_it_says("the schema is ahead of this program");
        }
        let services = ["practitioner-directory", "identity", "consent", "audit"];
        for (ops, service) in site.scene.ports.ops.into_iter().zip(services) {
            eventually("it says that it is behind", async || {
                (steps_ahead(ops, service).await == Some(1)).then_some(())
            })
            .await;
        }
    });
    super::programs::no_call_failed(&seen.await);
}
