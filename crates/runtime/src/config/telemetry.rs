//! What a process says about itself.

use serde::{Deserialize, Serialize};

use super::TlsFiles;

/// Logs, traces and metrics.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TelemetryConfig {
    /// The name under which traces and metrics are exported. Default: `aval`.
    pub service_name: String,
    /// In what form to write the log to the standard error. Default: `readable`.
    pub log: LogFormat,
    /// What to log: a level, or a list of `target=level`. Default: `info`.
    pub level: String,
    /// Where to send traces and metrics over OTLP (gRPC). Default: nowhere; metrics can
    /// always be read at the ops listener.
    ///
    /// `http://` only to this machine.
    pub otlp_endpoint: Option<String>,
    /// The certificate to show to the collector and the authority of its own. Required
    /// with an `https` endpoint.
    pub otlp_tls: Option<TlsFiles>,
}

/// The form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Readable,
    /// One JSON object a line.
    Json,
    /// No log.
    Off,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self {
            service_name: "aval".to_owned(),
            log: LogFormat::Readable,
            level: "info".to_owned(),
            otlp_endpoint: None,
            otlp_tls: None,
        }
    }
}
