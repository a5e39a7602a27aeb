//! The program killed in the middle of an erasure: what is half done is not there, and the
//! next one finishes it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aval_audit::config::Config;
use aval_audit::log_key;
use aval_audit::patient_keys::PatientKeys;
use aval_audit::store::sql::SqlStore;
use aval_audit::submission::{SealedEvent, Submission};
use aval_audit::writer::Writer;
use aval_database::Database;
use aval_database::testing::{TestDatabase, test_databases};
use aval_domain::event::{Actor, Event, EventKind, Outcome};
use aval_domain::id::{EventId, PatientId};
use aval_domain::random::SeededRandom;
use aval_domain::time::{Clock, ManualClock, SystemClock, Timestamp};
use aval_proto::audit::v1::EraseEventsRequest;
use aval_proto::audit::v1::retention_service_client::RetentionServiceClient;
use aval_runtime::channel::{Channel, connect_lazy};
use aval_runtime::config::{PeerConfig, TlsFiles};
use aval_runtime::key_file::Missing;
use aval_testing::pki::{DevelopmentPki, TRUST_DOMAIN};
use aval_testing::ports::claim_port;
use aval_testing::program::Program;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

const PROGRAM: Program = Program {
    name: "aval-audit",
    executable: env!("CARGO_BIN_EXE_aval-audit"),
    sample: include_str!("../config/audit.toml"),
};

/// The table that the platform ships.
const CALLERS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../deploy/base/callers.toml"
);

const PATIENTS: usize = 5;
const DELIVERIES: u64 = 6;
const EVENTS_PER_DELIVERY: u64 = 500;
const EVENTS: u64 = DELIVERIES * EVENTS_PER_DELIVERY;

/// How long after the program said that it erased something it is killed. It pauses for
/// 100 ms between two steps: some of these fall into the next one. Whatever they meet, what
/// is asserted must hold.
const MOMENTS: [u64; 5] = [0, 102, 106, 112, 125];

#[tokio::test(flavor = "multi_thread")]
async fn a_program_killed_while_it_erases_leaves_nothing_half_and_the_next_goes_on() {
    for database in test_databases("audit::killed::while_it_erases").await {
        let folder = TempDir::new().unwrap();
        let in_clear = "grpc = { listen = \"127.0.0.1:0\", insecure_loopback = true }\n\
            retention = { default_years = 1 }";
        let path = configuration(folder.path(), &database, in_clear);
        record_long_ago(&path, PATIENTS).await;
        assert_eq!(erased_of_a_whole_log(&path), 0);

        let mut erased = 0;
        for moment in MOMENTS {
            let mut serving = PROGRAM.serve(&path);
            serving.says("erased what is over");
            std::thread::sleep(Duration::from_millis(moment));
            serving.kill();
            let now = erased_of_a_whole_log(&path);
            assert!(erased < now && now <= EVENTS, "{now} after {erased}");
            erased = now;
            if erased == EVENTS {
                break;
            }
        }

        let mut serving = PROGRAM.serve(&path);
        for _ in 0..(EVENTS - erased).div_ceil(aval_audit::erasure::MOST_AT_ONCE) {
            serving.says("erased what is over");
        }
        serving.stop();
        assert_eq!(erased_of_a_whole_log(&path), EVENTS);
    }
}

/// How long after an operator asked that everything of a patient be erased it is killed: what
/// is asked for takes a dozen steps, and some of these fall into each.
const MOMENTS_OF_AN_OPERATOR: [u64; 6] = [0, 15, 30, 60, 120, 240];

#[tokio::test(flavor = "multi_thread")]
async fn what_an_operator_has_erased_is_erased_whole_by_asking_again_whenever_it_was_killed() {
    for database in test_databases("audit::killed::while_an_operator_erases").await {
        let folder = TempDir::new().unwrap();
        let operated = Operated::in_folder(folder.path());
        let path = configuration(folder.path(), &database, &operated.text);
        let [patient] = record_long_ago(&path, 1).await.try_into().unwrap();
        let mut erased = 0;
        for moment in MOMENTS_OF_AN_OPERATOR {
            let mut serving = PROGRAM.serve(&path);
            serving.says("writing the log");
            let asking = tokio::spawn(operated.clone().erase(patient));
            tokio::time::sleep(Duration::from_millis(moment)).await;
            serving.kill();
            // Answered or not: what is true stands in the log.
            let answered = asking.is_finished();
            asking.abort();
            let now = erased_of_a_whole_log(&path);
            assert!(erased <= now && now <= EVENTS, "{now} after {erased}");
            if answered && let Ok(Some(count)) = asking.await {
                assert_eq!((count, now), (EVENTS - erased, EVENTS));
            }
            erased = now;
        }

        let mut serving = PROGRAM.serve(&path);
        serving.says("writing the log");
        let rest = operated.clone().erase(patient).await;
        assert_eq!(rest, Some(EVENTS - erased));
        assert_eq!(operated.erase(patient).await, Some(0));
        serving.stop();
        assert_eq!(erased_of_a_whole_log(&path), EVENTS);
    }
}

/// A service that an operator reaches.
#[derive(Clone)]
struct Operated {
    channel: Channel,
    text: String,
}

impl Operated {
    fn in_folder(folder: &Path) -> Self {
        let pki = DevelopmentPki::create_or_open(&folder.join("pki"), SystemClock.now()).unwrap();
        let port = claim_port().unwrap();
        let files = |name: &str| {
            let files = pki.files(name);
            TlsFiles {
                certificate: files.certificate,
                private_key: files.key,
                client_ca: files.ca,
            }
        };
        let peer = PeerConfig {
            uri: format!("https://localhost:{port}"),
            tls: Some(files("operator")),
            server_name: None,
            deadline: Duration::from_secs(30).into(),
            connections: 2,
        };
        let own = files("audit");
        let text = format!(
            "grpc = {{ listen = \"127.0.0.1:{port}\", callers = {CALLERS:?}, \
                trust_domain = {TRUST_DOMAIN:?}, tls = {{ certificate = \"{}\", \
                private_key = \"{}\", client_ca = \"{}\" }} }}",
            own.certificate.display(),
            own.private_key.display(),
            own.client_ca.display()
        );
        let channel = connect_lazy(&peer).unwrap();
        Self { channel, text }
    }

    /// How many events were erased; none: there was no answer.
    async fn erase(self, patient: PatientId) -> Option<u64> {
        let request = EraseEventsRequest {
            patient_id: patient.to_string(),
            ground: "Article 17".to_owned(),
        };
        let answer = RetentionServiceClient::new(self.channel)
            .erase_events(request)
            .await;
        Some(answer.ok()?.into_inner().erased_count)
    }
}

fn configuration(folder: &Path, database: &TestDatabase, how: &str) -> String {
    let file = |name: &str| folder.join(name).display().to_string();
    let schema = database.config().schema.as_ref();
    let schema = schema.map_or(String::new(), |schema| format!(", schema = \"{schema}\""));
    let text = format!(
        r#"
            create_missing_keys = true
            {how}
            ops = {{ listen = "127.0.0.1:0" }}
            database = {{ url = "{}"{schema} }}
            token = {{ issuer = "http://127.0.0.1:1", jwks_url = "http://127.0.0.1:1/jwks.json" }}
            log = {{ key_file = "{}" }}
            encryption = {{ key_files = ["{}"] }}
            page_tokens = {{ key_file = "{}" }}
        "#,
        database.config().url,
        file("checkpoint.key"),
        file("trail.key"),
        file("page-tokens.key"),
    );
    let path = PROGRAM.config(folder, &text);
    let migrated = PROGRAM.run(&["migrate", "--config", &path]);
    assert!(migrated.success, "{}", migrated.log);
    path
}

/// Fills the log with accesses of so many patients that are over by any calendar.
async fn record_long_ago(path: &str, patients: usize) -> Vec<PatientId> {
    let config = Config::load(Some(Path::new(path))).unwrap();
    let long_ago = Timestamp::parse_rfc3339("2010-03-01T12:00:00Z").unwrap();
    let random = Arc::new(SeededRandom::new(1));
    let missing = Missing::Create(random.as_ref());
    let key = log_key::checkpoint_key(&config.log, missing).unwrap();
    let keys = PatientKeys::load(&config.encryption.key_files, missing, random.clone()).unwrap();
    let db = Database::connect(&config.database).await.unwrap();
    let store = Arc::new(SqlStore::new(db.clone(), Arc::new(keys)));
    let clock = Arc::new(ManualClock::new(long_ago));
    let (writer, task) = Writer::new(store, Arc::new(key), clock.clone());
    let stop = CancellationToken::new();
    let writing = tokio::spawn(task.run(stop.clone()));
    let mut leads = writer.leads();
    leads.wait_for(|leads| *leads).await.unwrap();

    let patients: Vec<PatientId> =
        std::iter::repeat_with(|| PatientId::new(long_ago, random.as_ref()))
            .take(patients)
            .collect();
    let event = |at: Timestamp| {
        let name = "consent".to_owned();
        Event::new(
            EventId::new(at, random.as_ref()),
            at,
            EventKind::AccessDecided,
            Outcome::Success,
            Actor::Service { name },
            "records",
        )
    };
    let access = |sequence: u64| {
        let mut event = event(long_ago);
        let turn = usize::try_from(sequence).unwrap() % patients.len();
        event.patient_id = Some(patients[turn]);
        (sequence, SealedEvent::seal(event, random.as_ref()).unwrap())
    };
    for delivery in 0..DELIVERIES {
        let first = delivery * EVENTS_PER_DELIVERY + 1;
        let events = (first..first + EVENTS_PER_DELIVERY).map(access).collect();
        let delivery = Submission::new("consent", 1, events).unwrap();
        writer.record(delivery).await.unwrap();
    }
    // That it is long ago is not for the clock of this service alone to say.
    clock.set(SystemClock.now());
    let newest = SealedEvent::seal(event(clock.now()), random.as_ref()).unwrap();
    let newest = vec![(DELIVERIES * EVENTS_PER_DELIVERY + 1, newest)];
    let newest = Submission::new("consent", 1, newest).unwrap();
    writer.record(newest).await.unwrap();
    stop.cancel();
    writing.await.unwrap();
    db.close().await.unwrap();
    patients
}

/// How many entries are erased, of a log in which nothing is amiss.
fn erased_of_a_whole_log(path: &str) -> u64 {
    let examined = PROGRAM.run(&["fsck", "--config", path]);
    assert!(examined.success, "{}{}", examined.answer, examined.log);
    let (_, after) = examined.answer.split_once(" patients, ").unwrap();
    let (erased, _) = after.split_once(" of them erased; all as signed").unwrap();
    erased.parse().unwrap()
}
