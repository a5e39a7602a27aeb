//! A witness as somebody else would write it: of the specifications (C2SP tlog-witness,
//! tlog-cosignature, signed-note) and of other people's trees and signatures, with nothing of
//! the log's own. It can be told to fail.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use aval_runtime::config::TlsFiles;
use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::serve::Listener;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ct_merkle::{ConsistencyProof, RootHash};
use ed25519_dalek::{Signature, Signer as _, SigningKey, Verifier as _, VerifyingKey};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest as _, Sha256};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// How it behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Sound,
    /// It takes for ever.
    Slow,
    /// It answers what nobody understands.
    Garbage,
    /// It answers more than anybody reads.
    Endless,
    /// It cosigns under its name with somebody else's key.
    WrongKey,
    /// It refuses.
    Refuses(u16),
    /// It says that it saw so many entries.
    ClaimsToHaveSeen(u64),
    /// It says that it saw something, and not what.
    ConflictWithoutSize,
}

/// A witness of one log; cloning gives another handle on the same.
#[derive(Clone)]
pub(crate) struct Witness {
    name: String,
    key: SigningKey,
    log: Arc<Log>,
    mood: Arc<Mutex<Mood>>,
    seen: Arc<Mutex<Seen>>,
}

/// The log that it knows.
struct Log {
    origin: String,
    key: VerifyingKey,
}

/// What it keeps of the log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) size: u64,
    root: [u8; 32],
}

/// Why it does not cosign.
#[derive(Debug)]
enum Refusal {
    Status(u16),
    Saw(u64),
}

impl Witness {
    /// A witness of the log with this key, `<origin>+<id>+<base64>`.
    pub(crate) fn of(name: &str, log: &str) -> Self {
        let (origin, rest) = log.split_once('+').unwrap();
        let (_, key) = rest.split_once('+').unwrap();
        let key: [u8; 33] = STANDARD.decode(key).unwrap().try_into().unwrap();
        let log = Log {
            origin: origin.to_owned(),
            key: VerifyingKey::from_bytes(&key[1..].try_into().unwrap()).unwrap(),
        };
        let seed: [u8; 32] = Sha256::digest(name).into();
        Self {
            name: name.to_owned(),
            key: SigningKey::from_bytes(&seed),
            log: Arc::new(log),
            mood: Arc::new(Mutex::new(Mood::Sound)),
            seen: Arc::default(),
        }
    }

    /// Its key, as policies name it.
    pub(crate) fn vkey(&self) -> String {
        let id = u32::from_be_bytes(self.key_id());
        format!(
            "{}+{id:08x}+{}",
            self.name,
            STANDARD.encode(self.typed_key())
        )
    }

    pub(crate) fn be(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    pub(crate) fn seen(&self) -> Seen {
        *self.seen.lock().unwrap()
    }

    /// Has it know what it knew then.
    pub(crate) fn restore(&self, seen: Seen) {
        *self.seen.lock().unwrap() = seen;
    }

    /// Serves here until the test ends.
    pub(crate) fn serve(&self, listener: impl Listener<Addr = SocketAddr>) -> SocketAddr {
        let address = listener.local_addr().unwrap();
        let witness = self.clone();
        let answer = move |body: Bytes| async move { witness.answer(body).await };
        let router = Router::new().route("/w/add-checkpoint", post(answer));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        address
    }

    async fn answer(self, body: Bytes) -> Response {
        let mood = *self.mood.lock().unwrap();
        match mood {
            Mood::Slow => std::future::pending().await,
            Mood::Garbage => "— \u{0} no line at all".into_response(),
            Mood::Endless => vec![b'x'; 1 << 20].into_response(),
            Mood::Refuses(status) => StatusCode::from_u16(status).unwrap().into_response(),
            Mood::ClaimsToHaveSeen(size) => saw(size),
            Mood::ConflictWithoutSize => StatusCode::CONFLICT.into_response(),
            Mood::Sound | Mood::WrongKey => match self.add_checkpoint(&body) {
                Ok(text) if mood == Mood::WrongKey => {
                    let stranger = SigningKey::from_bytes(&[9; 32]);
                    self.cosign(&stranger, &text).into_response()
                }
                Ok(text) => self.cosign(&self.key, &text).into_response(),
                Err(Refusal::Saw(size)) => saw(size),
                Err(Refusal::Status(status)) => {
                    StatusCode::from_u16(status).unwrap().into_response()
                }
            },
        }
    }

    /// Answers the text to cosign.
    fn add_checkpoint(&self, body: &[u8]) -> Result<String, Refusal> {
        let bad = || Refusal::Status(400);
        let body = str::from_utf8(body).map_err(|_| bad())?;
        let (head, note) = body.split_once("\n\n").ok_or_else(bad)?;
        let mut lines = head.lines();
        let old = lines.next().and_then(|line| line.strip_prefix("old "));
        let old_size: u64 = old.and_then(|old| old.parse().ok()).ok_or_else(bad)?;
        let mut proof = Vec::new();
        for line in lines {
            proof.extend(STANDARD.decode(line).map_err(|_| bad())?);
        }
        let (text, signatures) = note.split_once("\n\n").ok_or_else(bad)?;
        let text = format!("{text}\n");
        let mut stated = text.lines();
        if stated.next() != Some(&self.log.origin) {
            return Err(Refusal::Status(404));
        }
        if !signatures
            .lines()
            .any(|line| self.is_by_the_log(line, &text))
        {
            return Err(Refusal::Status(403));
        }
        let size: u64 = stated.next().and_then(|n| n.parse().ok()).ok_or_else(bad)?;
        let root = stated.next().and_then(|root| STANDARD.decode(root).ok());
        let root: [u8; 32] = root.and_then(|r| r.try_into().ok()).ok_or_else(bad)?;
        if old_size > size {
            return Err(bad());
        }
        let mut seen = self.seen.lock().unwrap();
        if seen.size != old_size || (seen.size == size && seen.root != root) {
            return Err(Refusal::Saw(seen.size));
        }
        if !continues(*seen, size, root, proof) {
            return Err(Refusal::Status(422));
        }
        *seen = Seen { size, root };
        Ok(text)
    }

    fn is_by_the_log(&self, line: &str, text: &str) -> bool {
        let start = format!("— {} ", self.log.origin);
        let payload = line.strip_prefix(&start);
        let payload = payload.and_then(|payload| STANDARD.decode(payload).ok());
        let signature = payload.and_then(|payload| Signature::from_slice(payload.get(4..)?).ok());
        signature.is_some_and(|signature| self.log.key.verify(text.as_bytes(), &signature).is_ok())
    }

    fn cosign(&self, key: &SigningKey, text: &str) -> String {
        let time: u64 = 1_790_000_000;
        let message = format!("cosignature/v1\ntime {time}\n{text}");
        let signature = key.sign(message.as_bytes()).to_bytes();
        let payload = [&self.key_id()[..], &time.to_be_bytes(), &signature].concat();
        format!("— {} {}\n", self.name, STANDARD.encode(payload))
    }

    fn typed_key(&self) -> Vec<u8> {
        [&[0x04], self.key.verifying_key().as_bytes().as_slice()].concat()
    }

    fn key_id(&self) -> [u8; 4] {
        let named = [self.name.as_bytes(), b"\n", &self.typed_key()].concat();
        let digest: [u8; 32] = Sha256::digest(named).into();
        [digest[0], digest[1], digest[2], digest[3]]
    }
}

/// Where a witness with a certificate is reached.
pub(crate) struct Encrypted {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl Encrypted {
    /// With this certificate and key.
    pub(crate) fn with(listener: TcpListener, own: &TlsFiles) -> Self {
        let chain = CertificateDer::pem_file_iter(&own.certificate).unwrap();
        let chain = chain.collect::<Result<Vec<_>, _>>().unwrap();
        let key = PrivateKeyDer::from_pem_file(&own.private_key).unwrap();
        let config = rustls::ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Self { listener, acceptor }
    }
}

impl Listener for Encrypted {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, from) = self.listener.accept().await.unwrap();
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, from);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

/// Whether a tree continues another, by somebody else's code.
fn continues(old: Seen, size: u64, root: [u8; 32], proof: Vec<u8>) -> bool {
    if old.size == 0 || old.size == size {
        return proof.is_empty();
    }
    let (old, new) = (
        RootHash::<Sha256>::new(old.root.into(), old.size),
        RootHash::<Sha256>::new(root.into(), size),
    );
    let proof = ConsistencyProof::try_from_bytes(proof);
    proof.is_ok_and(|proof| new.verify_consistency(&old, &proof).is_ok())
}

fn saw(size: u64) -> Response {
    let kind = [(CONTENT_TYPE, "text/x.tlog.size")];
    (StatusCode::CONFLICT, kind, format!("{size}\n")).into_response()
}

/// What a policy of these witnesses says, each with where it is asked.
pub(crate) fn policy(witnesses: &[(&Witness, SocketAddr)], threshold: usize) -> String {
    let line = |(number, (witness, address)): (usize, &(&Witness, SocketAddr))| {
        let key = witness.vkey();
        format!("witness w{number} {key} http://{address}/w")
    };
    let mut lines: Vec<String> = witnesses.iter().enumerate().map(line).collect();
    let names: Vec<String> = (0..witnesses.len()).map(|n| format!("w{n}")).collect();
    lines.push(format!("group enough {threshold} {}", names.join(" ")));
    lines.push("quorum enough\n".to_owned());
    lines.join("\n")
}
