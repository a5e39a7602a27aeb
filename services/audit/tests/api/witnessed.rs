//! Checkpoints that others than the log have seen, by witnesses over real sockets.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use aval_audit::config::WitnessesConfig;
use aval_domain::time::{Clock as _, SystemClock};
use aval_merkle_log::checkpoint::{Checkpoint, Policy};
use aval_merkle_log::note::{SignedNote, Verifier};
use aval_merkle_log::receipt::{Evidence, Receipt};
use aval_proto::audit::v1::{
    GetCheckpointRequest, GetCheckpointResponse, GetConsistencyProofRequest, GetEventRequest,
    GetEventResponse, GetInclusionProofRequest, GetPatientProofRequest,
};
use aval_runtime::config::TlsFiles;
use aval_runtime::telemetry::metrics;
use aval_testing::pki::DevelopmentPki;
use tokio::net::TcpListener;
use tonic::{Code, Status};

use crate::deeds::{access, delivery};
use crate::people::{Person, patient_id, practitioner_id};
use crate::stand::{PATIENCE, Stand, fields, reason};
use crate::witness::{Encrypted, Mood, Seen, Witness, policy};

/// A service whose checkpoints witnesses are shown.
pub(crate) struct Watched {
    pub(crate) stand: Stand,
    /// What whoever does not believe the log believes.
    trust: Policy,
    pub(crate) recorded: u64,
}

pub(crate) async fn listen() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

/// An address where nobody answers, for now.
pub(crate) async fn nobody() -> SocketAddr {
    listen().await.local_addr().unwrap()
}

pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let so = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let so = tokio::time::timeout(PATIENCE, so).await;
    assert!(so.is_ok(), "never: {what}");
}

/// Whether the metrics of this process have this line.
pub(crate) fn is_shown(line: &str) -> bool {
    metrics::text().lines().any(|shown| shown.starts_with(line))
}

impl Stand {
    async fn checkpoints(&self) -> GetCheckpointResponse {
        let mut transparency = self.transparency("gateway");
        let answer = transparency.get_checkpoint(GetCheckpointRequest {}).await;
        answer.unwrap().into_inner()
    }
}

impl Watched {
    /// A service with the key of its log, for the witnesses to come.
    pub(crate) async fn start() -> (Stand, String) {
        let stand = Stand::start().await;
        let key = stand.checkpoints().await.verifier_key;
        (stand, key)
    }

    /// The same service, asking these witnesses.
    pub(crate) async fn of(
        stand: Stand,
        witnesses: &[(&Witness, SocketAddr)],
        threshold: usize,
    ) -> Self {
        Self::under(stand, &policy(witnesses, threshold), None).await
    }

    /// The same by a policy in words, and the authority of their certificates.
    async fn under(mut stand: Stand, text: &str, authority: Option<PathBuf>) -> Self {
        let key = stand.checkpoints().await.verifier_key;
        let file = stand.database_file().with_file_name("witnesses");
        std::fs::write(&file, text).unwrap();
        let trust = format!("log {key}\n{text}");
        stand.witnessed_by(WitnessesConfig {
            policy_file: Some(file),
            ca_file: authority,
            every: Duration::from_millis(20).into(),
            timeout: Duration::from_millis(500).into(),
        });
        stand.stop().await;
        stand.start_again().await;
        Self {
            stand,
            trust: Policy::parse(trust.as_bytes()).unwrap(),
            recorded: 0,
        }
    }

    pub(crate) async fn record(&mut self, count: u64) {
        let events: Vec<_> = (0..count)
            .map(|_| access(practitioner_id(), patient_id()))
            .collect();
        let delivery = delivery("consent", self.recorded + 1, &events);
        let mut trail = self.stand.trail("consent");
        trail.append_events(delivery).await.unwrap();
        self.recorded += count;
    }

    /// What is published as witnessed, opened by the policy of who does not believe the log.
    pub(crate) async fn witnessed(&self) -> Option<Checkpoint> {
        let note = self.stand.checkpoints().await.witnessed_checkpoint;
        (!note.is_empty()).then(|| {
            let note = SignedNote::parse(note.as_bytes()).unwrap();
            self.trust.open(&note).unwrap()
        })
    }

    pub(crate) async fn until_witnessed(&self, size: u64) {
        until("enough witnesses see it", async || {
            self.witnessed().await.is_some_and(|w| w.size >= size)
        })
        .await;
    }
}

#[tokio::test]
async fn the_newest_checkpoint_is_published_beside_the_newest_that_witnesses_cosigned() {
    let (stand, log) = Watched::start().await;
    let [one, two] = ["one.example/w", "two.example/w"].map(|name| Witness::of(name, &log));
    let addresses = (one.serve(listen().await), two.serve(listen().await));
    let mut watched = Watched::of(stand, &[(&one, addresses.0), (&two, addresses.1)], 2).await;
    assert_eq!(watched.witnessed().await, None, "nobody sees an empty log");
    for size in [3, 4, 70] {
        watched.record(size - watched.recorded).await;
        watched.until_witnessed(size).await;
        assert_eq!(watched.witnessed().await.unwrap().size, size);
        assert_eq!((one.seen().size, two.seen().size), (size, size));
    }
    // The very newest has their lines, wherever it is given.
    let found = watched.stand.checkpoints().await;
    assert_eq!(found.checkpoint, found.witnessed_checkpoint);
    let patient = Person::Patient(patient_id());
    let request = GetPatientProofRequest::default();
    let request = watched.stand.request(request, "gateway", patient);
    let mut transparency = watched.stand.transparency("gateway");
    let proof = transparency.get_patient_proof(request).await.unwrap();
    assert_eq!(proof.into_inner().checkpoint, found.checkpoint);

    // A log that witnesses no longer see goes on, and says what they saw last.
    for witness in [&one, &two] {
        witness.be(Mood::Refuses(503));
    }
    watched.record(5).await;
    let now = watched.stand.checkpoints().await;
    assert_eq!(now.witnessed_checkpoint, found.witnessed_checkpoint);
    assert_ne!(now.checkpoint, found.checkpoint);
    // So it is after a start as well, with every witness away.
    watched.stand.stop().await;
    watched.stand.start_again().await;
    let again = watched.stand.checkpoints().await;
    assert_eq!(again.witnessed_checkpoint, found.witnessed_checkpoint);
}

#[tokio::test]
async fn witnesses_are_asked_over_tls_under_their_own_authority_alone() {
    let (stand, log) = Watched::start().await;
    let [one, two] = ["one.tls.example/w", "two.tls.example/w"].map(|n| Witness::of(n, &log));
    let own = stand.files("gateway");
    let own = |listener| Encrypted::with(listener, &own);
    // One whom the authority vouches for, and one who shows a certificate of somebody else's.
    let elsewhere = tempfile::tempdir().unwrap();
    let pki = DevelopmentPki::create_or_open(elsewhere.path(), SystemClock.now()).unwrap();
    let strange = pki.files("gateway");
    let strange = TlsFiles {
        certificate: strange.certificate,
        private_key: strange.key,
        client_ca: strange.ca,
    };
    let asked = [
        (&one, one.serve(own(listen().await))),
        (&two, two.serve(Encrypted::with(listen().await, &strange))),
    ];
    let text = policy(&asked, 1).replace("http://127.0.0.1", "https://localhost");
    let authority = stand.files("gateway").client_ca;
    let mut watched = Watched::under(stand, &text, Some(authority)).await;
    watched.record(6).await;
    watched.until_witnessed(6).await;
    until("the stranger is not believed", async || {
        is_shown(
            "aval_audit_witness_failures_total{reason=\"silent\",witness=\"two.tls.example/w\"}",
        )
    })
    .await;
    assert_eq!((one.seen().size, two.seen()), (6, Seen::default()));
}

#[tokio::test]
async fn a_quorum_suffices_whoever_else_is_down_slow_or_talks_nonsense() {
    let (stand, log) = Watched::start().await;
    let witnesses: Vec<Witness> = ["a", "b", "c", "d", "e", "f"]
        .map(|name| Witness::of(&format!("{name}.quorum.example/w"), &log))
        .into();
    let mut asked = Vec::new();
    for (number, witness) in witnesses.iter().enumerate() {
        let address = match number {
            5 => nobody().await,
            _ => witness.serve(listen().await),
        };
        asked.push((witness, address));
    }
    let mut watched = Watched::of(stand, &asked, 2).await;
    witnesses[2].be(Mood::Slow);
    witnesses[3].be(Mood::Garbage);
    witnesses[4].be(Mood::WrongKey);
    for _ in 0..5 {
        watched.record(7).await;
        watched.until_witnessed(watched.recorded).await;
    }
    for (name, reason) in [
        ("c", "late"),
        ("d", "nonsense"),
        ("e", "nonsense"),
        ("f", "silent"),
    ] {
        let line = format!(
            "aval_audit_witness_failures_total{{reason=\"{reason}\",witness=\"{name}.quorum.example/w\"}}"
        );
        assert!(is_shown(&line), "{line} not in {}", metrics::text());
    }
    // They come back, and are asked again though nothing is recorded.
    for witness in &witnesses[2..5] {
        witness.be(Mood::Sound);
    }
    until("all who are there have seen the last of it", async || {
        witnesses[..5].iter().all(|w| w.seen().size == 35)
    })
    .await;
}

impl Stand {
    async fn witnessed_event(&self, me: Person, id: &str) -> Result<GetEventResponse, Status> {
        let message = GetEventRequest {
            event_id: id.to_owned(),
            witnessed: true,
            ..GetEventRequest::default()
        };
        let request = self.request(message, "records", me);
        let answer = self.trail("records").get_event(request).await;
        answer.map(tonic::Response::into_inner)
    }
}

#[tokio::test]
async fn receipts_and_proofs_rest_on_what_witnesses_saw_where_that_is_asked_for() {
    let (stand, log) = Watched::start().await;
    let witness = Witness::of("receipts.example/w", &log);
    let address = witness.serve(listen().await);
    let mut watched = Watched::of(stand, &[(&witness, address)], 1).await;
    let patient = patient_id();
    let me = Person::Patient(patient);
    let events = [0; 2].map(|_| access(practitioner_id(), patient));
    let [early, late] = events.each_ref().map(|event| event.event_id.to_string());
    let mut trail = watched.stand.trail("consent");
    let first = delivery("consent", 1, &events[..1]);
    trail.append_events(first).await.unwrap();
    watched.recorded = 1;
    watched.record(4).await;
    watched.until_witnessed(5).await;
    witness.be(Mood::Refuses(503));
    let second = delivery("consent", 6, &events[1..]);
    trail.append_events(second).await.unwrap();

    let found = watched.stand.witnessed_event(me, &early).await.unwrap();
    let receipt = Receipt::parse(found.receipt.as_bytes()).unwrap();
    let evidence = Evidence::Event(&found.canonical_event);
    let verified = receipt.verify(evidence, &watched.trust).unwrap();
    assert_eq!((verified.index, verified.checkpoint.size), (0, 5));
    // Without being asked for, a receipt rests on the newest, which the log alone signed.
    let newest = watched.stand.event(me, &early).await.unwrap();
    let newest = Receipt::parse(newest.receipt.as_bytes()).unwrap();
    assert!(newest.verify(evidence, &watched.trust).is_err());
    // What they have not seen yet has none.
    let status = watched.stand.witnessed_event(me, &late).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(reason(&status), "DEPENDENCY_UNAVAILABLE");

    let published = watched.stand.checkpoints().await.witnessed_checkpoint;
    let mut transparency = watched.stand.transparency("gateway");
    let request = GetInclusionProofRequest {
        log_index: 0,
        tree_size: 5,
    };
    let inclusion = transparency.get_inclusion_proof(request).await.unwrap();
    assert_eq!(inclusion.into_inner().checkpoint, published);
    let request = GetConsistencyProofRequest {
        old_size: 1,
        new_size: 5,
    };
    let grown = transparency.get_consistency_proof(request).await.unwrap();
    assert_eq!(grown.into_inner().checkpoint, published);
    let request = GetConsistencyProofRequest {
        old_size: 1,
        new_size: 4,
    };
    let between = transparency.get_consistency_proof(request).await.unwrap();
    assert_eq!(between.into_inner().checkpoint, "");

    witness.be(Mood::Sound);
    watched.until_witnessed(6).await;
    let found = watched.stand.witnessed_event(me, &late).await.unwrap();
    assert!(!found.receipt.is_empty());
}

#[tokio::test]
async fn without_witnesses_nothing_is_witnessed_and_who_asks_is_told_so() {
    let stand = Stand::start().await;
    let patient = patient_id();
    let event = access(practitioner_id(), patient);
    stand.record(std::slice::from_ref(&event)).await;
    let found = stand.checkpoints().await;
    assert_eq!(found.witnessed_checkpoint, "");
    Verifier::parse(&found.verifier_key).unwrap();
    let id = event.event_id.to_string();
    let status = stand.witnessed_event(Person::Patient(patient), &id).await;
    let status = status.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(fields(&status), ["witnessed"]);
}
