//! What the cluster asks in clear.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::stand::Stand;

#[tokio::test]
async fn it_is_live_and_ready_and_shows_its_metrics() {
    let stand = Stand::start().await;
    for path in ["/live", "/ready", "/metrics"] {
        let mut stream = TcpStream::connect(("127.0.0.1", stand.ops_port()))
            .await
            .unwrap();
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
    }
}
