//! HTTP/2 written by hand, as no client writes it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use aval_runtime::config::TlsFiles;
use aval_runtime::tls::client_config;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const END_OF_HEADERS: u8 = 4;
const CANCEL: [u8; 4] = [0, 0, 0, 8];
const PATH: &str = "/aval.consent.v1.DecisionService/Check";

/// A connection of software that has a certificate.
pub(super) struct Intruder {
    stream: TlsStream<TcpStream>,
    /// The number of the next stream: what a client opens is odd.
    next: u32,
}

impl Intruder {
    pub(super) async fn connect(address: SocketAddr, files: &TlsFiles) -> io::Result<Self> {
        let config = client_config(files).map_err(io::Error::other)?;
        let name = ServerName::try_from("localhost").expect("it is a name");
        let tcp = TcpStream::connect(address).await?;
        let mut stream = TlsConnector::from(config).connect(name, tcp).await?;
        stream.write_all(PREFACE).await?;
        stream.write_all(&frame(SETTINGS, 0, 0, &[])).await?;
        stream.flush().await?;
        Ok(Self { stream, next: 1 })
    }

    /// Begins so many calls, and says nothing more of any.
    pub(super) async fn begins(&mut self, calls: u32) -> io::Result<()> {
        for _ in 0..calls {
            let begun = self.headers();
            self.stream.write_all(&begun).await?;
        }
        self.stream.flush().await
    }

    /// Begins a call and takes it back, without a pause, until the other side has had enough.
    pub(super) async fn takes_back(&mut self) -> io::Result<()> {
        loop {
            let stream = self.next;
            let mut both = self.headers();
            both.extend(frame(RESET, 0, stream, &CANCEL));
            self.stream.write_all(&both).await?;
            self.stream.flush().await?;
        }
    }

    /// Begins a call by one byte after the other, until the other side has had enough.
    pub(super) async fn trickles(&mut self, pause: Duration) -> io::Result<()> {
        loop {
            for byte in self.headers() {
                self.stream.write_all(&[byte]).await?;
                self.stream.flush().await?;
                tokio::time::sleep(pause).await;
            }
        }
    }

    fn headers(&mut self) -> Vec<u8> {
        let stream = self.next;
        self.next += 2;
        frame(HEADERS, END_OF_HEADERS, stream, &block())
    }
}

/// Sends the beginning of a handshake by one byte after the other and without a certificate;
/// returns when the other side has had enough.
pub(super) async fn never_finishes_a_handshake(address: SocketAddr) -> io::Result<()> {
    // A record of 512 bytes: a handshake's first message, of 508.
    let mut hello = vec![22, 3, 1, 2, 0, 1, 0, 1, 252];
    hello.resize(5 + 512, 0);
    let (mut read, mut write) = TcpStream::connect(address).await?.into_split();
    let sends = async {
        for byte in hello {
            if write.write_all(&[byte]).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let mut answer = [0; 64];
    let ended = async {
        // Nothing, an alert and then nothing, or a broken connection.
        while read.read(&mut answer).await.is_ok_and(|bytes| bytes > 0) {}
    };
    tokio::join!(sends, ended);
    Ok(())
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = u32::try_from(payload.len())
        .expect("frames are short")
        .to_be_bytes();
    let mut frame = length.to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// The headers of a call: two from the table that HTTP/2 has, two with names from it, two
/// that are spelt out.
fn block() -> Vec<u8> {
    let text = |text: &str| {
        let length = u8::try_from(text.len()).expect("texts are short");
        [&[length], text.as_bytes()].concat()
    };
    let (post, https, path, authority, spelt_out) = (0x83, 0x87, 0x04, 0x01, 0x00);
    let mut block = vec![post, https, path];
    block.extend(text(PATH));
    block.push(authority);
    block.extend(text("localhost"));
    for (name, value) in [("content-type", "application/grpc"), ("te", "trailers")] {
        block.push(spelt_out);
        block.extend(text(name));
        block.extend(text(value));
    }
    block
}

/// Where they go, and as whom.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) address: SocketAddr,
    pub(super) files: Arc<TlsFiles>,
}

impl Target {
    pub(super) async fn intruder(&self) -> io::Result<Intruder> {
        Intruder::connect(self.address, &self.files).await
    }
}
