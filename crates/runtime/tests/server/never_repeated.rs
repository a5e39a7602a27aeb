//! Calls that are something new each time: made once more only where nobody worked on them.

use std::net::SocketAddr;

use aval_proto::audit::v1::GetInclusionProofRequest;
use aval_proto::audit::v1::transparency_service_client::TransparencyServiceClient;
use aval_proto::identity::v1::RefreshTokenRequest;
use aval_proto::identity::v1::session_service_client::SessionServiceClient;
use h2::Reason;
use tokio::net::TcpListener;
use tonic::{Code, Status};

use crate::instances::{Dns, NOBODY, instance_with, one_that_hangs_up};
use crate::stand::{Desk, PATIENCE, Stand};

/// An instance that comes after those on the usual address of this machine.
async fn second() -> Stand {
    let second = SocketAddr::from(([127, 0, 0, 2], 0));
    instance_with(&Desk::new(), |config| config.listen = second).await
}

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

/// A server that ends the first call like this, and is then gone.
async fn one_that_ends_a_call(end: End) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
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
    let stand = second().await;
    let status = refresh(&[NOBODY, stand.address]).await;
    assert_eq!(status.code(), Code::PermissionDenied, "{status:?}");
    let status = refresh(&[NOBODY]).await;
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
}

#[tokio::test]
async fn what_an_instance_says_that_it_did_not_look_at_is_asked_of_another() {
    let stand = second().await;
    for end in [End::Reset(Reason::REFUSED_STREAM), End::GoAway] {
        let first = one_that_ends_a_call(end).await;
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

    let stand = second().await;
    for reason in [Reason::INTERNAL_ERROR, Reason::CANCEL, Reason::NO_ERROR] {
        let first = one_that_ends_a_call(End::Reset(reason)).await;
        let status = refresh(&[first, stand.address]).await;
        assert_eq!(status.code(), Code::Unavailable, "{reason:?}: {status:?}");
    }
}

#[tokio::test]
async fn a_call_that_comes_as_an_instance_drains_is_asked_of_another() {
    let desk = Desk::new();
    let first = instance_with(&desk, |config| config.drain = PATIENCE.into()).await;
    let second = second().await;
    let dns = Dns::of(&[first.address]);
    let channel = dns.channel();
    // A call that keeps the connection open while the instance drains.
    let mut waiting = TransparencyServiceClient::new(channel.clone());
    let waiting = tokio::spawn(async move {
        let request = GetInclusionProofRequest::default();
        waiting.get_inclusion_proof(request).await
    });
    desk.until_a_handler_waits().await;
    dns.says(&[first.address, second.address]);
    first.shutdown.cancel();
    // Whichever is asked first, and whatever of the end has come through by then.
    for _ in 0..20 {
        let mut sessions = SessionServiceClient::new(channel.clone());
        let request = RefreshTokenRequest::default();
        let status = sessions.refresh_token(request).await.unwrap_err();
        assert_eq!(status.code(), Code::PermissionDenied, "{status:?}");
    }
    desk.go_on.add_permits(1);
    waiting.await.unwrap().unwrap();
}
