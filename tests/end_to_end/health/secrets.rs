//! Nothing that identifies a patient, and no token, reaches a log, a metric, a trace or
//! a file in which it does not belong.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use aval_testing::provider::PatientAccount;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use prost::Message;
use tracing_subscriber::fmt::MakeWriter;

use super::get;
use crate::contract::Call;
use crate::sample;
use crate::scene::{Scene, anne, bruno, carla, registration};
use crate::telemetry::Collector;
use crate::world::{Persona, World};

/// Something that must not be found, and what it is.
pub(crate) struct Secret {
    pub(super) what: String,
    pub(super) bytes: Vec<u8>,
    pub(super) kept_in: Store,
}

/// Where something may be kept.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Store {
    /// Nowhere, or encrypted.
    None,
    /// In identity's own store, where patients are known.
    Identity,
    /// Wherever it is needed: it is public. A log and a metric are still none of it.
    Any,
}

#[tokio::test]
async fn no_patient_and_no_token_is_found_where_it_does_not_belong() {
    let (log, collector) = (Log::default(), Collector::start().await);
    let guard = collector.begin_with_log(log.clone());

    let world = World::begin().await;
    let secrets = secrets_of_everything(&world).await;

    let mut found = Vec::new();
    for port in world.scene.ports.ops {
        let (_, metrics) = get(port, "/metrics").await;
        found.extend(found_in("the metrics", metrics.as_bytes(), &secrets));
    }
    collector.all_sent(guard).await;
    let served = collector.spans();
    for call in calls_but_closing() {
        let name = format!("{}/{}", call.service(), call.method());
        let is_served = |span: &Span| span.kind() == SpanKind::Server && span.name == name;
        assert!(served.iter().any(is_served), "{name} left no span");
    }
    found.extend(found_in("the traces", &collector.trace_bytes(), &secrets));
    let pushed = collector.metric_bytes();
    assert!(contains(&pushed, b"rpc.server.call.duration"));
    found.extend(found_in("the metrics that are pushed", &pushed, &secrets));
    let log = log.text();
    assert!(log.len() > 10_000, "the services log next to nothing");
    found.extend(found_in("the log", &log, &secrets));

    let files = files_below(world.scene.folder());
    let identity = world.scene.folder().join("identity");
    let mut kept = 0;
    for path in files {
        let bytes = fs::read(&path).unwrap();
        for secret in secrets
            .iter()
            .filter(|secret| contains(&bytes, &secret.bytes))
        {
            let belongs = match secret.kept_in {
                Store::None => false,
                Store::Identity => path.starts_with(&identity),
                Store::Any => true,
            };
            if belongs {
                kept += 1;
            } else {
                found.push(format!("{} in {}", secret.what, path.display()));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    // The names that are public are found: the search sees into the databases.
    assert!(kept > 0);
}

/// Makes every call in the world; what must not be found afterwards.
pub(crate) async fn secrets_of_everything(world: &World) -> Vec<Secret> {
    let mut secrets = secrets_of_people(world);
    secrets.extend(secrets_of_a_sign_in(&world.scene).await);
    make_every_call(world).await;
    secrets
}

/// Names, numbers and tokens of everybody in the world.
fn secrets_of_people(world: &World) -> Vec<Secret> {
    let mut secrets: Vec<_> = [anne(), bruno(), carla()]
        .iter()
        .flat_map(secrets_of)
        .collect();
    let cast = &world.scene.cast;
    for person in [&cast.generalist, &cast.colleague, &cast.dentist] {
        secrets.push(Secret {
            what: format!("the name of {}", person.family_name),
            bytes: person.family_name.clone().into(),
            kept_in: Store::Any,
        });
    }
    for (whose, token) in [
        ("Anne's", &world.anne.token),
        ("Bruno's", &world.bruno.token),
        ("the doctor's", &world.doctor.token),
        ("the other doctor's", &world.other_doctor.token),
    ] {
        secrets.push(token_of(&format!("{whose} Aval token"), token));
    }
    secrets
}

fn secrets_of(account: &PatientAccount) -> Vec<Secret> {
    let of = |what: &str, text: &str, kept_in| Secret {
        what: format!("{}'s {what}", account.username),
        bytes: text.as_bytes().to_vec(),
        kept_in,
    };
    vec![
        of("matricule", &account.ins, Store::None),
        of("matricule without its key", &account.ins[..13], Store::None),
        of("birth name", &account.family_name, Store::Identity),
        of("first name", &account.given_names[0], Store::Identity),
        of("birth date", &account.birth_date, Store::Identity),
    ]
}

/// What passes between the provider, the portal and identity.
async fn secrets_of_a_sign_in(scene: &Scene) -> Vec<Secret> {
    let exchange = scene.provider_patient(anne(), &[]).await.as_patient();
    let answer = scene
        .portal
        .sessions()
        .exchange_token(exchange.clone())
        .await;
    let answer = answer.unwrap().into_inner();
    let mut secrets = vec![
        token_of("the provider's access token", &exchange.subject_token),
        token_of("the provider's ID token", &exchange.id_token),
        token_of("an Aval token", &answer.access_token),
    ];
    if !answer.refresh_token.is_empty() {
        secrets.push(token_of("a refresh token", &answer.refresh_token));
    }
    secrets
}

/// The end of a token: what is before it is alike in many.
fn token_of(what: &str, token: &str) -> Secret {
    assert!(token.len() >= 20, "{what} is no token");
    Secret {
        what: what.to_owned(),
        bytes: token.as_bytes()[token.len() - 20..].to_vec(),
        kept_in: Store::None,
    }
}

/// Every call but those that would end the sessions of the others.
fn calls_but_closing() -> impl Iterator<Item = Call> {
    let calls = Call::all().into_iter();
    calls.filter(|call| !call.name().starts_with("SessionService/Close"))
}

/// Calls that are answered and calls that are refused, for all to be logged.
pub(crate) async fn make_every_call(world: &World) {
    for call in calls_but_closing() {
        let request = sample::request(&call, world);
        for persona in [
            Persona::admitted(&call),
            Persona::Bruno,
            Persona::OtherDoctor,
        ] {
            // Answered or refused: both are to leave no secret behind.
            let _ = world.ask(persona, &call, &request).await;
        }
        let _ = world
            .ask_with(Persona::Anne, &call, b"Anne ZYLBERQUIST".to_vec())
            .await;
    }
    // The same matricule with other traits: a collision, which is noted.
    let mut collision = registration(&anne());
    collision.traits.as_mut().unwrap().birth_name = carla().family_name;
    let call = Call::named("PatientService/RegisterPatient");
    let bytes = collision.encode_to_vec();
    assert!(
        world
            .ask_with(Persona::Software("gateway"), &call, bytes)
            .await
            .is_err()
    );
}

pub(crate) fn found_in(place: &str, bytes: &[u8], secrets: &[Secret]) -> Vec<String> {
    let found = secrets
        .iter()
        .filter(|secret| contains(bytes, &secret.bytes));
    found
        .map(|secret| format!("{} in {place}", secret.what))
        .collect()
}

pub(crate) fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files
}

/// The log of this process.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
