//! A provider that stands before the real one and passes on what it answers, until it
//! is told to answer otherwise.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use aval_runtime::config::TlsFiles;
use aval_testing::provider::{DevelopmentProvider, Realm};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use serde_json::json;

use crate::tls;

/// The endpoints that identity asks.
pub(crate) const ENDPOINTS: [&str; 4] = ["/discovery", "/certs", "/userinfo", "/introspect"];

/// What an endpoint answers instead.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// This status.
    Status(u16),
    /// Nothing, ever.
    Silence,
    /// The beginning of an answer, and no more.
    Stalled,
    /// This text.
    Text(String),
    /// More than anybody reads.
    Endless,
    /// Go elsewhere.
    Redirect,
}

#[derive(Clone)]
pub(crate) struct Crooked(Arc<Inner>);

struct Inner {
    real: HashMap<&'static str, String>,
    issuer: String,
    address: Mutex<Option<SocketAddr>>,
    faults: Mutex<HashMap<&'static str, Fault>>,
    asked: Mutex<HashMap<String, usize>>,
    http: reqwest::Client,
}

impl Crooked {
    /// Stands before this provider's professionals' realm.
    pub(crate) async fn before(provider: &DevelopmentProvider, files: &TlsFiles) -> Self {
        let realm = Realm::Professionals;
        let endpoint = |name| provider.endpoint_url(realm, name);
        let real = HashMap::from([
            ("/certs", endpoint("certs")),
            ("/userinfo", endpoint("userinfo")),
            ("/introspect", endpoint("token/introspect")),
        ]);
        let authority = std::fs::read(&files.client_ca).unwrap();
        let authority = reqwest::Certificate::from_pem(&authority).unwrap();
        let http = reqwest::Client::builder()
            .tls_certs_only([authority])
            .no_proxy()
            .build();
        let crooked = Self(Arc::new(Inner {
            real,
            issuer: provider.issuer(realm).to_owned(),
            address: Mutex::default(),
            faults: Mutex::default(),
            asked: Mutex::default(),
            http: http.unwrap(),
        }));
        let router = Router::new().fallback(answer).with_state(crooked.clone());
        let address = tls::serve(files, router).await;
        *crooked.0.address.lock().unwrap() = Some(address);
        crooked
    }

    pub(crate) fn url(&self, endpoint: &str) -> String {
        let address = self.0.address.lock().unwrap();
        format!("https://{}{endpoint}", address.unwrap())
    }

    /// This endpoint answers so from now on; or as the real one does.
    pub(crate) fn set(&self, endpoint: &'static str, fault: Option<Fault>) {
        let mut faults = self.0.faults.lock().unwrap();
        match fault {
            Some(fault) => faults.insert(endpoint, fault),
            None => faults.remove(endpoint),
        };
    }

    /// How often this endpoint was asked.
    pub(crate) fn asked(&self, endpoint: &str) -> usize {
        let asked = self.0.asked.lock().unwrap();
        asked.get(endpoint).copied().unwrap_or_default()
    }

    /// What the discovery document says when nothing is wrong with it.
    pub(crate) fn discovery(&self) -> serde_json::Value {
        json!({
            "issuer": self.0.issuer,
            "jwks_uri": self.url("/certs"),
            "userinfo_endpoint": self.url("/userinfo"),
            "introspection_endpoint": self.url("/introspect"),
        })
    }
}

async fn answer(
    State(crooked): State<Crooked>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    *crooked
        .0
        .asked
        .lock()
        .unwrap()
        .entry(uri.path().to_owned())
        .or_default() += 1;
    let fault = crooked.0.faults.lock().unwrap().get(uri.path()).cloned();
    match fault {
        Some(Fault::Status(status)) => StatusCode::from_u16(status).unwrap().into_response(),
        Some(Fault::Silence) => std::future::pending().await,
        Some(Fault::Stalled) => {
            let beginning = futures::stream::iter([Ok::<_, std::io::Error>(Bytes::from("{"))]);
            Body::from_stream(beginning.chain(futures::stream::pending())).into_response()
        }
        Some(Fault::Text(text)) => text.into_response(),
        Some(Fault::Endless) => {
            let piece = || Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 64 * 1024]));
            Body::from_stream(futures::stream::repeat_with(piece)).into_response()
        }
        Some(Fault::Redirect) => {
            (StatusCode::FOUND, [("location", crooked.url("/discovery"))]).into_response()
        }
        None if uri.path() == "/discovery" => crooked.discovery().to_string().into_response(),
        None => passed_on(&crooked, method, uri, headers, body).await,
    }
}

async fn passed_on(
    crooked: &Crooked,
    method: Method,
    uri: Uri,
    mut headers: HeaderMap,
    body: Bytes,
) -> Response {
    headers.remove("host");
    let real = &crooked.0.real[uri.path()];
    let request = crooked
        .0
        .http
        .request(method, real)
        .headers(headers)
        .body(body);
    let answer = request.send().await.unwrap();
    let status = answer.status();
    (status, answer.bytes().await.unwrap()).into_response()
}
