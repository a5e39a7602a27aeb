//! A provider says that somebody signed out there, and their sessions end everywhere.

mod flawed;
mod forms;

use aval_domain::event::{Actor, EventKind};
use aval_identity::config::Config;
use aval_proto::identity::v1 as proto;
use aval_runtime::token::{CLOSINGS_HOLD_WITHIN, TokenError};
use aval_testing::provider::{ClientConfig, Realm};
use serde_json::{Value, json};

use crate::calls::{exchange, practitioner, reason, sign_in, with_token};
use crate::clinic::{DOCTOR, SINGLE, at_the_cabinet};
use crate::keys::{http, thumbprint, verifier};
use crate::stand::Stand;

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// A session, and the provider's name for the sign-in.
pub(crate) struct SignedIn {
    pub(crate) session: proto::ExchangeTokenResponse,
    pub(crate) sid: String,
}

pub(crate) async fn signed_in(stand: &Stand, rpps: &str) -> SignedIn {
    let tokens = stand.sign_in(Realm::Professionals, &sign_in(&format!("8{rpps}")));
    let activity = if rpps == DOCTOR {
        at_the_cabinet()
    } else {
        String::new()
    };
    let request = exchange(&tokens, practitioner(&activity));
    let answer = stand.sessions("clinic").exchange_token(request).await;
    SignedIn {
        session: answer.unwrap().into_inner(),
        sid: tokens.sid,
    }
}

/// What a sound logout token says of this sign-in.
pub(crate) fn claims_of(stand: &Stand, sid: &str) -> Value {
    use aval_domain::time::Clock;
    let now = stand.clock.now().unix_seconds();
    json!({
        "iss": stand.provider.issuer(Realm::Professionals),
        "aud": ClientConfig::development().id,
        "iat": now, "exp": now + 120,
        "jti": crate::calls::new_request_id(),
        "sid": sid,
        "events": { EVENT: {} },
    })
}

/// The claims, signed by the professionals' provider as its logout token.
pub(crate) fn token(stand: &Stand, claims: &Value) -> String {
    let header = json!({ "typ": "logout+jwt" });
    stand.provider.signed(Realm::Professionals, &header, claims)
}

/// Somebody's `sub` at the professionals' provider.
fn subject(stand: &Stand, rpps: &str) -> String {
    use base64::Engine;
    let tokens = stand.sign_in(Realm::Professionals, &sign_in(&format!("8{rpps}")));
    let payload = tokens.id_token.split('.').nth(1).unwrap();
    let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload);
    let claims: Value = serde_json::from_slice(&payload.unwrap()).unwrap();
    claims["sub"].as_str().unwrap().to_owned()
}

/// The status and the body of an answer, which nobody may keep.
async fn post(stand: &Stand, logout_token: &str) -> (u16, String) {
    let form = [("logout_token", logout_token)];
    let answer = http(stand)
        .post(stand.logout_url())
        .form(&form)
        .send()
        .await;
    let answer = answer.unwrap();
    assert_eq!(answer.headers()["cache-control"], "no-store");
    (answer.status().as_u16(), answer.text().await.unwrap())
}

pub(crate) async fn accepted(stand: &Stand, logout_token: &str) {
    assert_eq!(post(stand, logout_token).await, (200, String::new()));
}

/// What a refusal says, and nothing else.
pub(crate) async fn refused(stand: &Stand, logout_token: &str) -> (String, String) {
    let (status, body) = post(stand, logout_token).await;
    assert_eq!(status, 400, "{body}");
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body.as_object().unwrap().len(), 2, "{body}");
    let member = |name: &str| body[name].as_str().unwrap().to_owned();
    (member("error"), member("error_description"))
}

/// Whether the session goes on here.
async fn goes_on(stand: &Stand, session: &proto::ExchangeTokenResponse) -> bool {
    let request = with_token(&session.access_token, proto::ListSessionsRequest::default());
    match stand.sessions("clinic").list_sessions(request).await {
        Ok(_) => true,
        Err(status) => {
            assert_eq!(reason::<()>(Err(status)), "TOKEN_EXPIRED");
            false
        }
    }
}

#[tokio::test]
async fn whoever_signs_out_at_the_provider_is_signed_out_everywhere_and_it_is_traced() {
    let stand = Stand::start().await;
    let (gone, other) = (
        signed_in(&stand, SINGLE).await,
        signed_in(&stand, SINGLE).await,
    );
    let own = Some(thumbprint(&stand, "clinic"));
    let elsewhere = verifier(&stand);
    for session in [&gone.session, &other.session] {
        elsewhere.verify(&session.access_token, own).await.unwrap();
    }
    let client = ClientConfig::development().id;
    let logout = stand
        .provider
        .logout_token(Realm::Professionals, &client, &gone.sid);
    accepted(&stand, &logout).await;
    assert!(!goes_on(&stand, &gone.session).await && goes_on(&stand, &other.session).await);
    let refresh = proto::RefreshTokenRequest {
        refresh_token: gone.session.refresh_token.clone(),
    };
    let refreshed = stand.sessions("clinic").refresh_token(refresh).await;
    assert_eq!(reason(refreshed), "TOKEN_EXPIRED");
    stand.clock.advance(CLOSINGS_HOLD_WITHIN);
    let known = elsewhere.verify(&gone.session.access_token, own).await;
    assert_eq!(known.unwrap_err(), TokenError::SessionClosed);
    let known = elsewhere.verify(&other.session.access_token, own).await;
    known.unwrap();

    let event = &stand.neighbours.events(EventKind::SessionClosed, 1).await[0];
    assert_eq!(event.subject.as_ref().unwrap().id, gone.session.session_id);
    assert_eq!(event.after["closing"], "by_provider");
    assert!(matches!(&event.actor, Actor::Service { name } if name == "identity"));
    let list = proto::ListSessionsRequest {
        include_ended: true,
        ..proto::ListSessionsRequest::default()
    };
    let list = with_token(&other.session.access_token, list);
    let listed = stand.sessions("clinic").list_sessions(list).await;
    let listed = listed.unwrap().into_inner().sessions;
    let seen = listed
        .iter()
        .find(|one| one.session_id == gone.session.session_id);
    assert_eq!(seen.unwrap().closing(), proto::SessionClosing::ByProvider);
}

#[tokio::test]
async fn whoever_the_provider_signs_out_everywhere_keeps_no_session_and_nobody_else_loses_one() {
    let stand = Stand::start().await;
    stand.register_patient().await;
    let (first, second) = (
        signed_in(&stand, SINGLE).await,
        signed_in(&stand, SINGLE).await,
    );
    let colleague = signed_in(&stand, DOCTOR).await;
    let patient = stand
        .sessions("clinic")
        .exchange_token(stand.as_patient())
        .await;
    let patient = patient.unwrap().into_inner();
    let mut claims = claims_of(&stand, "");
    claims.as_object_mut().unwrap().remove("sid");
    claims["sub"] = json!(subject(&stand, SINGLE));
    accepted(&stand, &token(&stand, &claims)).await;
    for gone in [&first, &second] {
        assert!(!goes_on(&stand, &gone.session).await);
    }
    for other in [&colleague.session, &patient] {
        assert!(goes_on(&stand, other).await);
    }
    // A provider speaks of its own people alone.
    claims["jti"] = json!("another");
    claims["iss"] = json!(stand.provider.issuer(Realm::Patients));
    claims["sub"] = json!(subject(&stand, DOCTOR));
    let header = json!({ "typ": "logout+jwt" });
    let of_patients = stand.provider.signed(Realm::Patients, &header, &claims);
    accepted(&stand, &of_patients).await;
    assert!(goes_on(&stand, &colleague.session).await);
}

#[tokio::test]
async fn a_token_is_done_once_even_by_a_service_that_was_started_again() {
    let stand = Stand::start().await;
    let gone = signed_in(&stand, SINGLE).await;
    let claims = claims_of(&stand, &gone.sid);
    let logout = token(&stand, &claims);
    accepted(&stand, &logout).await;
    let again = ("invalid_request", "the logout token was used before");
    let said = refused(&stand, &logout).await;
    assert_eq!((said.0.as_str(), said.1.as_str()), again);
    // The same name in another token is the same.
    let mut other = claims.clone();
    other["sid"] = json!("another");
    assert_eq!(refused(&stand, &token(&stand, &other)).await.1, again.1);

    let database = format!("sqlite://{}?mode=rw", stand.database().display());
    let issuer = stand.provider.issuer(Realm::Professionals).to_owned();
    let discovery_url = stand.provider.discovery_url(Realm::Professionals);
    let digest = stand.folder.path().join("digest.key");
    let ca = stand.pki.files("provider").ca;
    let next = Stand::start_with(|config: &mut Config, _| {
        config.database = aval_database::DatabaseConfig::for_url(database);
        config.patient_keys.digest_key_file = digest;
        config.practitioners_provider.issuer = issuer;
        config.practitioners_provider.discovery_url = discovery_url;
        config.practitioners_provider.ca = ca;
    })
    .await;
    let known = refused(&next, &logout).await;
    assert_eq!(known.1, again.1);
}

#[tokio::test]
async fn a_provider_that_changed_its_key_is_believed_under_the_new_one() {
    let stand = Stand::start().await;
    let (first, second) = (
        signed_in(&stand, SINGLE).await,
        signed_in(&stand, SINGLE).await,
    );
    let before = token(&stand, &claims_of(&stand, &first.sid));
    stand.provider.rotate(Realm::Professionals).await.unwrap();
    stand.clock.advance(std::time::Duration::from_secs(31));
    accepted(&stand, &token(&stand, &claims_of(&stand, &second.sid))).await;
    accepted(&stand, &before).await;
    let third = signed_in(&stand, SINGLE).await;
    let retired = token(&stand, &claims_of(&stand, &third.sid));
    stand.provider.rotate(Realm::Professionals).await.unwrap();
    stand.provider.retire(Realm::Professionals);
    // What was fetched is old by then, and is fetched again.
    stand.clock.advance(std::time::Duration::from_secs(31));
    let unknown = signed_in(&stand, SINGLE).await;
    assert_eq!(
        refused(&stand, &retired).await.1,
        "the logout token is not signed by an accepted key and algorithm"
    );
    assert!(goes_on(&stand, &third.session).await && goes_on(&stand, &unknown.session).await);
}

#[tokio::test]
async fn while_the_provider_s_keys_cannot_be_had_nobody_is_signed_out() {
    let nobody = aval_testing::ports::claim_port().unwrap();
    let stand = Stand::start_with(move |config: &mut Config, _| {
        let provider = &mut config.practitioners_provider;
        provider.discovery_url = format!("https://localhost:{nobody}/discovery");
    })
    .await;
    let claims = claims_of(&stand, "a session");
    let said = refused(&stand, &token(&stand, &claims)).await;
    let expected = (
        "temporarily_unavailable",
        "the identity provider does not answer",
    );
    assert_eq!((said.0.as_str(), said.1.as_str()), expected);
}
