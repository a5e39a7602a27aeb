//! Calls that are something new each time: made once more only where nobody worked on them.

use std::net::SocketAddr;

use aval_proto::identity::v1::RefreshTokenRequest;
use aval_proto::identity::v1::session_service_client::SessionServiceClient;
use h2::Reason;
use tokio::net::TcpListener;
use tonic::{Code, Status};

use crate::instances::{Dns, instance, one_that_hangs_up};

/// Where nobody listens. Of the addresses of a name it is the first.
const NOBODY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 1);

/// Asks whoever is at these addresses for what a stand lets nobody do.
async fn refresh(addresses: &[SocketAddr]) -> Status {
    let mut sessions = SessionServiceClient::new(Dns::of(addresses).channel());
    let request = RefreshTokenRequest::default();
    sessions.refresh_token(request).await.unwrap_err()
}

/// How one call ended on each connection.
#[derive(Debug, Clone, Copy)]
enum End {
    Reset(Reason),
    /// The connection takes no more calls, and leaves this one unseen.
    GoAway,
}

/// A server that ends the first call like this, and is then gone. Of the addresses of a name
/// it comes before this one.
async fn one_that_ends_a_call(end: End, before: SocketAddr) -> SocketAddr {
    let listener = loop {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        if listener.local_addr().unwrap() < before {
            break listener;
        }
    };
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        drop(listener);
        let mut connection = h2::server::handshake(stream).await.unwrap();
        match end {
            End::GoAway => connection.abrupt_shutdown(Reason::NO_ERROR),
            End::Reset(reason) => {
                let (_, mut answer) = connection.accept().await.unwrap().unwrap();
                answer.send_reset(reason);
            }
        }
        // Sends what is to be sent.
        while connection.accept().await.is_some() {}
    });
    address
}

#[tokio::test]
async fn an_instance_that_is_not_there_has_not_worked_on_it() {
    let (_, stand) = instance().await;
    let status = refresh(&[NOBODY, stand.address]).await;
    assert_eq!(status.code(), Code::PermissionDenied, "{status:?}");
    let status = refresh(&[NOBODY]).await;
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
}

#[tokio::test]
async fn what_an_instance_says_that_it_did_not_look_at_is_asked_of_another() {
    let (_, stand) = instance().await;
    for end in [End::Reset(Reason::REFUSED_STREAM), End::GoAway] {
        let first = one_that_ends_a_call(end, stand.address).await;
        let status = refresh(&[first, stand.address]).await;
        assert_eq!(status.code(), Code::PermissionDenied, "{end:?}: {status:?}");
    }
}

#[tokio::test]
async fn what_may_have_been_worked_on_is_asked_once() {
    let (address, times) = one_that_hangs_up().await;
    let status = refresh(&[address]).await;
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(*times.lock().unwrap(), 1);

    let (_, stand) = instance().await;
    for reason in [Reason::INTERNAL_ERROR, Reason::CANCEL, Reason::NO_ERROR] {
        let first = one_that_ends_a_call(End::Reset(reason), stand.address).await;
        let status = refresh(&[first, stand.address]).await;
        assert_eq!(status.code(), Code::Unavailable, "{reason:?}: {status:?}");
    }
}
