//! Certificates that are renewed while everybody is busy.

use std::time::Duration;

use aval_domain::time::{Clock, SystemClock};
use tonic::Code;

use super::play::{lasts, scenario};

#[tokio::test(flavor = "multi_thread")]
async fn every_certificate_is_renewed() {
    let scenario = scenario(
        "every_certificate_is_renewed",
        "every service's certificate and key replaced, with connections that live 1 s",
    )
    .with(&[
        ("CONSENT__GRPC__CONNECTION_AGE", "1s"),
        ("AUDIT__GRPC__CONNECTION_AGE", "1s"),
        ("IDENTITY__GRPC__CONNECTION_AGE", "1s"),
        ("PRACTITIONER_DIRECTORY__GRPC__CONNECTION_AGE", "1s"),
    ]);
    let seen = scenario.play(async |site| {
        let pki = aval::stack::open_pki(&site.scene.stack.layout().pki()).unwrap();
        let services = ["consent", "audit", "identity", "practitioner-directory"];
        for service in services {
            std::fs::remove_file(pki.files(service).certificate).unwrap();
            pki.issue(service, SystemClock.now()).unwrap();
        }
        // Connections of before are gone, and all that were made since show the new ones.
        lasts(Duration::from_secs(3)).await;
    });
    for (_, code) in seen.await.iter().flat_map(|seen| &seen.calls) {
        assert_eq!(*code, Code::Ok);
    }
}
