//! What is not a small form with one token in it is refused unread.

use serde_json::Value;

use super::{claims_of, goes_on, http, signed_in, token};
use crate::clinic::SINGLE;
use crate::stand::Stand;

const FORM: &str = "application/x-www-form-urlencoded";

/// The status of a post of this body, and what a refusal says.
async fn post(stand: &Stand, kind: &str, body: String) -> (u16, Value) {
    let request = http(stand).post(stand.logout_url());
    let answer = request.header("content-type", kind).body(body).send().await;
    let answer = answer.unwrap();
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let status = answer.status().as_u16();
    let body = answer.text().await.unwrap();
    let said: Value = serde_json::from_str(&body).unwrap_or_default();
    (status, said["error_description"].clone())
}

#[tokio::test]
async fn anything_else_than_a_small_form_with_one_token_is_refused() {
    let stand = Stand::start().await;
    let here = signed_in(&stand, SINGLE).await;
    let logout = token(&stand, &claims_of(&stand, &here.sid));
    let once = "logout_token must be there once";
    let form = "the content type must be application/x-www-form-urlencoded";
    let padding = "x".repeat(20 * 1024);
    for (kind, body, expected) in [
        (FORM, String::new(), once),
        (FORM, "token=x".to_owned(), once),
        (
            FORM,
            format!("logout_token={logout}&logout_token={logout}"),
            once,
        ),
        (
            FORM,
            format!("logout_token={logout}&padding={padding}"),
            "the form is too large",
        ),
        (
            "application/json",
            format!("{{\"logout_token\":\"{logout}\"}}"),
            form,
        ),
        ("text/plain", format!("logout_token={logout}"), form),
    ] {
        assert_eq!(post(&stand, kind, body).await, (400, expected.into()));
    }
    for request in [
        http(&stand).get(stand.logout_url()),
        http(&stand).put(stand.logout_url()),
    ] {
        assert_eq!(request.send().await.unwrap().status(), 405);
    }
    assert!(goes_on(&stand, &here.session).await);
    // What is not understood is passed over.
    let body = format!("state=1&logout_token={logout}&other=2");
    assert_eq!(post(&stand, FORM, body).await, (200, Value::Null));
    assert!(!goes_on(&stand, &here.session).await);
}
