use std::io::Write;
use std::sync::{Arc, Mutex};

use aval_domain::random::SeededRandom;
use tracing_subscriber::layer::SubscriberExt;

use super::*;
use crate::telemetry::{MethodLabel, TraceParent};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What is logged in this format by `work`.
fn logged(log_format: LogFormat, work: impl FnOnce()) -> Vec<String> {
    let lines = Lines::default();
    let writer = lines.clone();
    let layer = layer(log_format, move || writer.clone(), false);
    let layer = layer.map(|layer| layer.with_filter(filter("info").unwrap()));
    let subscriber = tracing_subscriber::registry().with(layer);
    tracing::subscriber::with_default(subscriber, work);
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn call() -> Call {
    Call {
        method: MethodLabel::known("aval.audit.v1.TrailService/GetEvent"),
        trace_parent: TraceParent::begin(&SeededRandom::new(1)),
        deadline: None,
    }
}

fn say_something() {
    tracing::info_span!("audit.get_event", step = 1).in_scope(|| {
        tracing::warn!(reason = "a \"quoted\" {brace}", "something\nhappened");
    });
}

#[test]
fn a_line_names_the_call_that_it_was_said_in() {
    let trace_id = call().trace_parent.trace_id.to_string();
    let both = || {
        call().sync_scope(say_something);
        say_something();
    };
    let lines = logged(LogFormat::Json, both);
    assert_eq!(lines.len(), 2);
    let within: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!(within["trace_id"], trace_id);
    assert_eq!(within["rpc.method"], "aval.audit.v1.TrailService/GetEvent");
    assert_eq!(within["reason"], "a \"quoted\" {brace}");
    assert_eq!(within["span"]["name"], "audit.get_event");
    let outside: serde_json::Value = serde_json::from_str(&lines[1]).unwrap();
    assert!(outside.get("trace_id").is_none());
    assert_eq!(within["message"], outside["message"]);

    let text = logged(LogFormat::Readable, both).join("\n");
    let named = format!(" rpc.method=aval.audit.v1.TrailService/GetEvent trace_id={trace_id}");
    assert_eq!(text.matches(&named).count(), 1);
    assert_eq!(text.matches("audit.get_event").count(), 2);
    assert!(logged(LogFormat::Off, both).is_empty());
}

#[test]
fn the_span_of_a_call_is_none_of_the_logs() {
    let lines = logged(LogFormat::Json, || {
        tracing::info_span!(target: rpc::TARGET, "rpc").in_scope(say_something);
    });
    assert!(!lines[0].contains("\"rpc\""), "{}", lines[0]);
}

#[test]
fn a_filter_that_is_none_is_refused() {
    assert!(filter("aval_runtime=loud").is_err());
    assert!(filter("warn,aval_runtime=debug").is_ok());
}
