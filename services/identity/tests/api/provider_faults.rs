//! A provider that is down, slow, wrong or in another's hands proves nobody.

use std::net::SocketAddr;
use std::time::Duration;

use aval_identity::config::Config;
use aval_runtime::config::DurationText;
use aval_testing::provider::Realm;
use serde_json::json;

use crate::calls::reason;
use crate::clinic::SINGLE;
use crate::crooked::{Crooked, ENDPOINTS, Fault};
use crate::keys::thumbprint;
use crate::stand::{PATIENCE, Stand, tls_of};

/// A service whose professionals' provider is a crooked one, asked at this address.
async fn stand_before(discovery: SocketAddr, timeout: DurationText) -> Stand {
    let change = move |config: &mut Config, _: &_| {
        let provider = &mut config.practitioners_provider;
        provider.discovery_url = format!("https://{discovery}/discovery");
        provider.timeout = timeout;
    };
    Stand::start_with(change).await
}

/// The crooked provider has to know the real one, which starts with the service: the
/// port is taken first, and the crooked one follows.
async fn crooked_stand(timeout: DurationText) -> (Stand, Crooked) {
    let relay = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = relay.local_addr().unwrap();
    let stand = stand_before(address, timeout).await;
    let crooked = Crooked::before(&stand.provider, &tls_of(&stand.pki, "provider")).await;
    let behind = crooked.url("").trim_start_matches("https://").to_owned();
    tokio::spawn(async move {
        loop {
            let (mut from, _) = relay.accept().await.unwrap();
            let behind = behind.clone();
            tokio::spawn(async move {
                let mut to = tokio::net::TcpStream::connect(behind).await.unwrap();
                // Either side may hang up at any time.
                let _ = tokio::io::copy_bidirectional(&mut from, &mut to).await;
            });
        }
    });
    (stand, crooked)
}

async fn attempt(stand: &Stand) -> Result<(), String> {
    // What was fetched before is old, and a failed fetch may be tried again.
    stand.clock.advance(Duration::from_secs(301));
    let request = stand.as_professional(SINGLE, "");
    let answer = stand.sessions("clinic").exchange_token(request).await;
    answer
        .map(|_| ())
        .map_err(|status| reason::<()>(Err(status)))
}

#[tokio::test]
async fn whatever_the_provider_answers_instead_signs_nobody_in() {
    let (stand, crooked) = crooked_stand(DurationText::from_secs(20)).await;
    attempt(&stand).await.unwrap();
    let faults = [
        Fault::Status(500),
        Fault::Status(404),
        Fault::Status(204),
        Fault::Redirect,
        Fault::Endless,
        Fault::Text(String::new()),
        Fault::Text("<html>".to_owned()),
        Fault::Text("[]".to_owned()),
        Fault::Text("{}".to_owned()),
        Fault::Text("null".to_owned()),
        Fault::Text("{\"active\":\"true\"}".to_owned()),
        Fault::Text("[".repeat(5_000)),
        Fault::Text("{\"keys\":[{\"kty\":\"oct\",\"k\":\"c2VjcmV0\"}]}".to_owned()),
    ];
    for endpoint in ENDPOINTS {
        for fault in &faults {
            crooked.set(endpoint, Some(fault.clone()));
            // What was fetched when all was well is no longer usable.
            stand.clock.advance(Duration::from_hours(24));
            // What the client can mend is told from what it cannot; both are refusals.
            let refused = attempt(&stand).await.expect_err("nobody is signed in");
            let known = [
                "DEPENDENCY_UNAVAILABLE",
                "USER_INFO_INVALID",
                "SUBJECT_TOKEN_INVALID",
            ];
            assert!(
                known.contains(&refused.as_str()),
                "{endpoint} {fault:?}: {refused}"
            );
        }
        crooked.set(endpoint, None);
        attempt(&stand).await.unwrap();
    }
}

#[tokio::test]
async fn keys_that_were_fetched_serve_for_a_day_while_the_provider_publishes_none() {
    let (stand, crooked) = crooked_stand(DurationText::from_secs(20)).await;
    attempt(&stand).await.unwrap();
    crooked.set("/certs", Some(Fault::Status(503)));
    attempt(&stand).await.unwrap();
    stand.clock.advance(Duration::from_hours(24));
    assert_eq!(
        attempt(&stand).await,
        Err("DEPENDENCY_UNAVAILABLE".to_owned())
    );
}

#[tokio::test]
async fn a_provider_that_never_answers_is_given_up() {
    let (stand, crooked) = crooked_stand(DurationText::from_millis(300)).await;
    for endpoint in ENDPOINTS {
        for fault in [Fault::Silence, Fault::Stalled] {
            crooked.set(endpoint, Some(fault.clone()));
            // What was fetched when all was well is no longer usable.
            stand.clock.advance(Duration::from_hours(24));
            assert_eq!(
                attempt(&stand).await,
                Err("DEPENDENCY_UNAVAILABLE".to_owned()),
                "{endpoint} {fault:?}"
            );
        }
        crooked.set(endpoint, None);
    }
}

#[tokio::test]
async fn a_provider_that_takes_a_connection_and_says_nothing_is_given_up() {
    let mute = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let timeout = DurationText::from_millis(300);
    let stand = stand_before(mute.local_addr().unwrap(), timeout).await;
    assert_eq!(
        attempt(&stand).await,
        Err("DEPENDENCY_UNAVAILABLE".to_owned())
    );
}

#[tokio::test]
async fn where_nobody_listens_nobody_signs_in() {
    let closed = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let stand = stand_before(closed, DurationText::from_secs(20)).await;
    assert_eq!(
        attempt(&stand).await,
        Err("DEPENDENCY_UNAVAILABLE".to_owned())
    );
}

#[tokio::test]
async fn a_discovery_document_of_another_issuer_is_not_followed() {
    let (stand, crooked) = crooked_stand(DurationText::from_secs(20)).await;
    let mut discovery = crooked.discovery();
    discovery["issuer"] = json!("https://issuer.example/realms/elsewhere");
    crooked.set("/discovery", Some(Fault::Text(discovery.to_string())));
    assert_eq!(
        attempt(&stand).await,
        Err("DEPENDENCY_UNAVAILABLE".to_owned())
    );
}

#[tokio::test]
async fn a_user_info_of_somebody_else_or_of_another_form_is_refused() {
    let (stand, crooked) = crooked_stand(DurationText::from_secs(20)).await;
    for user_info in [
        json!({}),
        json!({ "sub": "somebody else", "SubjectNameID": format!("8{SINGLE}") }),
        json!({ "sub": ["f"] }),
    ] {
        crooked.set("/userinfo", Some(Fault::Text(user_info.to_string())));
        assert_eq!(attempt(&stand).await, Err("USER_INFO_INVALID".to_owned()));
    }
    for refusal in [401, 403] {
        crooked.set("/userinfo", Some(Fault::Status(refusal)));
        assert_eq!(
            attempt(&stand).await,
            Err("SUBJECT_TOKEN_INVALID".to_owned())
        );
    }
    crooked.set("/userinfo", None);
    crooked.set(
        "/introspect",
        Some(Fault::Text("{\"active\":false}".to_owned())),
    );
    assert_eq!(
        attempt(&stand).await,
        Err("SUBJECT_TOKEN_INVALID".to_owned())
    );
}

#[tokio::test]
async fn an_access_token_that_is_bound_is_taken_from_the_software_whose_it_is() {
    let (stand, crooked) = crooked_stand(DurationText::from_secs(20)).await;
    let bound_to = |caller| thumbprint(&stand, caller).to_base64url();
    for (bound_to, answer) in [
        (bound_to("clinic"), Ok(())),
        (
            bound_to("other-clinic"),
            Err("TOKEN_BOUND_ELSEWHERE".to_owned()),
        ),
        (String::new(), Err("TOKEN_BOUND_ELSEWHERE".to_owned())),
    ] {
        let said = json!({ "active": true, "cnf": { "x5t#S256": bound_to } });
        crooked.set("/introspect", Some(Fault::Text(said.to_string())));
        assert_eq!(attempt(&stand).await, answer);
    }
}

#[tokio::test]
async fn a_rotated_key_is_fetched_once_it_may_be_and_a_retired_one_is_forgotten() {
    let stand = Stand::start().await;
    let exchange = async |request| {
        let answer = stand.sessions("clinic").exchange_token(request).await;
        answer
            .map(|_| ())
            .map_err(|status| reason::<()>(Err(status)))
    };
    let old = || stand.as_professional(SINGLE, "");
    exchange(old()).await.unwrap();
    let signed_before = old();
    stand.provider.rotate(Realm::Professionals).await.unwrap();
    let signed_after = old();
    // Unknown keys do not become a load on the provider: it was asked a moment ago.
    assert_eq!(
        exchange(signed_after.clone()).await,
        Err("SUBJECT_TOKEN_INVALID".to_owned())
    );
    stand.clock.advance(Duration::from_secs(31));
    exchange(signed_after).await.unwrap();
    exchange(signed_before).await.unwrap();

    let signed_with_the_second = old();
    stand.provider.rotate(Realm::Professionals).await.unwrap();
    stand.provider.retire(Realm::Professionals);
    stand.clock.advance(Duration::from_secs(31));
    exchange(old()).await.unwrap();
    let retired = exchange(signed_with_the_second).await;
    assert_eq!(retired, Err("SUBJECT_TOKEN_INVALID".to_owned()));
}

#[tokio::test]
async fn many_who_sign_in_at_once_share_one_look_at_the_keys() {
    let (stand, crooked) = crooked_stand(DurationText::from_secs(20)).await;
    let attempts = (0..8).map(|_| async {
        let request = stand.as_professional(SINGLE, "");
        stand
            .sessions("clinic")
            .exchange_token(request)
            .await
            .map(|_| ())
    });
    futures::future::try_join_all(attempts).await.unwrap();
    assert_eq!(
        (crooked.asked("/discovery"), crooked.asked("/certs")),
        (1, 1)
    );
    assert_eq!(crooked.asked("/userinfo"), 8);
}

#[tokio::test]
async fn a_client_who_hangs_up_while_the_keys_are_fetched_keeps_nobody_out_for_long() {
    let (stand, crooked) = crooked_stand(DurationText::from_secs(20)).await;
    crooked.set("/discovery", Some(Fault::Silence));
    let request = stand.as_professional(SINGLE, "");
    let mut sessions = stand.sessions("clinic");
    let abandoned = tokio::spawn(async move { sessions.exchange_token(request).await });
    let asked = async {
        while crooked.asked("/discovery") == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asked).await.unwrap();
    abandoned.abort();
    crooked.set("/discovery", None);
    stand.clock.advance(Duration::from_secs(1));
    let request = stand.as_professional(SINGLE, "");
    stand
        .sessions("clinic")
        .exchange_token(request)
        .await
        .unwrap();
}
