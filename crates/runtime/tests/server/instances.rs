//! A peer with several instances, which come and go.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aval_proto::audit::v1::transparency_service_client::TransparencyServiceClient;
use aval_proto::audit::v1::{GetCheckpointRequest, GetInclusionProofRequest};
use aval_runtime::channel::{Channel, Names, connect_with};
use aval_runtime::config::{GrpcConfig, PeerConfig};
use futures::future::BoxFuture;
use tokio::io::{AsyncReadExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tonic::{Code, Request};

use crate::stand::{Desk, NOT_HELD, PATIENCE, Stand, reason};

/// Where nobody listens. Of the addresses of a name it is the first.
pub(crate) const NOBODY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 1);

/// A DNS of this test.
#[derive(Debug, Clone)]
pub(crate) struct Dns(Arc<Mutex<io::Result<Vec<SocketAddr>>>>);

impl Dns {
    pub(crate) fn of(addresses: &[SocketAddr]) -> Self {
        Self(Arc::new(Mutex::new(Ok(addresses.to_vec()))))
    }

    pub(crate) fn says(&self, addresses: &[SocketAddr]) {
        *self.0.lock().unwrap() = Ok(addresses.to_vec());
    }

    fn is_down(&self) {
        *self.0.lock().unwrap() = Err(io::ErrorKind::TimedOut.into());
    }

    /// A channel to whatever it names.
    pub(crate) fn channel(&self) -> Channel {
        let peer = PeerConfig {
            uri: "http://localhost:1".to_owned(),
            deadline: PATIENCE.into(),
            ..PeerConfig::insecure_loopback(([127, 0, 0, 1], 1).into())
        };
        connect_with(&peer, Arc::new(self.clone())).unwrap()
    }

    pub(crate) fn client(&self) -> TransparencyServiceClient<Channel> {
        TransparencyServiceClient::new(self.channel())
    }
}

impl Names for Dns {
    fn find<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        assert_eq!((host, port), ("localhost", 1));
        let found = match &*self.0.lock().unwrap() {
            Ok(addresses) => Ok(addresses.clone()),
            Err(error) => Err(error.kind().into()),
        };
        Box::pin(async { found })
    }
}

/// An instance in clear, and what its handlers share with the test.
pub(crate) async fn instance() -> (Desk, Stand) {
    let desk = Desk::new();
    let stand = instance_with(&desk, |_| {}).await;
    (desk, stand)
}

/// An instance in clear, with the configuration changed like this.
pub(crate) async fn instance_with(desk: &Desk, change: impl FnOnce(&mut GrpcConfig)) -> Stand {
    Stand::start(desk, |config| {
        config.tls = None;
        config.insecure_loopback = true;
        config.drain = Duration::from_millis(50).into();
        change(config);
    })
    .await
}

/// Calls that wait in a handler, so many.
fn waiting_calls(client: &TransparencyServiceClient<Channel>, calls: usize) {
    for _ in 0..calls {
        let mut client = client.clone();
        tokio::spawn(async move {
            let request = GetInclusionProofRequest::default();
            client.get_inclusion_proof(request).await
        });
    }
}

async fn waiting(desk: &Desk, calls: u32) {
    let waiting = tokio::time::timeout(PATIENCE, desk.waiting.acquire_many(calls)).await;
    waiting
        .expect("so many handlers begin to wait")
        .unwrap()
        .forget();
}

#[tokio::test]
async fn calls_are_spread_over_the_instances() {
    let (one, first) = instance().await;
    let (other, second) = instance().await;
    let dns = Dns::of(&[first.address, second.address]);
    waiting_calls(&dns.client(), 10);
    waiting(&one, 5).await;
    waiting(&other, 5).await;
}

/// Whatever connects here is led on to this address, and counted.
async fn counted_on_the_way_to(address: SocketAddr) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let here = listener.local_addr().unwrap();
    let connections: Arc<AtomicUsize> = Arc::default();
    let counted = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((mut caller, _)) = listener.accept().await {
            connections.fetch_add(1, Ordering::Relaxed);
            let mut server = TcpStream::connect(address).await.unwrap();
            tokio::spawn(async move { copy_bidirectional(&mut caller, &mut server).await });
        }
    });
    (here, counted)
}

#[tokio::test]
async fn calls_that_overlap_go_over_a_second_connection_and_others_need_none() {
    let (desk, stand) = instance().await;
    let (address, connections) = counted_on_the_way_to(stand.address).await;
    let client = Dns::of(&[address]).client();
    for _ in 0..5 {
        let mut client = client.clone();
        client
            .get_checkpoint(GetCheckpointRequest {})
            .await
            .unwrap();
    }
    assert_eq!(connections.load(Ordering::Relaxed), 1);
    waiting_calls(&client, 4);
    waiting(&desk, 4).await;
    assert_eq!(connections.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn an_instance_that_comes_later_gets_its_share() {
    let (one, first) = instance().await;
    let dns = Dns::of(&[first.address]);
    let client = dns.client();
    waiting_calls(&client, 3);
    waiting(&one, 3).await;

    let (other, second) = instance().await;
    dns.says(&[first.address, second.address]);
    let gets_some = async {
        while other.waiting.available_permits() == 0 {
            waiting_calls(&client, 1);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let got = tokio::time::timeout(PATIENCE, gets_some).await;
    got.expect("calls go to the one that came");
}

#[tokio::test]
async fn no_call_fails_while_instances_end_and_others_take_their_place() {
    let (_, mut serving) = instance().await;
    let dns = Dns::of(&[serving.address]);
    let mut client = dns.client();
    for _ in 0..5 {
        let (_, next) = instance().await;
        dns.says(&[serving.address, next.address]);
        for _ in 0..20 {
            client
                .get_checkpoint(GetCheckpointRequest {})
                .await
                .unwrap();
        }
        serving.shutdown.cancel();
        for _ in 0..20 {
            client
                .get_checkpoint(GetCheckpointRequest {})
                .await
                .unwrap();
        }
        serving = next;
    }
}

#[tokio::test]
async fn a_name_that_is_not_found_is_an_error_until_it_is() {
    let (_, stand) = instance().await;
    let dns = Dns::of(&[]);
    dns.is_down();
    let mut client = dns.client();
    let status = client.get_checkpoint(GetCheckpointRequest {}).await;
    let status = status.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(reason(&status), "DEPENDENCY_UNAVAILABLE");

    dns.says(&[stand.address]);
    let found = async {
        while client
            .get_checkpoint(GetCheckpointRequest {})
            .await
            .is_err()
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, found)
        .await
        .expect("it is looked up again");

    // What was found is kept when the DNS fails.
    dns.is_down();
    tokio::time::sleep(Duration::from_millis(500)).await;
    client
        .get_checkpoint(GetCheckpointRequest {})
        .await
        .unwrap();
}

/// A server that takes calls and closes the connection on them; how often it did.
pub(crate) async fn one_that_hangs_up() -> (SocketAddr, Arc<Mutex<usize>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let times = Arc::new(Mutex::new(0));
    let count = Arc::clone(&times);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            *count.lock().unwrap() += 1;
        }
    });
    (address, times)
}

#[tokio::test]
async fn attempts_are_bounded_by_their_number_and_by_the_budget_of_all_calls() {
    let (address, times) = one_that_hangs_up().await;
    let mut client = Dns::of(&[address]).client();
    let status = client.get_checkpoint(GetCheckpointRequest {}).await;
    assert_eq!(status.unwrap_err().code(), Code::Unavailable);
    let of_one_call = *times.lock().unwrap();
    assert!((2..=5).contains(&of_one_call), "{of_one_call}");

    let calls: Vec<_> = (0..200)
        .map(|_| {
            let mut client = client.clone();
            tokio::spawn(async move { client.get_checkpoint(GetCheckpointRequest {}).await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap_err().code(), Code::Unavailable);
    }
    let in_all = *times.lock().unwrap();
    assert!(in_all <= of_one_call + 200 + 60, "{in_all}");
}

#[tokio::test]
async fn a_call_ends_at_its_deadline_however_many_attempts_are_left() {
    let (address, _) = one_that_hangs_up().await;
    let mut request = Request::new(GetCheckpointRequest {});
    request.set_timeout(Duration::from_millis(150));
    let status = Dns::of(&[address]).client().get_checkpoint(request).await;
    assert_eq!(status.unwrap_err().code(), Code::DeadlineExceeded);
}

/// Instances none of which holds the post.
pub(crate) async fn instances(count: usize) -> (Vec<(Desk, Stand)>, Dns) {
    let mut all = Vec::new();
    for _ in 0..count {
        let (desk, stand) = instance().await;
        desk.post.is_held.store(false, Ordering::SeqCst);
        all.push((desk, stand));
    }
    let addresses: Vec<_> = all.iter().map(|(_, stand)| stand.address).collect();
    (all, Dns::of(&addresses))
}

/// How often each was asked.
pub(crate) fn asked(all: &[(Desk, Stand)]) -> Vec<usize> {
    let asked = all.iter().map(|(desk, _)| &desk.post.asked);
    asked.map(|asked| asked.load(Ordering::SeqCst)).collect()
}

#[tokio::test]
async fn what_one_instance_alone_serves_gets_there_and_follows_it() {
    const CALLS: usize = 50;

    let (all, dns) = instances(8).await;
    let mut client = dns.client();
    for holder in [5, 2] {
        let before = asked(&all);
        let post = &all[holder].0.post;
        post.is_held.store(true, Ordering::SeqCst);
        for _ in 0..CALLS {
            let served = client.get_checkpoint(GetCheckpointRequest {}).await;
            served.expect("it gets to the one that serves it");
        }
        post.is_held.store(false, Ordering::SeqCst);
        let mut now = asked(&all);
        assert_eq!(now.remove(holder) - before[holder], CALLS);
        let in_vain = now.iter().sum::<usize>() - (before.iter().sum::<usize>() - before[holder]);
        // Each once, and not again at every call.
        assert!(in_vain < CALLS, "{in_vain}");
    }
}

#[tokio::test]
async fn what_another_instance_serves_soon_waits_for_it() {
    let (all, dns) = instances(3).await;
    let mut client = dns.client();
    let takes_over = async {
        until_asked(&all, 3).await;
        all[1].0.post.is_held.store(true, Ordering::SeqCst);
    };
    let (served, ()) = tokio::join!(client.get_checkpoint(GetCheckpointRequest {}), takes_over);
    served.expect("it waits for the one that takes over");
}

pub(crate) async fn until_asked(all: &[(Desk, Stand)], times: usize) {
    let are_asked = async {
        while asked(all).iter().sum::<usize>() < times {
            tokio::task::yield_now().await;
        }
    };
    let are_asked = tokio::time::timeout(PATIENCE, are_asked).await;
    are_asked.expect("they are asked");
}

#[tokio::test]
async fn what_no_instance_serves_is_answered_so_after_some_rounds() {
    const ROUNDS: usize = 6;

    let (all, dns) = instances(3).await;
    let mut client = dns.client();
    let status = client.get_checkpoint(GetCheckpointRequest {}).await;
    assert_eq!(status.unwrap_err().message(), NOT_HELD);
    assert_eq!(asked(&all), [ROUNDS; 3]);
}

#[tokio::test]
async fn what_no_instance_serves_is_asked_within_the_budget_of_all_calls() {
    let (all, dns) = instances(3).await;
    let mut client = dns.client();
    for _ in 0..200 {
        // There is time for one pause.
        let mut request = Request::new(GetCheckpointRequest {});
        request.set_timeout(Duration::from_millis(250));
        let status = client.get_checkpoint(request).await;
        let code = status.unwrap_err().code();
        assert!(matches!(code, Code::Unavailable | Code::DeadlineExceeded));
    }
    let in_all: usize = asked(&all).iter().sum();
    assert!((200..=200 + 50).contains(&in_all), "{in_all}");
}

#[tokio::test]
async fn who_has_no_time_for_another_round_learns_what_the_instances_said() {
    let (all, dns) = instances(2).await;
    let mut request = Request::new(GetCheckpointRequest {});
    // Not for the pause after the fourth.
    request.set_timeout(Duration::from_millis(1_400));
    let status = dns.client().get_checkpoint(request).await.unwrap_err();
    assert_eq!(status.message(), NOT_HELD);
    let rounds = asked(&all);
    assert!(
        rounds.iter().all(|times| (1..=4).contains(times)),
        "{rounds:?}"
    );
}

#[tokio::test]
async fn whoever_says_to_wait_long_or_nothing_of_it_is_not_asked_again() {
    let soon = Some(Duration::from_millis(100));
    for other in [Some(Duration::from_secs(5)), None] {
        for told in [[soon, other], [other, soon]] {
            let (all, dns) = instances(2).await;
            for ((desk, _), wait) in all.iter().zip(told) {
                *desk.post.told_to_wait.lock().unwrap() = wait;
            }
            let mut client = dns.client();
            let status = client.get_checkpoint(GetCheckpointRequest {}).await;
            assert_eq!(status.unwrap_err().message(), NOT_HELD);
            assert_eq!(asked(&all), [1, 1]);
        }
    }
}
