//! Slow clients, over real connections.

use std::time::Instant;

use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;

use super::*;

/// How long a test waits for what must happen.
const SOON: Duration = Duration::from_secs(20);

struct Stand {
    address: SocketAddr,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

async fn stand(change: impl FnOnce(&mut Patience)) -> Stand {
    let mut listener = HttpListener::bind("127.0.0.1:0".parse().unwrap())
        .await
        .unwrap();
    change(&mut listener.patience);
    // More than the system keeps for a reader that does not read.
    let large = || async { vec![0_u8; 64 * 1024 * 1024] };
    let routes = Router::new()
        .route("/small", get(|| async { "small" }))
        .route("/large", get(large));
    let (address, stop) = (listener.bound_address(), CancellationToken::new());
    let serving = tokio::spawn(listener.serve(routes, stop.clone()));
    Stand {
        address,
        stop,
        serving,
    }
}

impl Stand {
    async fn connect(&self, sent: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(sent.as_bytes()).await.unwrap();
        stream
    }

    async fn is_answered(&self) -> bool {
        let mut stream = self
            .connect("GET /small HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n")
            .await;
        let mut answer = String::new();
        let read = stream.read_to_string(&mut answer);
        timeout(SOON, read).await.is_ok_and(|read| read.is_ok()) && answer.ends_with("small")
    }
}

/// Until the other side has closed.
async fn closed(mut stream: TcpStream) {
    let mut read = Vec::new();
    // However it closes.
    let _ = timeout(SOON, stream.read_to_end(&mut read))
        .await
        .expect("it is closed");
}

#[tokio::test]
async fn who_says_nothing_or_half_a_request_is_closed() {
    let stand = stand(|patience| patience.headers = Duration::from_millis(100)).await;
    for sent in ["", "GET /small HTTP/1.1\r\nhost:"] {
        closed(stand.connect(sent).await).await;
    }
    // So is a connection that is at rest after its answer.
    closed(
        stand
            .connect("GET /small HTTP/1.1\r\nhost: here\r\n\r\n")
            .await,
    )
    .await;
    assert!(stand.is_answered().await);
}

#[tokio::test]
async fn a_reader_that_does_not_read_is_cut_off_after_its_age() {
    let stand = stand(|patience| patience.age = Duration::from_millis(100)).await;
    let mut reader = stand
        .connect("GET /large HTTP/1.1\r\nhost: here\r\n\r\n")
        .await;
    sleep(Duration::from_millis(500) + DRAIN).await;
    let mut read = Vec::new();
    let ended = timeout(SOON, reader.read_to_end(&mut read)).await;
    let ended = ended.expect("it is closed");
    assert!(ended.is_err() || read.len() < 64 * 1024 * 1024);
}

#[tokio::test]
async fn who_holds_all_connections_makes_way_the_oldest_first() {
    let stand = stand(|patience| {
        patience.connections = 4;
        patience.least = Duration::from_millis(50);
    })
    .await;
    let mut silent = Vec::new();
    for _ in 0..4 {
        silent.push(stand.connect("").await);
    }
    let begun = Instant::now();
    assert!(stand.is_answered().await);
    assert!(begun.elapsed() < PATIENCE.headers);
    closed(silent.remove(0)).await;
    // Nobody else had to go.
    let last = silent.pop().unwrap();
    let still_open = timeout(Duration::from_millis(100), closed(last)).await;
    assert!(still_open.is_err());
}

#[tokio::test]
async fn half_a_request_does_not_hold_up_the_end() {
    let stand = stand(|_| {}).await;
    let half = stand.connect("GET /small HTTP/1.1\r\nhost:").await;
    assert!(stand.is_answered().await);
    stand.stop.cancel();
    let begun = Instant::now();
    stand.serving.await.unwrap();
    assert!(begun.elapsed() < DRAIN + Duration::from_secs(3));
    closed(half).await;
}
