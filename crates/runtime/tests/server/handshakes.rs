//! Whoever connects and shows no certificate.

use std::time::{Duration, Instant};

use aval_proto::audit::v1::GetCheckpointRequest;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::stand::{Desk, PATIENCE, Stand};

#[tokio::test]
async fn who_shows_no_certificate_keeps_nobody_out_who_has_one() {
    let stand = Stand::start(&Desk::new(), |_| {}).await;
    let begun = Instant::now();
    let mut silent = Vec::new();
    // More than may shake hands at once.
    for _ in 0..300 {
        silent.push(TcpStream::connect(stand.address).await.unwrap());
    }
    let mut client = stand.client();
    let call = client.get_checkpoint(GetCheckpointRequest {});
    let answered = tokio::time::timeout(PATIENCE, call).await;
    answered.expect("it is answered").unwrap();
    // The oldest made way: nobody waited until it had taken too long.
    let mut oldest = silent.remove(0);
    let closed = tokio::time::timeout(PATIENCE, oldest.read_u8()).await;
    assert!(closed.expect("it is closed").is_err());
    assert!(begun.elapsed() < Duration::from_secs(4));
}
