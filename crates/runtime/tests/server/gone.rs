//! Instances that are gone while others cannot serve, and that come back.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;

use aval_proto::audit::v1::GetCheckpointRequest;
use tokio::net::TcpListener;

use crate::instances::{asked, instance_with, instances, until_asked};
use crate::stand::{Desk, NOT_HELD};

/// Where nobody listens any more.
async fn nobody() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

#[tokio::test]
async fn an_instance_that_is_gone_is_no_reason_to_ask_the_others_less_often() {
    let (all, dns) = instances(1).await;
    dns.says(&[nobody().await, all[0].1.address]);
    let mut client = dns.client();
    let status = client.get_checkpoint(GetCheckpointRequest {}).await;
    assert_eq!(status.unwrap_err().message(), NOT_HELD);
    assert_eq!(asked(&all), [6]);
}

#[tokio::test]
async fn one_that_was_gone_is_asked_again_by_a_call_that_nobody_else_serves() {
    let (all, dns) = instances(1).await;
    let gone = nobody().await;
    dns.says(&[gone, all[0].1.address]);
    let mut client = dns.client();
    let comes_back = async {
        // By then it was not there when it was asked.
        until_asked(&all, 2).await;
        let desk = Desk::new();
        desk.post.is_held.store(true, Ordering::SeqCst);
        let stand = instance_with(&desk, |config| config.listen = gone).await;
        (desk, stand)
    };
    let (served, (desk, _stand)) =
        tokio::join!(client.get_checkpoint(GetCheckpointRequest {}), comes_back);
    served.expect("it is served by the one that came back");
    assert_eq!(desk.post.asked.load(Ordering::SeqCst), 1);
}
