//! What the services ask of PostgreSQL when everything is asked of them: each statement on a
//! table that Citus would distribute names the column by which it would, as `docs/citus.md` has
//! them, or is one of those that it lists with the reason; and none joins such a table with one
//! that would be on the coordinator.

use std::collections::BTreeSet;

use aval_proto::consent::v1 as consent;
use aval_testing::postgres::PostgresServer;
use tokio_util::sync::CancellationToken;

use super::crew::{Called, Crew};
use super::site::Site;
use super::statements::{Places, Statements, exceptions};
use crate::health::secrets::make_every_call;
use crate::patience::eventually;
use crate::procedure::usual;
use crate::world::World;

/// Who asks what may ask every shard, where nobody waits for it.
const IN_THE_BACKGROUND: &str = "in the background";

fn writes_down_all(server: &PostgresServer, what: &str) {
    server.tell(&format!("ALTER SYSTEM SET log_statement = '{what}'"));
    server.tell("SELECT pg_reload_conf()");
}

/// What patients, professionals, software and producers ask all the time, a few times.
async fn everybody_is_busy(site: &Site) {
    let crew = Crew::open(site, Called::AllFour).await;
    let over = CancellationToken::new();
    let busy = crew.begin(&over);
    eventually("it goes on", async || {
        crew.turns().iter().all(|turns| *turns > 2).then_some(())
    })
    .await;
    over.cancel();
    busy.join_all().await;
    let verdict = crew.judge(site).await;
    assert!(verdict.is_clean(), "{verdict:?}");
}

/// What the samples of the calls leave out.
async fn asks_for_many(world: &World) {
    let doctor = &world.doctor;
    // Nobody has asked after them yet: no cache has them.
    let request = consent::BatchCheckRequest {
        questions: vec![usual(&world.anne), usual(&world.bruno)],
    };
    let mut decisions = world.scene.clinic.decisions();
    let answer = decisions.batch_check(doctor.bearer.asks(request)).await;
    assert_eq!(answer.unwrap().into_inner().decisions.len(), 2);
    let practitioner = doctor.practitioner_id.clone();
    let request = consent::ListGrantsRequest {
        of: Some(consent::list_grants_request::Of::PractitionerId(
            practitioner,
        )),
        ..Default::default()
    };
    let mut grants = world.scene.clinic.grants();
    let answer = grants.list_grants(doctor.bearer.asks(request)).await;
    assert!(!answer.unwrap().into_inner().grants.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_names_the_column_of_its_shard() {
    let Some(site) = Site::open("every_statement", &[]).await else {
        return;
    };
    writes_down_all(&site.postgres, "all");
    everybody_is_busy(&site).await;
    let world = World::begin_in(site.scene).await;
    asks_for_many(&world).await;
    make_every_call(&world).await;
    writes_down_all(&site.postgres, "none");

    let places = Places::of_the_page();
    let statements = Statements::of_log(&site.postgres.log(), &places);
    for service in places.services() {
        let asked = statements.of.get(service).map_or(0, BTreeSet::len);
        println!("{service}: {asked} different statements");
        assert!(asked > 20, "{service} asks next to nothing");
        for table in places.distributed(service) {
            assert!(statements.are_on(service, table), "nothing asks {table}");
        }
    }
    assert!(
        statements.of_several.is_empty(),
        "{:#?}",
        statements.of_several
    );

    let exceptions = exceptions();
    let wrong = statements.wrong(&places);
    // None may join what is spread with what is not, whatever the list says of it.
    let is_excused = |statement: &str, what: &str| {
        what.starts_with("without ") && exceptions.iter().any(|it| it.is(statement))
    };
    let excused = |(it, what): &&(String, String)| is_excused(it, what);
    let unlisted: Vec<_> = wrong.iter().filter(|it| !excused(it)).collect();
    assert!(unlisted.is_empty(), "{unlisted:#?}");
    for exception in exceptions {
        let mut seen = wrong.iter().map(|(statement, _)| statement);
        let is_seen = seen.any(|statement| exception.is(statement));
        let is_rare = exception.who == IN_THE_BACKGROUND;
        assert!(
            is_seen || is_rare,
            "it is listed and not asked: {exception:?}"
        );
    }
}
