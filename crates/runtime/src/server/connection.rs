//! One connection: who is on the other side, and how long it lives.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio_rustls::TlsAcceptor;
use tokio_util::either::Either;
use tokio_util::sync::CancellationToken;

use super::give_way::GiveWay;
use super::rate::Rate;
use super::{Shared, outgoing, walk};
use crate::caller::{CallerId, CallerUnknown, CertificateThumbprint, identify};
use crate::tls::ServerTls;

/// A client has so long to prove who it is.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(20);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);
/// Calls at once on one connection; a gateway may send all of its calls over one.
const STREAMS: u32 = 1000;
const LARGEST_HEADERS: u32 = 16 * 1024;
/// Streams that are told to end on a connection that is over have so long for their last word.
const LAST_WORD: Duration = Duration::from_secs(5);

/// The other side of a connection. Its certificate is read once, not per call.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) caller: Result<CallerId, CallerUnknown>,
    pub(super) thumbprint: Option<CertificateThumbprint>,
    /// How often it may call; `None`: as often as it likes.
    pub(super) rate: Option<Arc<Rate>>,
    /// Cancelled when the streams of this connection have to end.
    pub(super) over: CancellationToken,
    /// The same, also when the server drains: of answers that never end by themselves.
    pub(super) over_or_draining: CancellationToken,
}

impl Peer {
    fn of_certificate(der: &[u8], shared: &Shared) -> Self {
        let caller = identify(der, shared.config.trust_domain.as_deref());
        let thumbprint = Some(CertificateThumbprint::of_der(der));
        Self::new(caller, thumbprint, shared)
    }

    fn in_clear(shared: &Shared) -> Self {
        Self::new(Ok(CallerId::insecure_loopback()), None, shared)
    }

    fn end_streams(&self) {
        self.over.cancel();
        self.over_or_draining.cancel();
    }

    fn new(
        caller: Result<CallerId, CallerUnknown>,
        thumbprint: Option<CertificateThumbprint>,
        shared: &Shared,
    ) -> Self {
        let rate = caller
            .as_ref()
            .ok()
            .and_then(|caller| shared.rates.of(caller));
        Self {
            caller,
            thumbprint,
            rate,
            over: CancellationToken::new(),
            over_or_draining: shared.draining.child_token(),
        }
    }
}

type Socket = outgoing::Socket<OwnedReadHalf, OwnedWriteHalf>;
type Stream = Either<Socket, tokio_rustls::server::TlsStream<Socket>>;

/// A connection whose other side has shown who it is.
pub(super) struct Established {
    stream: Stream,
    peer: Peer,
    remote: SocketAddr,
}

/// Shakes hands; none: the other side did not do so in time, or not as it must.
pub(super) async fn establish(
    shared: Arc<Shared>,
    tls: Option<Arc<ServerTls>>,
    stream: TcpStream,
    remote: SocketAddr,
) -> Option<Established> {
    match shake_hands(&shared, tls, stream).await {
        Ok((stream, peer)) => Some(Established {
            stream,
            peer,
            remote,
        }),
        Err(error) => {
            tracing::debug!(%remote, %error, "a connection was not established");
            None
        }
    }
}

async fn shake_hands(
    shared: &Shared,
    tls: Option<Arc<ServerTls>>,
    stream: TcpStream,
) -> std::io::Result<(Stream, Peer)> {
    stream.set_nodelay(true)?;
    let (reads, writes) = stream.into_split();
    let socket = Socket::new(reads, writes);
    let Some(tls) = tls else {
        return Ok((Either::Left(socket), Peer::in_clear(shared)));
    };
    let handshake = TlsAcceptor::from(tls.current()).accept(socket);
    let stream = tokio::time::timeout(HANDSHAKE_TIMEOUT, handshake).await??;
    let certificates = stream.get_ref().1.peer_certificates().unwrap_or_default();
    let peer = match certificates.first() {
        Some(certificate) => Peer::of_certificate(certificate, shared),
        // The handshake demands one; should that ever change, nobody is let in.
        None => Peer::new(Err(CallerUnknown::CertificateMissing), None, shared),
    };
    Ok((Either::Right(stream), peer))
}

/// Serves a connection until its client leaves, or until it has lived long enough
/// or the server drains and its calls are done, or have had their time.
pub(super) async fn serve(shared: Arc<Shared>, established: Established, age: Duration) {
    let Established {
        stream,
        peer,
        remote,
    } = established;
    if let Err(unknown) = &peer.caller {
        tracing::warn!(%remote, reason = %unknown, "a certificate names no caller");
    }
    if let Err(error) = serve_calls(shared, Arc::new(peer), stream, age).await {
        tracing::debug!(%remote, %error, "a connection failed");
    }
}

async fn serve_calls(
    shared: Arc<Shared>,
    peer: Arc<Peer>,
    stream: Stream,
    age: Duration,
) -> Result<(), hyper::Error> {
    let (grace, draining) = (
        shared.config.connection_grace.get(),
        shared.draining.clone(),
    );
    let its_own = Arc::clone(&peer);
    let calls =
        service_fn(move |request| walk::walk(Arc::clone(&shared), Arc::clone(&peer), request));
    let outgoing = match &stream {
        Either::Left(socket) => socket.outgoing(),
        Either::Right(tls) => tls.get_ref().0.outgoing(),
    };
    outgoing.gather();
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(KEEPALIVE_INTERVAL)
        .keep_alive_timeout(KEEPALIVE_TIMEOUT)
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(LARGEST_HEADERS)
        .serve_connection(TokioIo::new(stream), calls);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        ended = GiveWay::new(connection.as_mut(), &outgoing) => return ended,
        () = tokio::time::sleep(age) => {}
        () = draining.cancelled() => {}
    }
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        ended = GiveWay::new(connection.as_mut(), &outgoing) => return ended,
        () = tokio::time::sleep(grace) => {}
    }
    its_own.end_streams();
    let ended = tokio::time::timeout(LAST_WORD, GiveWay::new(connection, &outgoing)).await;
    ended.unwrap_or_else(|_| {
        tracing::info!("a connection did not end with its calls; cutting off");
        Ok(())
    })
}
