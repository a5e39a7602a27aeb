//! Only a producer appends to the trail, and only in its own name.

use aval_proto::audit::v1 as audit;
use prost::Message;

use crate::contract::Call;
use crate::refusal::Refused;
use crate::world::{Persona, World};

#[tokio::test]
async fn software_appends_in_its_own_name_or_not_at_all() {
    let world = World::begin().await;
    let attempts = [
        ("identity", "consent"),
        ("consent", "identity"),
        ("gateway", "gateway"),
        ("gateway", "consent"),
        ("operator", "audit"),
        ("records", "nobody"),
    ];
    for (software, source) in attempts {
        let request = audit::AppendEventsRequest {
            source: source.to_owned(),
            epoch: 1,
            events: Vec::new(),
            include_receipts: false,
        };
        let call = Call::named("TrailService/AppendEvents");
        let bytes = request.encode_to_vec();
        let answer = world
            .ask_with(Persona::Software(software), &call, bytes)
            .await;
        Refused::read(answer.unwrap_err()).is("CALLER_NOT_ALLOWED");
        let request = audit::ReportOutboxRequest {
            source: source.to_owned(),
            epoch: 1,
            ..Default::default()
        };
        let call = Call::named("TrailService/ReportOutbox");
        let bytes = request.encode_to_vec();
        let answer = world
            .ask_with(Persona::Software(software), &call, bytes)
            .await;
        Refused::read(answer.unwrap_err()).is("CALLER_NOT_ALLOWED");
    }
}

#[tokio::test]
async fn the_producers_read_nobody_s_history() {
    let world = World::begin().await;
    for software in ["identity", "practitioner-directory", "consent"] {
        for name in ["TrailService/ListEvents", "TrailService/GetEvent"] {
            let call = Call::named(name);
            let bytes = crate::sample::request(&call, &world).encode_to_vec();
            let answer = world
                .ask_with(Persona::Software(software), &call, bytes)
                .await;
            Refused::read(answer.unwrap_err()).is("CALLER_NOT_ALLOWED");
        }
    }
}
