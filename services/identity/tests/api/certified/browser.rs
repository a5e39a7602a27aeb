//! What a browser and a relying party do, without a page: the code flow with PKCE, and
//! signing out at the provider.

use std::collections::BTreeMap;
use std::sync::Mutex;

use aval_runtime::config::TlsFiles;
use aval_testing::provider::ClientConfig;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::{Client, Response, StatusCode};
use serde_json::Value;

use super::process::{CertifiedProvider, REDIRECT, SUBJECT};
use crate::calls::new_request_id;

/// A browser with its cookies.
pub(super) struct Browser {
    http: Client,
    issuer: String,
    cookies: Mutex<BTreeMap<String, String>>,
}

/// What a relying party gets of a sign-in.
pub(super) struct Tokens {
    pub(super) access_token: String,
    pub(super) id_token: String,
    pub(super) nonce: String,
}

impl Tokens {
    /// The key that signed the ID token.
    pub(super) fn key_id(&self) -> String {
        let header = jsonwebtoken::decode_header(&self.id_token);
        header.unwrap().kid.unwrap()
    }

    /// What the ID token says.
    pub(super) fn claims(&self) -> Value {
        let payload = self.id_token.split('.').nth(1).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
    }
}

impl Browser {
    pub(super) fn new(provider: &CertifiedProvider) -> Self {
        Self {
            http: provider.http(),
            issuer: provider.issuer(),
            cookies: Mutex::default(),
        }
    }

    /// The same, which shows this certificate.
    pub(super) fn showing(provider: &CertifiedProvider, certificate: &TlsFiles) -> Self {
        let shown = aval_runtime::tls::foreign_client_config(certificate).unwrap();
        let http = Client::builder().tls_backend_preconfigured(shown);
        let http = http.redirect(reqwest::redirect::Policy::none());
        Self {
            http: http.no_proxy().build().unwrap(),
            ..Self::new(provider)
        }
    }

    /// Signs the professional in.
    pub(super) async fn sign_in(&self) -> Tokens {
        let (nonce, state) = (new_request_id(), new_request_id());
        // Two identifiers: a verifier has 43 characters at least.
        let verifier = new_request_id() + &new_request_id();
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes());
        let challenge = URL_SAFE_NO_PAD.encode(digest.as_ref());
        let client = ClientConfig::development();
        let asked = [
            ("client_id", client.id.as_str()),
            ("redirect_uri", REDIRECT),
            ("response_type", "code"),
            ("scope", "openid scope_all"),
            ("acr_values", "eidas1"),
            ("nonce", &nonce),
            ("state", &state),
            ("login_hint", SUBJECT),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        let back = self
            .follow(&format!("{}/auth?{}", self.issuer, query(&asked)))
            .await;
        let said: BTreeMap<_, _> = back
            .split_once('?')
            .unwrap()
            .1
            .split('&')
            .filter_map(|part| part.split_once('='))
            .collect();
        assert_eq!(said["state"], state);
        let form = [
            ("grant_type", "authorization_code"),
            ("code", said["code"]),
            ("redirect_uri", REDIRECT),
            ("code_verifier", &verifier),
        ];
        let token = self.http.post(format!("{}/token", self.issuer));
        let token = token.basic_auth(&client.id, Some(&client.secret));
        let answer = token.form(&form).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let answer: Value = answer.json().await.unwrap();
        let text = |name: &str| answer[name].as_str().unwrap().to_owned();
        Tokens {
            access_token: text("access_token"),
            id_token: text("id_token"),
            nonce,
        }
    }

    /// Signs out at the provider, which tells its clients before it answers.
    pub(super) async fn sign_out(&self, tokens: &Tokens) {
        let asked = [
            ("id_token_hint", tokens.id_token.as_str()),
            ("post_logout_redirect_uri", REDIRECT),
        ];
        let page = self
            .get(&format!("{}/session/end?{}", self.issuer, query(&asked)))
            .await;
        assert_eq!(page.status(), StatusCode::OK);
        let page = page.text().await.unwrap();
        let (_, secret) = page.split_once("name=\"xsrf\" value=\"").unwrap();
        let (secret, _) = secret.split_once('"').unwrap();
        let confirm = self
            .http
            .post(format!("{}/session/end/confirm", self.issuer))
            .header("cookie", self.shown())
            .form(&[("xsrf", secret), ("logout", "yes")]);
        let answer = confirm.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    }

    /// Where the provider sends the browser in the end.
    async fn follow(&self, url: &str) -> String {
        let mut url = url.to_owned();
        for _ in 0..10 {
            let answer = self.get(&url).await;
            assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{url}");
            let next = answer.headers()["location"].to_str().unwrap().to_owned();
            if next.starts_with(REDIRECT) {
                return next;
            }
            url = if next.starts_with('/') {
                self.issuer.clone() + &next
            } else {
                next
            };
        }
        panic!("the provider sends the browser round and round");
    }

    async fn get(&self, url: &str) -> Response {
        let request = self.http.get(url).header("cookie", self.shown());
        let answer = request.send().await.unwrap();
        let mut cookies = self.cookies.lock().unwrap();
        for cookie in answer.headers().get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = cookie.split_once('=').unwrap();
            cookies.insert(name.to_owned(), value.to_owned());
        }
        answer
    }

    fn shown(&self) -> String {
        let cookies = self.cookies.lock().unwrap();
        let shown: Vec<_> = cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        shown.join("; ")
    }
}

fn query(parameters: &[(&str, &str)]) -> String {
    let escaped = |text: &str| -> String {
        text.bytes()
            .map(|byte| match byte {
                b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'_' | b'.' => {
                    char::from(byte).to_string()
                }
                _ => format!("%{byte:02X}"),
            })
            .collect()
    };
    let parameters: Vec<_> = parameters
        .iter()
        .map(|(name, value)| format!("{name}={}", escaped(value)))
        .collect();
    parameters.join("&")
}
