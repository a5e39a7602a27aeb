//! Signing in, what it opens, and how it ends.

use super::*;

#[tokio::test]
async fn a_professional_signs_in_and_the_id_token_verifies_against_the_published_keys() {
    let provider = provider().await;
    let tokens = sign_in(&provider, Realm::Professionals, &[("nonce", "n-1")]).await;
    let jwks = jwks(&provider).await;
    let claims = verified(&provider, &jwks, tokens["id_token"].as_str().unwrap()).unwrap();
    assert_eq!(claims["nonce"], "n-1");
    assert_eq!(claims["acr"], "eidas1");
    assert_eq!(claims["azp"], CLIENT);
    assert_eq!(claims["preferred_username"], DOCTOR);
    let sub = claims["sub"].as_str().unwrap();
    assert!(
        sub.starts_with("f:") && sub.ends_with(&format!(":{DOCTOR}")),
        "{sub}"
    );
    for claim in ["exp", "iat", "jti", "auth_time", "sid"] {
        assert!(!claims[claim].is_null(), "{claim}");
    }
    let lifetime = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert_eq!((lifetime, &tokens["expires_in"]), (120, &json!(120)));
    provider.shutdown().await;
}

#[tokio::test]
async fn es256_tokens_verify_too() {
    let mut config = config(Arc::new(SystemClock));
    config.algorithm = SigningAlgorithm::Es256;
    let provider = DevelopmentProvider::start(config).await.unwrap();
    let tokens = sign_in(&provider, Realm::Professionals, &[]).await;
    let jwks = jwks(&provider).await;
    verified(&provider, &jwks, tokens["id_token"].as_str().unwrap()).unwrap();
}

#[tokio::test]
async fn user_info_has_both_published_layouts() {
    let provider = provider().await;
    let tokens = sign_in(&provider, Realm::Professionals, &[("layout", "a")]).await;
    let (_, recent) = user_info(&provider, Realm::Professionals, &tokens).await;
    assert_eq!(recent["codeCivilite"], "M");
    assert_eq!(recent["SubjectRefPro"]["codeCivilite"], Value::Null);
    assert_eq!(
        recent["SubjectRefPro"]["exercices"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(recent["SubjectRole"], json!(["10^1.2.250.1.213.1.1.5.5"]));
    assert_eq!(recent["Secteur_Activite"], "SA07^1.2.250.1.71.4.2.4");
    assert_eq!(recent["SubjectOrganizationID"], "R95141");
    assert_eq!(recent["otherIds"][0]["origine"], "RPPS");

    let tokens = sign_in(&provider, Realm::Professionals, &[("layout", "b")]).await;
    let (_, older) = user_info(&provider, Realm::Professionals, &tokens).await;
    assert_eq!(older["codeCivilite"], Value::Null);
    assert_eq!(older["SubjectRefPro"]["codeCivilite"], "M");
    let exercices = older["SubjectRefPro"]["exercices"].as_array().unwrap();
    assert_eq!(exercices.len(), 2);
    assert_eq!(exercices[0], exercices[1]);
    assert_eq!(exercices[0]["codeSavoirFaire"], "SM26");
    let activities = exercices[0]["activities"].as_array().unwrap();
    assert_eq!(activities.len(), 2);
    assert_eq!(activities[1]["numeroFinessSite"], "0B9172805");
    assert_eq!(activities[1]["numeroSiretSite"], "");
}

#[tokio::test]
async fn a_patient_signs_in_in_the_other_realm_with_the_ins() {
    let provider = provider().await;
    let tokens = sign_in(&provider, Realm::Patients, &[]).await;
    let (_, info) = user_info(&provider, Realm::Patients, &tokens).await;
    assert_eq!(info["ins"], PATIENT);
    assert_eq!(info["ins_oid"], "1.2.250.1.213.1.4.10");
    assert_eq!(info["given_name"], "DOMINIQUE MARIE");
    assert_eq!(info["birthdate"], "1979-03-28");
    assert_eq!(info["gender"], "female");
    assert_eq!(info["acr"], "eidas1");

    let (status, _) = user_info(&provider, Realm::Professionals, &tokens).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn introspection_names_the_holder_of_an_access_token_only() {
    let provider = provider().await;
    let tokens = sign_in(&provider, Realm::Professionals, &[("acr", "eidas2")]).await;
    let access = introspect(&provider, &tokens["access_token"]).await;
    assert_eq!(access["active"], true);
    assert_eq!(access["SubjectNameID"], DOCTOR);
    assert_eq!(access["acr"], "eidas2");
    assert_eq!(access["iss"], provider.issuer(Realm::Professionals));
    let id = introspect(&provider, &tokens["id_token"]).await;
    assert_eq!(
        (&id["active"], &id["SubjectNameID"]),
        (&json!(true), &Value::Null)
    );
    assert_eq!(
        introspect(&provider, &json!("unknown")).await,
        json!({ "active": false })
    );
}

#[tokio::test]
async fn an_access_token_dies_after_two_minutes_and_a_refresh_token_renews_once() {
    let clock = ManualClock::new(Timestamp::parse_rfc3339("2026-11-23T12:00:00Z").unwrap());
    let provider = DevelopmentProvider::start(config(Arc::new(clock.clone())))
        .await
        .unwrap();
    let tokens = sign_in(&provider, Realm::Professionals, &[]).await;
    clock.advance(Duration::from_secs(119));
    let (status, _) = user_info(&provider, Realm::Professionals, &tokens).await;
    assert_eq!(status, StatusCode::OK);
    clock.advance(Duration::from_secs(1));
    let (status, refusal) = user_info(&provider, Realm::Professionals, &tokens).await;
    assert_eq!(
        (status, &refusal["error"]),
        (StatusCode::UNAUTHORIZED, &json!("invalid_token"))
    );
    assert_eq!(
        introspect(&provider, &tokens["access_token"]).await["active"],
        false
    );

    let renewal = [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
    ];
    let (status, renewed) = post(&provider, Realm::Professionals, "token", &renewal).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(renewed["session_state"], tokens["session_state"]);
    let (status, _) = user_info(&provider, Realm::Professionals, &renewed).await;
    assert_eq!(status, StatusCode::OK);
    let (status, refusal) = post(&provider, Realm::Professionals, "token", &renewal).await;
    assert_eq!(
        (status, &refusal["error"]),
        (StatusCode::BAD_REQUEST, &json!("invalid_grant"))
    );
}

#[tokio::test]
async fn after_logout_no_token_of_the_session_is_good() {
    let provider = provider().await;
    let tokens = sign_in(&provider, Realm::Professionals, &[]).await;
    let other = sign_in(&provider, Realm::Professionals, &[]).await;
    let hint = tokens["id_token"].as_str().unwrap();
    let url = provider.endpoint_url(Realm::Professionals, "logout") + "?id_token_hint=" + hint;
    let answer = http().get(url).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    assert_eq!(
        introspect(&provider, &tokens["access_token"]).await["active"],
        false
    );
    assert_eq!(
        introspect(&provider, &tokens["refresh_token"]).await["active"],
        false
    );
    assert_eq!(
        introspect(&provider, &other["access_token"]).await["active"],
        true
    );
}

#[tokio::test]
async fn wrong_clients_accounts_and_parameters_are_refused() {
    let provider = provider().await;
    let token_url = provider.endpoint_url(Realm::Professionals, "token");
    for (form, expected) in [
        (
            vec![("grant_type", "password"), ("username", "doctor")],
            "invalid_client",
        ),
        (
            vec![("client_id", CLIENT), ("client_secret", "wrong")],
            "invalid_client",
        ),
    ] {
        let answer = http().post(&token_url).form(&form).send().await.unwrap();
        assert_eq!(answer.json::<Value>().await.unwrap()["error"], expected);
    }
    for (form, expected) in [
        (
            vec![("grant_type", "password"), ("username", "nobody")],
            "invalid_grant",
        ),
        (
            vec![("grant_type", "password"), ("username", "patient")],
            "invalid_grant",
        ),
        (vec![("grant_type", "password")], "invalid_request"),
        (
            vec![
                ("grant_type", "password"),
                ("username", "doctor"),
                ("hostile", "x"),
            ],
            "invalid_request",
        ),
        (
            vec![("grant_type", "authorization_code")],
            "unsupported_grant_type",
        ),
    ] {
        let (_, answer) = post(&provider, Realm::Professionals, "token", &form).await;
        assert_eq!(answer["error"], expected, "{form:?}");
    }
}

#[tokio::test]
async fn a_person_of_a_synthetic_directory_signs_in() {
    let cast = SynthesisPlan::default().cast().unwrap();
    let provider = provider().await;
    provider.put_professional(ProfessionalAccount::from_directory(&cast.regulator));
    let request = SignIn::new(&cast.regulator.national_id(), CLIENT);
    let tokens = provider.sign_in(Realm::Professionals, &request).unwrap();
    let tokens = json!({ "access_token": tokens.access_token });
    let (_, info) = user_info(&provider, Realm::Professionals, &tokens).await;
    assert_eq!(info["Acces_Regulation_Medicale"], "VRAI");
    let activity = &info["SubjectRefPro"]["exercices"][0]["activities"][0];
    assert_eq!(activity["codeRole"], "FON-32");
    let place = cast.regulator.activities[0].organization.as_ref().unwrap();
    assert_eq!(
        activity["identifiantTechniqueDeLaStructure"],
        place.technical_id.as_str()
    );
    assert_eq!(activity["numeroFinessSite"], place.finess_site.as_str());
}
