//! A disk that is full.

use std::time::Duration;

use aval_testing::postgres::PostgresServer;

use super::play::{lasts, scenario};
use super::site::Site;

/// What a new cluster takes, four times over.
const MEBIBYTES: u32 = 256;

#[tokio::test(flavor = "multi_thread")]
async fn the_disk_of_postgres_is_full() {
    let scenario = scenario(
        "the_disk_of_postgres_is_full",
        "the disk of PostgreSQL full for 2 s after the first write that failed, then PostgreSQL started again with room",
    );
    let Some((postgres, disk)) = PostgresServer::start_on_a_small_disk(scenario.test, MEBIBYTES)
    else {
        return;
    };
    let Some(site) = Site::open_on(postgres, scenario.test, scenario.settings).await else {
        return;
    };
    scenario
        .play_at(site, async |site| {
            disk.fill();
            site.postgres.until_it_says("No space left on device");
            lasts(Duration::from_secs(2)).await;
            disk.make_room();
            // Where not even its journal had room it has ended.
            site.postgres.start_again();
        })
        .await;
}
