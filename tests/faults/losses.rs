//! Links that lose: by chance, as who reads a connection sees it, and packets.

use std::time::Duration;

use aval_testing::network::OwnNetwork;

use super::play::{lasts, scenario, seed};

const A_WHILE: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread")]
async fn the_link_to_postgres_is_bad() {
    let scenario = scenario(
        "the_link_to_postgres_is_bad",
        "the link to PostgreSQL bad for 3 s: of a thousand pieces thirty late by 200 to 800 ms, ten byte by byte, three cut short by a reset, after one nothing more that way",
    );
    let seed = seed();
    scenario
        .play(async |site| {
            site.to_postgres.lose(seed);
            lasts(A_WHILE).await;
            site.to_postgres.mend();
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_link_is_bad() {
    let scenario = scenario(
        "every_link_is_bad",
        "the links to PostgreSQL, to Redis and from consent to audit all as bad at once for 3 s, twice",
    );
    let seed = seed();
    scenario
        .play(async |site| {
            for turn in 0..2 {
                site.to_postgres.lose(seed.wrapping_add(turn));
                site.to_redis.lose(seed.wrapping_add(turn));
                site.to_audit.lose(seed.wrapping_add(turn));
                lasts(A_WHILE).await;
                site.to_postgres.mend();
                site.to_redis.mend();
                site.to_audit.mend();
            }
        })
        .await;
}

/// No link of this process is in between: the kernel loses packets, and TCP sends them again.
#[tokio::test(flavor = "multi_thread")]
async fn packets_are_lost() {
    let Some(network) = OwnNetwork::enter("faults::losses::packets_are_lost") else {
        return;
    };
    let scenario = scenario(
        "packets_are_lost",
        "in a network of their own, two of a hundred packets lost to and from PostgreSQL, Redis and all four services for 5 s",
    )
    .without_links();
    scenario
        .play(async |site| {
            let ports = site.every_port();
            let before = network.sent_again();
            network.lose(20, &ports);
            lasts(Duration::from_secs(5)).await;
            assert!(network.sent_again() > before, "no packet was lost");
            network.mend();
        })
        .await;
}
