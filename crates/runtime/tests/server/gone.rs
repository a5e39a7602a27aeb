//! Instances that are gone while others cannot serve, and that come back.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use aval_proto::audit::v1::GetCheckpointRequest;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::instances::{NOBODY, asked, instance_with, instances, until_asked};
use crate::stand::{Desk, NOT_HELD};

#[tokio::test]
async fn an_instance_that_is_gone_is_no_reason_to_ask_the_others_less_often() {
    let (all, dns) = instances(1).await;
    dns.says(&[NOBODY, all[0].1.address]);
    let mut client = dns.client();
    let status = client.get_checkpoint(GetCheckpointRequest {}).await;
    assert_eq!(status.unwrap_err().message(), NOT_HELD);
    assert_eq!(asked(&all), [6]);
}

#[tokio::test]
async fn one_that_was_gone_is_asked_again_by_a_call_that_nobody_else_serves() {
    let (all, dns) = instances(1).await;
    // Whoever is bound and does not listen refuses, and nobody else is there.
    let bound = TcpSocket::new_v4().unwrap();
    bound.set_reuseaddr(true).unwrap();
    bound.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let gone = bound.local_addr().unwrap();
    dns.says(&[gone, all[0].1.address]);
    let mut client = dns.client();
    let comes_back = async {
        // By then it was not there when it was asked.
        until_asked(&all, 2).await;
        let desk = Desk::new();
        drop(bound);
        let stand = instance_with(&desk, |config| config.listen = gone).await;
        (desk, stand)
    };
    let (served, (desk, _stand)) =
        tokio::join!(client.get_checkpoint(GetCheckpointRequest {}), comes_back);
    served.expect("it is served by the one that came back");
    assert_eq!(desk.post.asked.load(Ordering::SeqCst), 1);
}

/// Whose first connection is lost, and who serves whatever comes over the others.
async fn one_that_hangs_up_once(serves: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.2:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        drop(listener.accept().await.unwrap());
        while let Ok((mut caller, _)) = listener.accept().await {
            let mut behind = TcpStream::connect(serves).await.unwrap();
            tokio::spawn(async move { copy_bidirectional(&mut caller, &mut behind).await });
        }
    });
    address
}

#[tokio::test]
async fn one_that_hangs_up_is_asked_again_though_another_says_to_wait_long() {
    let (all, dns) = instances(1).await;
    *all[0].0.post.told_to_wait.lock().unwrap() = Some(Duration::from_secs(5));
    let serving = instance_with(&Desk::new(), |_| {}).await;
    let hangs_up = one_that_hangs_up_once(serving.address).await;
    // The first of these is asked first.
    dns.says(&[all[0].1.address, hangs_up]);
    let served = dns.client().get_checkpoint(GetCheckpointRequest {}).await;
    served.expect("its second connection serves");
    assert_eq!(asked(&all), [1]);
}
