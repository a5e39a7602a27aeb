//! Every flawed ID token is refused, for its own reason, and traced.

use aval_domain::event::EventKind;
use aval_testing::provider::{Hostility, Realm};

use crate::calls::{exchange, practitioner, reason, sign_in};
use crate::clinic::SINGLE;
use crate::stand::Stand;

fn expected(hostility: Hostility) -> &'static str {
    hostility.reason().error_reason()
}

#[tokio::test]
async fn a_flawed_id_token_is_refused_for_its_flaw_and_the_sound_one_is_not() {
    let stand = Stand::start().await;
    let mut sessions = stand.sessions("clinic");
    let proof = |hostility: Option<Hostility>| {
        let mut request = sign_in(&format!("8{SINGLE}"));
        request.hostile = hostility;
        exchange(
            &stand.sign_in(Realm::Professionals, &request),
            practitioner(""),
        )
    };
    sessions.exchange_token(proof(None)).await.unwrap();
    for &hostility in Hostility::ALL {
        let answer = sessions.exchange_token(proof(Some(hostility))).await;
        assert_eq!(reason(answer), expected(hostility), "{hostility}");
    }
    sessions.exchange_token(proof(None)).await.unwrap();

    let flaws = Hostility::ALL.len();
    let refused = stand
        .neighbours
        .events(EventKind::SessionRefused, flaws)
        .await;
    for (event, &hostility) in refused.iter().zip(Hostility::ALL) {
        assert_eq!(event.after["reason"], expected(hostility));
        assert_eq!((event.patient_id, &event.subject), (None, &None));
    }
    assert_eq!(
        stand
            .neighbours
            .events(EventKind::SessionOpened, 2)
            .await
            .len(),
        2
    );
}

#[tokio::test]
async fn a_sign_in_ends_with_its_tokens() {
    let stand = Stand::start().await;
    let request = stand.as_professional(SINGLE, "");
    // Past the access token's two minutes, within the skew of the ID token's.
    stand.clock.advance(std::time::Duration::from_secs(125));
    let answer = stand
        .sessions("clinic")
        .exchange_token(request.clone())
        .await;
    assert_eq!(reason(answer), "SUBJECT_TOKEN_INVALID");
    stand.clock.advance(std::time::Duration::from_secs(30));
    let answer = stand.sessions("clinic").exchange_token(request).await;
    assert_eq!(reason(answer), "SUBJECT_TOKEN_EXPIRED");
}

#[tokio::test]
async fn a_session_that_the_provider_ended_proves_nobody() {
    let stand = Stand::start().await;
    let tokens = stand.sign_in(Realm::Professionals, &sign_in(&format!("8{SINGLE}")));
    stand.provider.end_session(&tokens.sid);
    let request = exchange(&tokens, practitioner(""));
    let answer = stand.sessions("clinic").exchange_token(request).await;
    assert_eq!(reason(answer), "SUBJECT_TOKEN_INVALID");
}
