//! Every RPC, as a test calls it.

use aval_proto::audit::v1::{
    AppendEventsRequest, EraseEventsRequest, ExportEventsRequest, GetCheckpointRequest,
    GetConsistencyProofRequest, GetEventRequest, GetInclusionProofRequest, GetPatientProofRequest,
    GetTileRequest, ListEventsRequest, ListHistoryRequest, ListUnusualAccessesRequest,
    ReportOutboxRequest, SearchEventsRequest, WatchEventsRequest, WatchFindingsRequest,
};
use tonic::{Request, Status};

use crate::people::Person;
use crate::stand::Stand;

/// Every RPC of the five services.
pub(crate) const RPCS: [&str; 16] = [
    "FindingService/WatchFindings",
    "OversightService/SearchEvents",
    "OversightService/ListHistory",
    "OversightService/ListUnusualAccesses",
    "RetentionService/EraseEvents",
    "TrailService/AppendEvents",
    "TrailService/ReportOutbox",
    "TrailService/ListEvents",
    "TrailService/GetEvent",
    "TrailService/WatchEvents",
    "TrailService/ExportEvents",
    "TransparencyService/GetCheckpoint",
    "TransparencyService/GetInclusionProof",
    "TransparencyService/GetConsistencyProof",
    "TransparencyService/GetPatientProof",
    "TransparencyService/GetTile",
];

impl Stand {
    /// Calls this RPC with an empty message, as this caller, for this person.
    pub(crate) async fn call(
        &self,
        rpc: &str,
        caller: &str,
        person: Option<Person>,
    ) -> Result<(), Status> {
        let mut trail = self.trail(caller);
        let mut transparency = self.transparency(caller);
        let mut oversight = self.oversight(caller);
        macro_rules! call {
            ($client:ident.$method:ident, $message:ty) => {{
                let message = <$message>::default();
                let request = match person {
                    Some(person) => self.request(message, caller, person),
                    None => Request::new(message),
                };
                $client.$method(request).await.map(|_| ())
            }};
        }
        let mut retention = self.retention(caller);
        let mut findings = self.findings(caller);
        match rpc {
            "FindingService/WatchFindings" => call!(findings.watch_findings, WatchFindingsRequest),
            "RetentionService/EraseEvents" => call!(retention.erase_events, EraseEventsRequest),
            "TrailService/AppendEvents" => call!(trail.append_events, AppendEventsRequest),
            "TrailService/ReportOutbox" => call!(trail.report_outbox, ReportOutboxRequest),
            "TrailService/ListEvents" => call!(trail.list_events, ListEventsRequest),
            "TrailService/GetEvent" => call!(trail.get_event, GetEventRequest),
            "TrailService/WatchEvents" => call!(trail.watch_events, WatchEventsRequest),
            "TrailService/ExportEvents" => call!(trail.export_events, ExportEventsRequest),
            "TransparencyService/GetCheckpoint" => {
                call!(transparency.get_checkpoint, GetCheckpointRequest)
            }
            "TransparencyService/GetInclusionProof" => {
                call!(transparency.get_inclusion_proof, GetInclusionProofRequest)
            }
            "TransparencyService/GetConsistencyProof" => {
                call!(
                    transparency.get_consistency_proof,
                    GetConsistencyProofRequest
                )
            }
            "TransparencyService/GetPatientProof" => {
                call!(transparency.get_patient_proof, GetPatientProofRequest)
            }
            "OversightService/SearchEvents" => call!(oversight.search_events, SearchEventsRequest),
            "OversightService/ListHistory" => call!(oversight.list_history, ListHistoryRequest),
            "OversightService/ListUnusualAccesses" => {
                call!(oversight.list_unusual_accesses, ListUnusualAccessesRequest)
            }
            "TransparencyService/GetTile" => call!(transparency.get_tile, GetTileRequest),
            other => panic!("no RPC is called {other}"),
        }
    }
}
