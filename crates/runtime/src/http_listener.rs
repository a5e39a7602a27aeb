//! A listener for plain HTTP/1.1, in clear or under a certificate: of whoever asks nothing is
//! known, so that each has little time and room.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use futures::future::BoxFuture;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Interval, interval, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::bounded_tasks::{BoundedTasks, room};
use crate::tls::PublicTls;

/// How long answers may go on after the signal to stop.
const DRAIN: Duration = Duration::from_secs(5);
/// After an error of the system's, such as too many open files.
const AFTER_A_FAILED_ACCEPT: Duration = Duration::from_millis(100);
/// The longest line and headers of a request.
const LARGEST_HEAD: usize = 64 * 1024;

/// What a connection may take.
#[derive(Debug, Clone, Copy)]
struct Patience {
    /// For its handshake.
    handshake: Duration,
    /// For the headers of a request, from when they may begin: so it may also be at rest.
    headers: Duration,
    /// For everything: whoever reads or writes slowly does not stay.
    age: Duration,
    /// So many at once. Then the oldest makes way for the next, ...
    connections: usize,
    /// ... once it has had so long.
    least: Duration,
}

const PATIENCE: Patience = Patience {
    handshake: Duration::from_secs(5),
    headers: Duration::from_secs(10),
    age: Duration::from_mins(1),
    connections: 1024,
    least: Duration::from_millis(500),
};

/// A listener that holds its port.
#[derive(Debug)]
pub struct HttpListener {
    listener: TcpListener,
    address: SocketAddr,
    certificate: Option<Certificate>,
    patience: Patience,
}

#[derive(Debug)]
struct Certificate {
    tls: PublicTls,
    read_again: Interval,
}

impl HttpListener {
    /// Takes the port.
    pub async fn bind(listen: SocketAddr) -> Result<Self, std::io::Error> {
        let listener = TcpListener::bind(listen).await?;
        Ok(Self {
            address: listener.local_addr()?,
            listener,
            certificate: None,
            patience: PATIENCE,
        })
    }

    /// The same under this certificate, whose files are read again so often.
    #[must_use]
    pub fn under(self, tls: PublicTls, read_every: Duration) -> Self {
        Self {
            certificate: Some(Certificate {
                tls,
                read_again: interval(read_every),
            }),
            ..self
        }
    }

    /// The address it listens on, with the port that was taken for port 0.
    #[must_use]
    pub fn bound_address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `stop`. What is being answered then may go on for five seconds.
    #[must_use = "a future does nothing before it is awaited"]
    pub fn serve(self, routes: Router, stop: CancellationToken) -> BoxFuture<'static, ()> {
        Box::pin(self.accept_until(routes, stop))
    }

    async fn accept_until(mut self, routes: Router, stop: CancellationToken) {
        let patience = self.patience;
        let mut connections = BoundedTasks::new(patience.connections, patience.least);
        loop {
            let full_until = connections.full_until();
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(()) = connections.next() => {}
                () = read_again(&mut self.certificate) => {}
                () = room(full_until), if full_until.is_some() => {}
                accepted = self.listener.accept(), if full_until.is_none() => match accepted {
                    Ok((stream, remote)) => connections.spawn(serve(
                        stream,
                        remote,
                        self.certificate.as_ref().map(|own| own.tls.current()),
                        routes.clone(),
                        patience,
                        stop.clone(),
                    )),
                    Err(error) => {
                        tracing::warn!(%error, "a connection was not accepted");
                        sleep(AFTER_A_FAILED_ACCEPT).await;
                    }
                },
            }
        }
        drop(self.listener);
        let all_done = async { while connections.next().await.is_some() {} };
        if timeout(DRAIN, all_done).await.is_err() {
            tracing::warn!(
                address = %self.address,
                connections = connections.len(),
                "connections did not end; cutting off"
            );
        }
    }
}

/// Reads the certificate again when it is time.
async fn read_again(certificate: &mut Option<Certificate>) {
    let Some(own) = certificate else {
        return std::future::pending().await;
    };
    own.read_again.tick().await;
    own.tls.reload();
}

async fn serve(
    stream: TcpStream,
    remote: SocketAddr,
    tls: Option<Arc<ServerConfig>>,
    routes: Router,
    patience: Patience,
    stop: CancellationToken,
) {
    let Some(tls) = tls else {
        return answer(stream, remote, routes, patience, stop).await;
    };
    let handshake = TlsAcceptor::from(tls).accept(stream);
    match timeout(patience.handshake, handshake).await {
        Ok(Ok(stream)) => answer(stream, remote, routes, patience, stop).await,
        Ok(Err(error)) => tracing::debug!(%remote, %error, "a connection was not established"),
        Err(_) => {}
    }
}

/// Answers what comes over a connection until its client leaves, or until it has lived long
/// enough or is told to stop, and then what has begun.
async fn answer(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    remote: SocketAddr,
    routes: Router,
    patience: Patience,
    stop: CancellationToken,
) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.headers)
        .max_buf_size(LARGEST_HEAD)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes));
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = lived_or_told(patience.age, &stop) => {
            connection.as_mut().graceful_shutdown();
            match timeout(DRAIN, connection).await {
                Ok(ended) => ended,
                Err(_) => return,
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%remote, %error, "a connection failed");
    }
}

async fn lived_or_told(age: Duration, stop: &CancellationToken) {
    tokio::select! {
        () = sleep(age) => {}
        () = stop.cancelled() => {}
    }
}

#[cfg(test)]
mod tests;
