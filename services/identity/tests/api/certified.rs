//! Against a certified OpenID provider that nobody here wrote (npm `oidc-provider`), over
//! TLS, with claims as Pro Santé Connect's.

mod browser;
mod process;

use std::time::Duration;

use aval_domain::event::EventKind;
use aval_domain::time::{Clock, SystemClock};
use aval_identity::config::ClientCertificate;
use aval_proto::identity::v1 as proto;
use aval_runtime::token::{CLOSINGS_HOLD_WITHIN, TokenError};
use tonic::Status;

use browser::Browser;
use process::{CertifiedProvider, Way};

use crate::calls::{practitioner, reason};
use crate::clinic::{SINGLE, practitioner_id};
use crate::keys::{thumbprint, verifier};
use crate::stand::Stand;

/// Unknown keys are asked for no sooner.
const BETWEEN_FETCHES: Duration = Duration::from_secs(30);

/// The service with that provider for professionals; `None` where it was not prepared.
async fn stand() -> Option<(Stand, CertifiedProvider)> {
    stand_of(&[], false).await
}

/// The same with a provider of these ways, where the service shows it a certificate or does
/// not.
async fn stand_of(ways: &[Way], shows: bool) -> Option<(Stand, CertifiedProvider)> {
    let packages = process::packages()?;
    let mut provider = None;
    let stand = Stand::start_with(|config, pki| {
        let port = aval_testing::ports::claim_port().unwrap();
        config.jwks.listen.set_port(port);
        let logout = format!(
            "https://localhost:{port}{}",
            aval_identity::backchannel_logout::PATH
        );
        let own = config.grpc.tls.clone().unwrap();
        let started = CertifiedProvider::start(&packages, pki, &logout, ways);
        config.practitioners_provider.client_certificate = shows.then(|| ClientCertificate {
            certificate: own.certificate.clone(),
            private_key: own.private_key.clone(),
        });
        config.practitioners_provider.issuer = started.issuer();
        config.practitioners_provider.discovery_url =
            started.issuer() + "/.well-known/openid-configuration";
        provider = Some(started);
    })
    .await;
    // That provider has the machine's clock.
    let behind = SystemClock.now().since(stand.clock.now());
    stand.clock.advance(behind);
    Some((stand, provider.unwrap()))
}

async fn exchange(
    stand: &Stand,
    tokens: &browser::Tokens,
) -> Result<proto::ExchangeTokenResponse, Status> {
    let request = proto::ExchangeTokenRequest {
        grant_type: "urn:ietf:params:oauth:grant-type:token-exchange".to_owned(),
        subject_token: tokens.access_token.clone(),
        subject_token_type: "urn:ietf:params:oauth:token-type:access_token".to_owned(),
        id_token: tokens.id_token.clone(),
        nonce: tokens.nonce.clone(),
        scope: String::new(),
        capacity: Some(practitioner("")),
    };
    let answer = stand.sessions("clinic").exchange_token(request).await;
    answer.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn a_professional_signs_in_by_the_code_flow_and_leaves_with_an_aval_token() {
    let Some((stand, provider)) = stand().await else {
        return;
    };
    let tokens = Browser::new(&provider).sign_in().await;
    let session = exchange(&stand, &tokens).await.unwrap();
    let Some(proto::bearer::Person::Practitioner(bearer)) = session.bearer.unwrap().person else {
        panic!("a professional signed in");
    };
    assert_eq!(bearer.practitioner_id, practitioner_id(SINGLE));
    let own = Some(thumbprint(&stand, "clinic"));
    let elsewhere = verifier(&stand);
    elsewhere.verify(&session.access_token, own).await.unwrap();
    // The nonce is that of one sign-in.
    let mut other = Browser::new(&provider).sign_in().await;
    other.nonce = tokens.nonce;
    assert_eq!(reason(exchange(&stand, &other).await), "NONCE_MISMATCH");
}

#[tokio::test]
async fn a_provider_that_demands_our_certificate_is_shown_it() {
    for (demands, shows, signs_in) in [
        (true, true, true),
        (true, false, false),
        (false, true, true),
    ] {
        let ways: &[Way] = if demands {
            &[Way::DemandsCertificate]
        } else {
            &[]
        };
        let Some((stand, provider)) = stand_of(ways, shows).await else {
            return;
        };
        let tokens = Browser::new(&provider).sign_in().await;
        let answer = exchange(&stand, &tokens).await;
        assert_eq!(answer.is_ok(), signs_in, "{demands} {shows}");
        if !signs_in {
            assert_eq!(reason(answer), "DEPENDENCY_UNAVAILABLE");
        }
    }
}

#[tokio::test]
async fn an_access_token_that_is_bound_to_a_certificate_is_of_use_to_its_owner_alone() {
    let Some((stand, provider)) = stand_of(&[Way::Binds], true).await else {
        return;
    };
    let bound_to = |owner| Browser::showing(&provider, &stand.tls(owner));
    let ours = bound_to("identity").sign_in().await;
    exchange(&stand, &ours).await.unwrap();

    let others = bound_to("other-clinic").sign_in().await;
    assert_eq!(
        reason(exchange(&stand, &others).await),
        "TOKEN_BOUND_ELSEWHERE"
    );
    let traced = stand.neighbours.events(EventKind::SessionRefused, 1).await;
    assert_eq!(traced[0].after["reason"], "TOKEN_BOUND_ELSEWHERE");
    // It is the caller's own: we may take it, and the provider lets its owner alone read
    // `UserInfo` with it.
    let callers = bound_to("clinic").sign_in().await;
    assert_eq!(
        reason(exchange(&stand, &callers).await),
        "SUBJECT_TOKEN_INVALID"
    );
}

#[tokio::test]
async fn an_access_token_that_has_ended_at_the_provider_signs_nobody_in() {
    let Some((stand, provider)) = stand_of(&[Way::Hurries], false).await else {
        return;
    };
    let tokens = Browser::new(&provider).sign_in().await;
    provider.outlives(&tokens.access_token).await;
    // The ID token is good for longer: it is the provider that is believed.
    assert_eq!(
        reason(exchange(&stand, &tokens).await),
        "SUBJECT_TOKEN_INVALID"
    );
}

#[tokio::test]
async fn a_professional_signs_in_whether_the_id_token_tells_all_or_next_to_nothing() {
    for id_token_tells in [false, true] {
        let ways: &[Way] = if id_token_tells {
            &[Way::IdTokenTells]
        } else {
            &[]
        };
        let Some((stand, provider)) = stand_of(ways, false).await else {
            return;
        };
        let tokens = Browser::new(&provider).sign_in().await;
        let claims = tokens.claims();
        assert_eq!(claims["acr"], "eidas1");
        for claim in ["SubjectNameID", "SubjectRefPro", "SubjectRole", "otherIds"] {
            assert_eq!(claims.get(claim).is_some(), id_token_tells, "{claim}");
        }
        let session = exchange(&stand, &tokens).await.unwrap();
        let person = session.bearer.unwrap().person;
        let Some(proto::bearer::Person::Practitioner(bearer)) = person else {
            panic!("a professional signed in");
        };
        assert_eq!(bearer.practitioner_id, practitioner_id(SINGLE));
    }
}

#[tokio::test]
async fn a_new_key_is_learnt_the_last_one_holds_while_it_is_published_and_not_after() {
    let Some((stand, provider)) = stand().await else {
        return;
    };
    let before = [
        Browser::new(&provider).sign_in().await,
        Browser::new(&provider).sign_in().await,
    ];
    exchange(&stand, &Browser::new(&provider).sign_in().await)
        .await
        .unwrap();
    provider.post("rotate").await;
    stand.clock.advance(BETWEEN_FETCHES);
    let after = Browser::new(&provider).sign_in().await;
    assert_ne!(after.key_id(), before[0].key_id());
    exchange(&stand, &after).await.unwrap();
    exchange(&stand, &before[0]).await.unwrap();

    provider.post("rotate").await;
    provider.post("retire").await;
    stand.clock.advance(BETWEEN_FETCHES);
    let last = Browser::new(&provider).sign_in().await;
    exchange(&stand, &last).await.unwrap();
    let refused = exchange(&stand, &before[1]).await;
    assert_eq!(reason(refused), "SUBJECT_TOKEN_INVALID");
}

#[tokio::test]
async fn whoever_signs_out_at_the_provider_is_signed_out_everywhere() {
    let Some((stand, provider)) = stand().await else {
        return;
    };
    let browsers = [Browser::new(&provider), Browser::new(&provider)];
    let (gone, stays) = (browsers[0].sign_in().await, browsers[1].sign_in().await);
    let session = exchange(&stand, &gone).await.unwrap();
    let other = exchange(&stand, &stays).await.unwrap();
    let own = Some(thumbprint(&stand, "clinic"));
    let elsewhere = verifier(&stand);
    for session in [&session, &other] {
        elsewhere.verify(&session.access_token, own).await.unwrap();
    }
    browsers[0].sign_out(&gone).await;
    let closed = stand.neighbours.events(EventKind::SessionClosed, 1).await;
    assert_eq!(closed[0].subject.as_ref().unwrap().id, session.session_id);
    assert_eq!(closed[0].after["closing"], "by_provider");
    stand.clock.advance(CLOSINGS_HOLD_WITHIN);
    let refused = elsewhere.verify(&session.access_token, own).await;
    assert_eq!(refused.unwrap_err(), TokenError::SessionClosed);
    elsewhere.verify(&other.access_token, own).await.unwrap();
    let refresh = proto::RefreshTokenRequest {
        refresh_token: session.refresh_token,
    };
    let refused = stand.sessions("clinic").refresh_token(refresh).await;
    assert_eq!(reason(refused), "TOKEN_EXPIRED");
    // What was proven by that sign-in opens no session any more.
    let refused = exchange(&stand, &gone).await;
    assert_eq!(reason(refused), "SUBJECT_TOKEN_INVALID");
}
