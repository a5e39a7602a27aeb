//! A witness after C2SP tlog-witness, as small as can be; and what it refuses.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use aval_merkle_log::Hash;
use aval_merkle_log::checkpoint::{Checkpoint, CheckpointError, Policy};
use aval_merkle_log::cosignature::Cosigner;
use aval_merkle_log::hash::{empty_root, hash_leaf};
use aval_merkle_log::note::{SignedNote, Signer, Verifier};
use aval_merkle_log::proof::ConsistencyProof;
use aval_merkle_log::tree::{Frontier, KnownNodes};
use aval_merkle_log::witness::{AddCheckpoint, SIZE_TYPE, Witness, size_seen};
use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::post;

/// A witness of some logs; cloning gives another handle on the same.
#[derive(Clone)]
pub(crate) struct SmallWitness {
    cosigner: Cosigner,
    logs: Arc<HashMap<String, Policy>>,
    /// The last checkpoint of each log.
    seen: Arc<Mutex<HashMap<String, (u64, Hash)>>>,
}

/// What it answers.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    /// The cosignature's line.
    Cosigned(String),
    /// It saw this size last.
    Saw(u64),
    /// This is no good.
    Refused(StatusCode),
}

impl SmallWitness {
    pub(crate) fn of(name: &str, logs: &[Verifier]) -> Self {
        let by_origin = logs.iter().map(|key| {
            let origin = key.name().to_string();
            (origin.clone(), Policy::of_log(origin, vec![key.clone()]))
        });
        Self {
            cosigner: Cosigner::from_seed(name, &[17; 32]).unwrap(),
            logs: Arc::new(by_origin.collect()),
            seen: Arc::default(),
        }
    }

    /// Its key, as policies name it.
    pub(crate) fn key(&self) -> String {
        self.cosigner.witness().to_string()
    }

    /// Serves until the test's process ends.
    pub(crate) fn serve(&self) -> SocketAddr {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let witness = self.clone();
        let answer =
            move |body: Bytes| async move { witness.add_checkpoint(&body).into_response() };
        let router = Router::new().route("/w/add-checkpoint", post(answer));
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                axum::serve(listener, router).await.unwrap();
            });
        });
        address
    }

    fn add_checkpoint(&self, body: &[u8]) -> Answer {
        let Ok(request) = AddCheckpoint::parse(body) else {
            return Answer::Refused(StatusCode::BAD_REQUEST);
        };
        let Ok(stated) = Checkpoint::parse(request.checkpoint.unverified_text()) else {
            return Answer::Refused(StatusCode::BAD_REQUEST);
        };
        let Some(log) = self.logs.get(&stated.origin) else {
            return Answer::Refused(StatusCode::NOT_FOUND);
        };
        if log.open(&request.checkpoint).is_err() {
            return Answer::Refused(StatusCode::FORBIDDEN);
        }
        if request.old_size > stated.size {
            return Answer::Refused(StatusCode::BAD_REQUEST);
        }
        // Held until what was seen is noted: two who ask at once come one behind the other.
        let mut seen = self.seen.lock().unwrap();
        let known = seen.get(&stated.origin).copied();
        let (size, root) = known.unwrap_or((0, empty_root()));
        if size != request.old_size || (size == stated.size && root != stated.root) {
            return Answer::Saw(size);
        }
        let proof = ConsistencyProof {
            old_size: size,
            new_size: stated.size,
            path: request.path,
        };
        if proof.verify(root, stated.root).is_err() {
            return Answer::Refused(StatusCode::UNPROCESSABLE_ENTITY);
        }
        seen.insert(stated.origin, (stated.size, stated.root));
        Answer::Cosigned(self.cosigner.cosign(&request.checkpoint, 1_790_000_000))
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        match self {
            Self::Cosigned(line) => line.into_response(),
            Self::Saw(size) => {
                let body = format!("{size}\n");
                (StatusCode::CONFLICT, [(CONTENT_TYPE, SIZE_TYPE)], body).into_response()
            }
            Self::Refused(status) => status.into_response(),
        }
    }
}

const ORIGIN: &str = "audit.example/log";

fn log() -> Signer {
    Signer::from_seed(ORIGIN, &[1; 32]).unwrap()
}

/// A log's tree with these entries.
struct Tree {
    frontier: Frontier,
    nodes: KnownNodes,
}

impl Tree {
    fn of(entries: &[&str]) -> Self {
        let leaves: Vec<_> = entries
            .iter()
            .map(|entry| hash_leaf(entry.as_bytes()))
            .collect();
        let mut frontier = Frontier::new();
        let nodes = frontier.append_all(&leaves).unwrap().into_iter().collect();
        Self { frontier, nodes }
    }

    fn signed(&self) -> SignedNote {
        let checkpoint = Checkpoint {
            origin: ORIGIN.to_owned(),
            size: self.frontier.size(),
            root: self.frontier.root(),
            extensions: Vec::new(),
        };
        checkpoint.sign(&[&log()]).unwrap()
    }

    /// The request to cosign it after a tree of that size, honestly proved.
    fn after(&self, old_size: u64) -> Vec<u8> {
        let size = self.frontier.size();
        let path = match old_size {
            0 => Vec::new(),
            _ => {
                ConsistencyProof::compute(&self.nodes, old_size, size)
                    .unwrap()
                    .path
            }
        };
        let checkpoint = self.signed();
        let request = AddCheckpoint {
            old_size,
            path,
            checkpoint,
        };
        request.format().into_bytes()
    }
}

#[test]
fn a_log_that_shows_two_trees_finds_the_witness_for_one_of_them() {
    let witness = SmallWitness::of("witness.example/w", &[log().verifier().clone()]);
    let shown = Tree::of(&["a", "b", "c"]);
    let Answer::Cosigned(line) = witness.add_checkpoint(&shown.after(0)) else {
        panic!("an honest log is cosigned");
    };
    let policy = format!(
        "log {}\nwitness w {}\nquorum w\n",
        log().verifier(),
        witness.key()
    );
    let policy = Policy::parse(policy.as_bytes()).unwrap();
    let mut note = shown.signed();
    assert!(policy.witnesses[0].add_cosignature(&mut note, &line));
    assert_eq!(policy.open(&note).unwrap().size, 3);

    // The same log, signed by the same key, with another second entry for somebody else.
    for fork in [&["a", "x", "c"][..], &["a", "x", "c", "d"]] {
        let fork = Tree::of(fork);
        let refused = witness.add_checkpoint(&fork.after(3));
        let size = fork.frontier.size();
        match size {
            3 => assert_eq!(refused, Answer::Saw(3)),
            _ => assert_eq!(refused, Answer::Refused(StatusCode::UNPROCESSABLE_ENTITY)),
        }
        assert_eq!(witness.add_checkpoint(&fork.after(0)), Answer::Saw(3));
        // What the witness said of the one tree does not serve the other.
        let mut shown_elsewhere = fork.signed();
        let w: &Witness = &policy.witnesses[0];
        assert!(!w.add_cosignature(&mut shown_elsewhere, &line));
        let believed = policy.open(&shown_elsewhere);
        assert_eq!(believed, Err(CheckpointError::NotWitnessed));
    }
    // A log that takes back what it showed.
    let shorter = Tree::of(&["a", "b"]);
    assert_eq!(witness.add_checkpoint(&shorter.after(0)), Answer::Saw(3));

    let grown = Tree::of(&["a", "b", "c", "d"]);
    assert!(matches!(
        witness.add_checkpoint(&grown.after(3)),
        Answer::Cosigned(_)
    ));
    assert_eq!(witness.add_checkpoint(&shown.after(0)), Answer::Saw(4));
    assert_eq!(size_seen("4\n"), Some(4));
}

#[test]
fn a_witness_cosigns_for_logs_it_knows_alone() {
    let stranger = Signer::from_seed(ORIGIN, &[2; 32]).unwrap();
    let other = Signer::from_seed("audit.example/other", &[3; 32]).unwrap();
    for (known, status) in [
        (stranger, StatusCode::FORBIDDEN),
        (other, StatusCode::NOT_FOUND),
    ] {
        let witness = SmallWitness::of("witness.example/w", &[known.verifier().clone()]);
        let refused = witness.add_checkpoint(&Tree::of(&["a"]).after(0));
        assert_eq!(refused, Answer::Refused(status));
        let refused = witness.add_checkpoint(b"no request");
        assert_eq!(refused, Answer::Refused(StatusCode::BAD_REQUEST));
    }
}
