//! Who signed in with one factor shuts people out, and lets nobody in.

use aval_proto::consent::v1 as proto;
use tonic::Code;

use crate::people::Person;
use crate::stand::{Stand, create_grant, reason, request_id};

#[tokio::test]
async fn a_weak_sign_in_ends_a_grant_and_gives_none() {
    let stand = Stand::start().await;
    let grant = stand.grant_to_doctor().await;
    let mut grants = stand.grants(Person::AnnaWeakly);
    let revoke = proto::RevokeGrantRequest {
        grant_id: grant.grant_id,
        request_id: request_id(),
        ..Default::default()
    };
    let revoke = stand.request(revoke, Person::AnnaWeakly);
    grants.revoke_grant(revoke).await.unwrap();
    let create = stand.request(create_grant(), Person::AnnaWeakly);
    let refused = grants.create_grant(create).await.unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::PermissionDenied, "AUTHENTICATION_TOO_WEAK")
    );
    stand.grant_to_doctor().await;
}
