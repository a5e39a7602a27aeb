//! Software that may not call.

use std::path::Path;

use aval_runtime::caller::{Allowlist, CallerId};
use prost::bytes::Bytes;
use tonic::Request;
use tonic::client::Grpc;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};
use tonic_types::StatusExt;

use crate::contract::{Call, Listener};
use crate::refusal::refused;
use crate::sample;
use crate::scene::CLINIC;
use crate::world::{Persona, STRANGER, World};

#[tokio::test]
async fn software_that_is_not_in_the_table_is_refused_every_call() {
    let world = World::begin().await;
    let table = Allowlist::load(&world.scene.stack.layout().callers()).unwrap();
    let names = [
        "identity",
        "practitioner-directory",
        "gateway",
        "records",
        "operator",
        CLINIC,
        STRANGER,
    ];
    let mut refusals = 0;
    for call in Call::all() {
        let request = sample::request(&call, &world);
        for name in names {
            if table.allows(&call.service(), &CallerId::parse(name).unwrap()) {
                continue;
            }
            let answer = world.ask(Persona::Software(name), &call, &request).await;
            refused(answer).is("CALLER_NOT_ALLOWED");
            refusals += 1;
        }
    }
    assert!(
        refusals >= Call::all().len(),
        "the stranger alone is refused as often"
    );
}

#[tokio::test]
async fn a_stack_is_called_by_the_table_that_is_deployed() {
    let world = World::begin().await;
    let deployed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/base/callers.toml");
    assert_eq!(
        Allowlist::load(&world.scene.stack.layout().callers()).unwrap(),
        Allowlist::load(&deployed).unwrap()
    );
}

#[tokio::test]
async fn a_person_s_token_does_not_open_a_service_to_software_that_is_not_in_the_table() {
    let world = World::begin().await;
    let call = Call::named("DirectoryAdminService/ListImports");
    let request = sample::request(&call, &world);
    refused(world.ask(Persona::Anne, &call, &request).await).is("CALLER_NOT_ALLOWED");
    let call = Call::named("PatientService/GetPatient");
    let request = sample::request(&call, &world);
    refused(world.ask(Persona::Doctor, &call, &request).await).is("CALLER_NOT_ALLOWED");
}

#[tokio::test]
async fn without_a_certificate_no_call_gets_through() {
    let world = World::begin().await;
    for call in Call::all() {
        let channel = without_certificate(&world, call.listener());
        let answer = ask(channel, &call).await;
        let status = answer.expect_err("a call without a certificate is not answered");
        assert!(
            status.get_details_error_info().is_none(),
            "{}: refused by a handler, not at the door: {status:?}",
            call.name()
        );
    }
    // The listeners live: it was the certificate.
    let call = Call::named("DirectoryService/GetFreshness");
    let request = sample::request(&call, &world);
    assert!(
        world
            .ask(Persona::Software("gateway"), &call, &request)
            .await
            .is_ok()
    );
}

async fn ask(channel: Channel, call: &Call) -> Result<(), tonic::Status> {
    let mut client = Grpc::new(channel);
    let ready = client.ready().await;
    ready.map_err(|error| tonic::Status::unavailable(error.to_string()))?;
    let message = Request::new(tokio_stream::once(Bytes::new()));
    let answer = client
        .streaming(message, call.path(), crate::raw::Unchanged)
        .await;
    answer.map(|_| ())
}

fn without_certificate(world: &World, listener: Listener) -> Channel {
    let authority = world.scene.stack.layout().pki().join("ca.pem");
    let authority = Certificate::from_pem(std::fs::read_to_string(authority).unwrap());
    let tls = ClientTlsConfig::new()
        .ca_certificate(authority)
        .domain_name("localhost");
    let uri = format!("https://{}", world.scene.address(listener));
    Endpoint::from_shared(uri)
        .unwrap()
        .tls_config(tls)
        .unwrap()
        .connect_lazy()
}
