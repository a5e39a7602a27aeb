//! What a process says about itself.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::{ConfigError, DurationText, PeerConfig, TlsFiles};

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
    /// Of the traces that begin here, one in so many is recorded and sent; of those that
    /// begin elsewhere, what the caller records. The standard variables
    /// `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG` decide instead where they are set.
    /// Default: 10.
    pub trace_one_in: NonZeroU32,
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

const DEFAULT_TRACE_ONE_IN: NonZeroU32 = NonZeroU32::new(10).expect("ten is not zero");

impl TelemetryConfig {
    /// Refuses a level that is none, and a collector in clear on another machine, naming the
    /// key to change.
    pub fn check(&self) -> Result<(), ConfigError> {
        crate::telemetry::check_level(&self.level).map_err(|rule| ConfigError::Refused {
            key: "telemetry.level",
            rule,
        })?;
        let Some(collector) = self.collector() else {
            return Ok(());
        };
        let address = collector.address();
        let named = address.and_then(|uri| collector.name(&uri));
        named.map(drop).map_err(|error| match error {
            ConfigError::Refused { key: "tls", rule } => ConfigError::Refused {
                key: "telemetry.otlp_tls",
                rule,
            },
            ConfigError::Refused { rule, .. } => ConfigError::Refused {
                key: "telemetry.otlp_endpoint",
                rule,
            },
            other => other,
        })
    }

    /// Who takes traces and metrics; nobody, where nobody is named.
    pub(crate) fn collector(&self) -> Option<PeerConfig> {
        Some(PeerConfig {
            uri: self.otlp_endpoint.clone()?,
            tls: self.otlp_tls.clone(),
            server_name: None,
            deadline: DurationText::from_secs(10),
            connections: 1,
        })
    }
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self {
            service_name: "aval".to_owned(),
            log: LogFormat::Readable,
            level: "info".to_owned(),
            otlp_endpoint: None,
            otlp_tls: None,
            trace_one_in: DEFAULT_TRACE_ONE_IN,
        }
    }
}
