//! The person for whom a call is made.

use aval_domain::id::{PatientId, SessionId};
use aval_domain::random::SeededRandom;
use aval_domain::time::{Clock, SystemClock};
use aval_proto::audit::v1::GetPatientProofRequest;
use aval_proto::audit::v1::transparency_service_client::TransparencyServiceClient;
use aval_runtime::caller::CertificateThumbprint;
use aval_runtime::channel::connect_lazy;
use aval_runtime::config::TlsFiles;
use aval_runtime::token::{AUDIENCE, AuthenticationStrength, AvalClaims, Confirmation, PersonKind};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tonic::{Code, Request};

use crate::stand::{Desk, ISSUER, Stand, reason};

fn claims(bound_to: &TlsFiles) -> AvalClaims {
    let (now, random) = (SystemClock.now(), SeededRandom::new(5));
    let certificate = CertificateDer::from_pem_file(&bound_to.certificate).unwrap();
    AvalClaims {
        iss: ISSUER.to_owned(),
        aud: AUDIENCE.to_owned(),
        sub: PatientId::new(now, &random).to_string(),
        sid: SessionId::new(now, &random),
        jti: "1".to_owned(),
        iat: now.unix_seconds(),
        exp: now.unix_seconds() + 300,
        kind: PersonKind::Patient,
        strength: AuthenticationStrength::High,
        auth_time: now.unix_seconds(),
        direct: false,
        rep: None,
        activity: None,
        display_name: None,
        cnf: Some(Confirmation {
            x5t_s256: CertificateThumbprint::of_der(&certificate).to_base64url(),
        }),
    }
}

/// Calls as the holder of these certificates, with this authorization.
async fn call(stand: &Stand, files: TlsFiles, authorization: &[&str]) -> Result<(), tonic::Status> {
    let mut client = TransparencyServiceClient::new(connect_lazy(&stand.peer(files)).unwrap());
    let mut request = Request::new(GetPatientProofRequest::default());
    for value in authorization {
        request
            .metadata_mut()
            .append("authorization", value.parse().unwrap());
    }
    client.get_patient_proof(request).await.map(|_| ())
}

#[tokio::test]
async fn a_token_serves_its_own_caller() {
    let stand = Stand::start(&Desk::new(), |_| {}).await;
    let files = stand.pki.files("records");
    let token = stand.signer.sign(&claims(&files));
    for scheme in ["Bearer", "bearer"] {
        call(&stand, files.clone(), &[&format!("{scheme} {token}")])
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_stolen_token_is_worth_nothing() {
    let stand = Stand::start(&Desk::new(), |_| {}).await;
    let token = stand
        .signer
        .sign(&claims(&stand.pki.files("thief-of-records")));
    let authorization = format!("Bearer {token}");
    let status = call(&stand, stand.pki.files("records"), &[&authorization])
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
    assert_eq!(reason(&status), "TOKEN_BOUND_ELSEWHERE");
}

#[tokio::test]
async fn a_call_without_a_token_reaches_its_handler_without_a_person() {
    let stand = Stand::start(&Desk::new(), |_| {}).await;
    let status = call(&stand, stand.pki.files("records"), &[])
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
    assert_eq!(reason(&status), "TOKEN_MISSING");
}

#[tokio::test]
async fn a_token_that_is_there_and_wrong_is_never_taken_for_none() {
    let stand = Stand::start(&Desk::new(), |_| {}).await;
    let files = stand.pki.files("records");
    let good = format!("Bearer {}", stand.signer.sign(&claims(&files)));
    let mut expired = claims(&files);
    (expired.iat, expired.exp) = (expired.iat - 600, expired.exp - 600);
    let expired = format!("Bearer {}", stand.signer.sign(&expired));
    let cases: [(&[&str], &str); 6] = [
        (&["Bearer nonsense"], "TOKEN_INVALID"),
        (&["Bearer "], "TOKEN_INVALID"),
        (&["Bearer"], "TOKEN_INVALID"),
        (&["Basic dXNlcjpwYXNz"], "TOKEN_INVALID"),
        (&[&good, &good], "TOKEN_INVALID"),
        (&[&expired], "TOKEN_EXPIRED"),
    ];
    for (authorization, expected) in cases {
        let status = call(&stand, files.clone(), authorization)
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated);
        assert_eq!(reason(&status), expected);
    }
    call(&stand, files, &[&good]).await.unwrap();
}
