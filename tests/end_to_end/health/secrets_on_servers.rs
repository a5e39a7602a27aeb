//! The same on the servers of production: nothing that identifies a patient, and no token, is
//! in Redis at all, or in a row of PostgreSQL in which it does not belong.

use std::fmt::Write;

use aval::stack::Engines;
use aval_proto::consent::v1 as consent;
use aval_testing::postgres::PostgresServer;
use aval_testing::redis::{RedisServer, Reply};

use super::secrets::{Secret, Store, contains, found_in, secrets_of_everything};
use crate::patience::eventually;
use crate::procedure::usual;
use crate::scene::Scene;
use crate::world::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_patient_and_no_token_is_found_in_redis_or_in_a_row_where_it_does_not_belong() {
    const TEST: &str = "no_patient_and_no_token_is_found_in_redis";
    let (Some(postgres), Some(redis)) = (PostgresServer::start(TEST), RedisServer::start(TEST))
    else {
        return;
    };
    let url = format!("postgres://postgres@127.0.0.1:{}/postgres", postgres.port());
    let scene = Scene::set_on(Engines {
        postgres: Some(url),
        redis: Some(redis.url()),
    });
    let world = World::begin_in(scene.await).await;
    let secrets = secrets_of_everything(&world).await;
    let shared = what_is_shared(&world, &redis).await;

    let mut found = found_in("Redis", &shared, &secrets);
    let mut kept = 0;
    for schema in ["identity", "practitioner_directory", "consent", "audit"] {
        let rows = postgres.rows_of(schema).into_bytes();
        for secret in secrets.iter().filter(|secret| is_in(&rows, secret)) {
            let belongs = match secret.kept_in {
                Store::None => false,
                Store::Identity => schema == "identity",
                Store::Any => true,
            };
            if belongs {
                kept += 1;
            } else {
                found.push(format!("{} in a row of {schema}", secret.what));
            }
        }
    }
    // What is public may be in a row, and still has no place in a log.
    found.extend(found_in(
        "PostgreSQL's log",
        postgres.log().as_bytes(),
        &secrets,
    ));
    assert!(found.is_empty(), "{}", found.join("\n"));
    // The names that are public are found: the search sees into the rows.
    assert!(kept > 0);
    world.scene.stack.stop().await;
}

/// Every key and every value that consent's instances share, once there are some.
async fn what_is_shared(world: &World, redis: &RedisServer) -> Vec<u8> {
    let shared = eventually("consent shares what it knows", async || {
        // Whatever is decided is remembered.
        let request = world.doctor.bearer.asks(consent::CheckRequest {
            question: Some(usual(&world.anne)),
        });
        let answer = world.scene.clinic.decisions().check(request).await;
        answer.unwrap();
        let keys = redis.keys();
        (!keys.is_empty()).then_some(keys)
    });
    let mut bytes = Vec::new();
    let mut values = 0;
    for key in shared.await {
        bytes.extend(&key);
        // What has lapsed meanwhile is gone.
        if let Reply::Bytes(value) = redis.ask(&[b"GET", &key]) {
            values += 1;
            bytes.extend(&value);
        }
    }
    assert!(values > 0, "no value is there to be searched");
    bytes
}

/// As it is, or as bytes in a dump.
fn is_in(rows: &[u8], secret: &Secret) -> bool {
    let mut hexadecimal = String::new();
    for byte in &secret.bytes {
        write!(hexadecimal, "{byte:02x}").unwrap();
    }
    contains(rows, &secret.bytes) || contains(rows, hexadecimal.as_bytes())
}
