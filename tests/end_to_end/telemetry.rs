//! What leaves for a collector: one trace through the services, over OTLP.

mod collector;

pub(crate) use collector::Collector;

use aval_proto::consent::v1 as consent;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;

use crate::scene::{Scene, anne, fresh_id};
use crate::world::practitioner;

pub(crate) const TRACE: u128 = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736;
pub(crate) const CALLERS_SPAN: u64 = 0x00f0_67aa_0ba9_02b7;

pub(crate) const CREATE_GRANT: &str = "aval.consent.v1.GrantService/CreateGrant";
pub(crate) const GET_PRACTITIONER: &str =
    "aval.practitioner_directory.v1.DirectoryService/GetPractitioner";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_trace_goes_from_the_caller_through_consent_to_the_directory() {
    let collector = Collector::start().await;
    let guard = collector.begin();
    let scene = Scene::set().await;
    let patient = scene.patient(anne()).await;
    let doctor = scene.practitioner(&scene.cast.generalist).await;

    let mut request = patient.bearer.asks(consent::CreateGrantRequest {
        patient_id: patient.patient_id.clone(),
        grantee: Some(practitioner(&doctor.practitioner_id)),
        document_classes: vec![1],
        period: None,
        request_id: fresh_id(),
    });
    let parent = format!("00-{TRACE:032x}-{CALLERS_SPAN:016x}-01");
    let metadata = request.metadata_mut();
    metadata.insert("traceparent", parent.parse().unwrap());
    scene.portal.grants().create_grant(request).await.unwrap();
    // A span is exported once it has ended, and the answer may come before that.
    scene.stack.stop().await;
    collector.all_sent(guard).await;

    let spans: Vec<_> = collector.spans();
    let trace = Trace(
        spans
            .into_iter()
            .filter(|span| span.trace_id == TRACE.to_be_bytes())
            .collect(),
    );
    let asked = trace.only(SpanKind::Client, CREATE_GRANT);
    assert_eq!(asked.parent_span_id, CALLERS_SPAN.to_be_bytes());
    let served = trace.only(SpanKind::Server, CREATE_GRANT);
    assert_eq!(served.parent_span_id, asked.span_id);
    let looked_up = trace.only(SpanKind::Client, GET_PRACTITIONER);
    let above: Vec<_> = trace.above(looked_up).collect();
    assert!(above.contains(&served));
    assert!(above.iter().any(|span| span.name == "consent.create_grant"));
    let directory = trace.only(SpanKind::Server, GET_PRACTITIONER);
    assert_eq!(directory.parent_span_id, looked_up.span_id);
}

/// The spans of one trace.
struct Trace(Vec<Span>);

impl Trace {
    /// The one span of this kind and name.
    fn only(&self, kind: SpanKind, name: &str) -> &Span {
        let mut found = self
            .0
            .iter()
            .filter(|span| span.kind() == kind && span.name == name);
        let first = found.next();
        let first = first.unwrap_or_else(|| panic!("no {kind:?} {name} in {:?}", self.names()));
        assert!(found.next().is_none(), "{kind:?} {name} twice");
        first
    }

    /// The spans above this one, the nearest first.
    fn above<'trace>(&'trace self, span: &'trace Span) -> impl Iterator<Item = &'trace Span> {
        let parent_of = |span: &Span| {
            let mut spans = self.0.iter();
            spans.find(|other| other.span_id == span.parent_span_id)
        };
        std::iter::successors(parent_of(span), move |span| parent_of(span))
    }

    fn names(&self) -> Vec<(SpanKind, &str)> {
        let spans = self.0.iter();
        spans
            .map(|span| (span.kind(), span.name.as_str()))
            .collect()
    }
}
