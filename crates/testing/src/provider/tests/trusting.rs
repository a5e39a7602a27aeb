//! What a relying party must trust, and what it must not.

use super::*;

#[tokio::test]
async fn the_discovery_document_is_at_its_own_path_and_its_endpoints_exist() {
    let provider = provider().await;
    let url = provider.discovery_url(Realm::Professionals);
    assert!(url.ends_with("/auth/realms/esante-wallet/.well-known/wallet-openid-configuration"));
    let document: Value = http().get(&url).send().await.unwrap().json().await.unwrap();
    assert_eq!(document["issuer"], provider.issuer(Realm::Professionals));
    for endpoint in [
        "token_endpoint",
        "userinfo_endpoint",
        "introspection_endpoint",
        "end_session_endpoint",
        "jwks_uri",
    ] {
        let answer = http()
            .get(document[endpoint].as_str().unwrap())
            .send()
            .await
            .unwrap();
        assert_ne!(answer.status(), StatusCode::NOT_FOUND, "{endpoint}");
    }
    let usual = url.replace("wallet-openid-configuration", "openid-configuration");
    assert_eq!(
        http().get(usual).send().await.unwrap().status(),
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn earlier_keys_stay_published_until_they_are_retired() {
    let provider = provider().await;
    let before = sign_in(&provider, Realm::Professionals, &[]).await;
    provider.rotate(Realm::Professionals).await.unwrap();
    let after = sign_in(&provider, Realm::Professionals, &[]).await;
    let [before, after] =
        [before, after].map(|tokens| tokens["id_token"].as_str().unwrap().to_owned());

    let both = jwks(&provider).await;
    verified(&provider, &both, &before).unwrap();
    verified(&provider, &both, &after).unwrap();

    provider.retire(Realm::Professionals);
    let one = jwks(&provider).await;
    assert_eq!(one.keys.len(), 1);
    verified(&provider, &one, &before).unwrap_err();
    verified(&provider, &one, &after).unwrap();
}

#[tokio::test]
async fn hostile_tokens_are_all_there_and_the_sound_one_is_sound() {
    let provider = provider().await;
    let request = SignIn::new("doctor", CLIENT).with_nonce("n-1");
    let hostile = provider
        .hostile_tokens(Realm::Professionals, &request)
        .unwrap();
    let jwks = jwks(&provider).await;
    verified(&provider, &jwks, &hostile.sound).unwrap();

    let texts: HashSet<&str> = hostile
        .tokens
        .iter()
        .map(|token| token.token.as_str())
        .collect();
    assert_eq!(texts.len(), Hostility::ALL.len(), "two flaws look the same");
    assert!(!texts.contains(hostile.sound.as_str()));
    for token in &hostile.tokens {
        let read = verified(&provider, &jwks, &token.token);
        // What an ordinary verification notices; the rest is for the relying party itself.
        let noticed = matches!(
            token.hostility.reason(),
            Reason::Algorithm
                | Reason::UnknownKey
                | Reason::Signature
                | Reason::Expired
                | Reason::Issuer
        );
        assert!(!noticed || read.is_err(), "{} passed", token.name());
        if matches!(
            token.hostility.reason(),
            Reason::Acr | Reason::Nonce | Reason::TooLarge
        ) {
            read.unwrap_or_else(|error| panic!("{} has another flaw: {error}", token.name()));
        }
    }
}

#[tokio::test]
async fn a_flaw_can_be_asked_for_over_the_wire() {
    let provider = provider().await;
    let tokens = sign_in(
        &provider,
        Realm::Professionals,
        &[("hostile", Hostility::MissingAcr.name())],
    )
    .await;
    let jwks = jwks(&provider).await;
    let claims = verified(&provider, &jwks, tokens["id_token"].as_str().unwrap()).unwrap();
    assert!(claims.get("acr").is_none());
}

#[tokio::test]
async fn https_answers_with_the_development_pkis_certificate() {
    let dir = tempfile::tempdir().unwrap();
    let pki = DevelopmentPki::create_or_open(dir.path(), SystemClock.now()).unwrap();
    let files = pki.files("provider");
    let mut config = config(Arc::new(SystemClock));
    config.transport = Transport::https(&files);
    let provider = DevelopmentProvider::start(config).await.unwrap();
    let url = provider.discovery_url(Realm::Professionals);
    assert!(url.starts_with("https://127.0.0.1:"));

    http().get(&url).send().await.unwrap_err();
    let authority = std::fs::read(&files.ca).unwrap();
    let trusting = Client::builder()
        .no_proxy()
        .tls_certs_only([reqwest::Certificate::from_pem(&authority).unwrap()])
        .build()
        .unwrap();
    let answer = trusting.get(&url).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
}

#[tokio::test]
async fn an_address_that_others_reach_is_refused() {
    let mut config = config(Arc::new(SystemClock));
    config.listen = "0.0.0.0:0".parse().unwrap();
    let refused = DevelopmentProvider::start(config).await.unwrap_err();
    assert!(matches!(refused, ProviderError::NotLoopback(_)));
}

#[tokio::test]
async fn a_provider_that_was_shut_down_answers_nobody() {
    let provider = provider().await;
    let url = provider.discovery_url(Realm::Professionals);
    provider.shutdown().await;
    assert!(http().get(&url).send().await.unwrap_err().is_connect());
}
