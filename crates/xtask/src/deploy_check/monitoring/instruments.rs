//! What the services expose, as their sources say: an instrument
//! `aval.directory.source.age` in seconds is `aval_directory_source_age_seconds` to
//! Prometheus. The sources, and not a running service: most series are there only once
//! something has happened, and alarms are about what should never happen.

use anyhow::{Context, Result, ensure};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// What Prometheus itself adds.
const METRICS_OF_PROMETHEUS: &[&str] = &["up"];
const LABELS_OF_PROMETHEUS: &[&str] = &["job", "instance", "le"];

/// Names that may be asked for.
#[derive(Debug, Default)]
pub(super) struct Exposed {
    metrics: BTreeSet<String>,
    labels: BTreeSet<String>,
}

impl Exposed {
    /// Those of the services and of what they share.
    pub(super) fn read(root: &Path) -> Result<Self> {
        let mut exposed = Self::default();
        for folder in ["crates/runtime/src", "crates/database/src", "services"] {
            exposed.read_below(&root.join(folder))?;
        }
        ensure!(
            !exposed.metrics.is_empty() && !exposed.labels.is_empty(),
            "the sources make no instruments"
        );
        Ok(exposed)
    }

    fn read_below(&mut self, folder: &Path) -> Result<()> {
        for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            if path.is_dir() {
                self.read_below(&path)?;
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                self.read_source(&super::read(&path)?)
                    .with_context(|| path.display().to_string())?;
            }
        }
        Ok(())
    }

    fn read_source(&mut self, source: &str) -> Result<()> {
        for (kind, endings) in [
            ("_counter(", &["_total"][..]),
            ("_gauge(", &[""]),
            ("_histogram(", &["_bucket", "_sum", "_count"]),
        ] {
            for made in source.split(kind).skip(1) {
                let Some((name, rest)) = made.split_once(')') else {
                    continue;
                };
                let names = match literals(name).next() {
                    Some(name) => vec![name],
                    // The conventions for RPC: one instrument for each side of a call.
                    None if name == "name" => literals(source)
                        .filter(|text| text.starts_with("rpc.") && text.ends_with(".duration"))
                        .collect(),
                    None => continue,
                };
                let unit = unit_in(rest.split(".build()").next().unwrap_or_default())?;
                for name in names {
                    let name = name.replace('.', "_");
                    let endings = endings.iter();
                    self.metrics
                        .extend(endings.map(|ending| format!("{name}{unit}{ending}")));
                }
            }
        }
        for key in source.split("KeyValue::new(").skip(1) {
            self.labels
                .extend(key_of(key).map(|key| key.replace('.', "_")));
        }
        Ok(())
    }

    /// Whether there can be a series of this name.
    pub(super) fn has_metric(&self, name: &str) -> bool {
        self.metrics.contains(name) || METRICS_OF_PROMETHEUS.contains(&name)
    }

    /// Whether a series can have a label of this name.
    pub(super) fn has_label(&self, name: &str) -> bool {
        self.labels.contains(name) || LABELS_OF_PROMETHEUS.contains(&name)
    }
}

/// What the unit of an instrument adds to its name.
fn unit_in(building: &str) -> Result<&'static str> {
    let Some((_, unit)) = building.split_once(".with_unit(") else {
        return Ok("");
    };
    match literals(unit).next() {
        Some("s") => Ok("_seconds"),
        Some("By") => Ok("_bytes"),
        other => anyhow::bail!("the ending of the unit {other:?} is not known here"),
    }
}

/// The texts in quotes; there are none with quotes in them among names.
fn literals(source: &str) -> impl Iterator<Item = &str> {
    source.split('"').skip(1).step_by(2)
}

/// The key with which the arguments begin, if it is a text.
fn key_of(arguments: &str) -> Option<&str> {
    let text = arguments.trim_start().strip_prefix('"')?;
    text.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exposed(source: &str) -> Exposed {
        let mut exposed = Exposed::default();
        exposed.read_source(source).unwrap();
        exposed
    }

    #[test]
    fn instruments_have_the_names_that_prometheus_shows() {
        let exposed = exposed(
            "meter.u64_counter(\"a.b\").build(); \
             meter.f64_observable_gauge(\"a.left\").with_unit(\"s\").build(); \
             meter.u64_gauge(\"a.stale\").build(); \
             meter.u64_histogram(\"a.batch\").with_boundaries(vec![1.0]).build()",
        );
        let metrics: Vec<_> = exposed.metrics.iter().map(String::as_str).collect();
        assert_eq!(
            metrics,
            [
                "a_b_total",
                "a_batch_bucket",
                "a_batch_count",
                "a_batch_sum",
                "a_left_seconds",
                "a_stale"
            ]
        );
        assert!(exposed.has_metric("up") && !exposed.has_metric("a_b"));
    }

    #[test]
    fn an_instrument_for_each_side_of_a_call_is_found_by_its_names() {
        let exposed = exposed(
            "Side::Server => (&SERVER, \"rpc.server.call.duration\"), \"rpc.method\" \
             meter().f64_histogram(name).with_unit(\"s\").build()",
        );
        assert!(exposed.has_metric("rpc_server_call_duration_seconds_bucket"));
        assert_eq!(exposed.metrics.len(), 3);
    }

    #[test]
    fn labels_are_the_keys_of_attributes() {
        let exposed = exposed(
            "KeyValue::new(\"rpc.method\", method) KeyValue::new(\n \"tier\", tier) KeyValue::new(key, \"x\")",
        );
        assert!(exposed.has_label("rpc_method") && exposed.has_label("tier"));
        assert!(exposed.has_label("job") && !exposed.has_label("x"));
    }

    #[test]
    fn an_unknown_unit_is_an_error() {
        let source = "meter.u64_gauge(\"a\").with_unit(\"furlong\").build()";
        assert!(Exposed::default().read_source(source).is_err());
    }
}
