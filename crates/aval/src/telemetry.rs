//! What `aval up` and `aval demo` say about themselves: what a service's own program
//! says, for one process that runs all four.

use std::num::NonZeroU32;

use anyhow::Context;
use aval_runtime::config::{LogFormat, TelemetryConfig};
use aval_runtime::telemetry::{self, TelemetryGuard};
use clap::{Args, ValueEnum};

/// What to tell, in what form, and to whom. Metrics can be read at the services' ops
/// ports whatever is chosen here.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Telemetry")]
pub struct TelemetryArguments {
    /// What to log on standard error: a level, or a list of `target=level`. By default
    /// `info`; for the demo `warn`.
    #[arg(long, value_name = "LEVEL", env = "AVAL_LOG")]
    pub log: Option<String>,
    /// In what form to log.
    #[arg(long, value_enum, default_value = "readable", env = "AVAL_LOG_FORMAT")]
    pub log_format: LogForm,
    /// Sends traces and metrics over OTLP (gRPC) to a collector on this machine, for
    /// example `http://127.0.0.1:4317`.
    #[arg(long, value_name = "ADDRESS", env = "OTEL_EXPORTER_OTLP_ENDPOINT")]
    pub otlp: Option<String>,
}

/// The form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogForm {
    /// Lines for people.
    Readable,
    /// One JSON object a line.
    Json,
}

impl TelemetryArguments {
    /// Starts logs, traces and metrics, before anything that they are to tell of. Call
    /// it inside the asynchronous run time, and drop the guard last.
    pub(crate) fn begin(&self, usual_level: &str) -> anyhow::Result<TelemetryGuard> {
        telemetry::init(&self.config(usual_level))
            .context("telemetry does not start: see --log and --otlp")
    }

    fn config(&self, usual_level: &str) -> TelemetryConfig {
        // An empty variable says as little as none.
        let said = |value: &Option<String>| value.clone().filter(|value| !value.is_empty());
        TelemetryConfig {
            log: match self.log_format {
                LogForm::Readable => LogFormat::Readable,
                LogForm::Json => LogFormat::Json,
            },
            level: said(&self.log).unwrap_or_else(|| usual_level.to_owned()),
            otlp_endpoint: said(&self.otlp),
            // Whoever looks on while they try something looks for that.
            trace_one_in: NonZeroU32::MIN,
            ..TelemetryConfig::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(log: &str, otlp: &str) -> TelemetryArguments {
        TelemetryArguments {
            log: Some(log.to_owned()),
            log_format: LogForm::Readable,
            otlp: Some(otlp.to_owned()),
        }
    }

    #[test]
    fn an_empty_variable_says_as_little_as_none() {
        let config = arguments("", "").config("warn");
        assert_eq!(config.level, "warn");
        assert_eq!(config.otlp_endpoint, None);
    }

    #[test]
    fn what_is_asked_for_wins_over_what_is_usual() {
        let config = arguments("debug", "http://127.0.0.1:4317").config("warn");
        assert_eq!(config.level, "debug");
        assert_eq!(config.otlp_endpoint.unwrap(), "http://127.0.0.1:4317");
    }
}
