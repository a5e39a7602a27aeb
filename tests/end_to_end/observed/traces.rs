//! The traces that arrive at the end of the way.

use std::collections::BTreeSet;

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;

use super::received::text_of;
use crate::telemetry::{CALLERS_SPAN, CREATE_GRANT, GET_PRACTITIONER, TRACE};

/// Every span, and which service's it is.
pub(super) struct Traces(pub(super) Vec<(String, Span)>);

impl Traces {
    /// Whether the caller's trace goes through consent to the directory, as far as it must.
    pub(super) fn has_the_callers(&self) -> bool {
        let served = self.span("aval-consent", SpanKind::Server, CREATE_GRANT);
        let asked = self.span("aval-consent", SpanKind::Client, GET_PRACTITIONER);
        let answered = self.span(
            "aval-practitioner-directory",
            SpanKind::Server,
            GET_PRACTITIONER,
        );
        let (Some(served), Some(asked), Some(answered)) = (served, asked, answered) else {
            return false;
        };
        assert_eq!(served.parent_span_id, CALLERS_SPAN.to_be_bytes());
        assert_eq!(answered.parent_span_id, asked.span_id);
        for (span, method) in [
            (served, CREATE_GRANT),
            (asked, GET_PRACTITIONER),
            (answered, GET_PRACTITIONER),
        ] {
            let attribute = |key| text_of(&span.attributes, key);
            assert_eq!(attribute("rpc.system.name").as_deref(), Some("grpc"));
            assert_eq!(attribute("rpc.method").as_deref(), Some(method));
            let status = attribute("rpc.status_code");
            assert_eq!(status.as_deref(), Some("OK"));
            assert_eq!(attribute("error.type"), None);
        }
        // Whom a caller meant, as it is configured.
        let meant = text_of(&asked.attributes, "server.address");
        assert_eq!(meant.as_deref(), Some("127.0.0.1"));
        true
    }

    /// From which service to which a trace went on: the one that asked, the one that served.
    pub(super) fn crossings(&self) -> BTreeSet<(&str, &str)> {
        let of_kind = |kind| self.0.iter().filter(move |(_, span)| span.kind() == kind);
        of_kind(SpanKind::Server)
            .filter_map(|(to, served)| {
                let (from, _) = of_kind(SpanKind::Client).find(|(_, asked)| {
                    asked.trace_id == served.trace_id && asked.span_id == served.parent_span_id
                })?;
                Some((from.as_str(), to.as_str()))
            })
            .collect()
    }

    /// A span of the caller's trace.
    fn span(&self, service: &str, kind: SpanKind, name: &str) -> Option<&Span> {
        let mut spans = self.0.iter();
        let found = spans.find(|(of, span)| {
            of == service
                && span.kind() == kind
                && span.name == name
                && span.trace_id == TRACE.to_be_bytes()
        });
        found.map(|(_, span)| span)
    }
}
