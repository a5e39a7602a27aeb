//! The log: readable lines or JSON, each with the call that it was said in.

use std::fmt;
use std::io::IsTerminal;

use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, ParseError, Targets};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter, format};
use tracing_subscriber::registry::LookupSpan;

use super::{TelemetryError, rpc};
use crate::call::{self, Call};
use crate::config::LogFormat;

/// What is said, by level and target.
pub(super) fn filter(asked: &str) -> Result<Targets, TelemetryError> {
    let filter: Targets = asked
        .parse()
        .map_err(|error: ParseError| TelemetryError::Level(error.to_string()))?;
    // The spans of calls are for a collector: a line names its call by itself.
    let filter = filter.with_target(rpc::TARGET, LevelFilter::OFF);
    Ok(without_each_migration(filter, asked))
}

/// The migrator says two lines of each step: those who migrate say one of all, and who wants
/// more asks for its target.
fn without_each_migration(filter: Targets, asked: &str) -> Targets {
    const MIGRATOR: &str = "sea_orm_migration";
    if asked.contains(MIGRATOR) {
        return filter;
    }
    filter.with_target(MIGRATOR, LevelFilter::WARN)
}

/// Colours are for people; a file or a pipe gets the bare text.
pub(super) fn is_terminal_with_colours() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    std::io::stderr().is_terminal() && !refused
}

pub(super) fn layer<S, W>(
    log_format: LogFormat,
    log: W,
    coloured: bool,
) -> Option<Box<dyn Layer<S> + Send + Sync>>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer().with_writer(log);
    match log_format {
        LogFormat::Readable => {
            let lines = format().with_ansi(coloured);
            let layer = layer.with_ansi(coloured);
            Some(layer.event_format(WithCall(lines, write_readable)).boxed())
        }
        LogFormat::Json => {
            let lines = format().json().flatten_event(true);
            let layer = layer.json();
            Some(layer.event_format(WithCall(lines, write_json)).boxed())
        }
        LogFormat::Off => None,
    }
}

/// Lines of this format, with the call that each was said in written to them.
struct WithCall<F>(F, fn(&mut String, &Call) -> fmt::Result);

impl<S, N, F> FormatEvent<S, N> for WithCall<F>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let Some(call) = call::current() else {
            return self.0.format_event(context, writer, event);
        };
        let mut line = String::new();
        self.0
            .format_event(context, Writer::new(&mut line), event)?;
        line.truncate(line.trim_end().len());
        self.1(&mut line, &call)?;
        writeln!(writer, "{line}")
    }
}

fn write_readable(line: &mut String, call: &Call) -> fmt::Result {
    use fmt::Write;
    let (method, trace_id) = (call.method.as_str(), call.trace_parent.trace_id);
    write!(line, " rpc.method={method} trace_id={trace_id}")
}

/// As the last two fields of the object. Neither has a character that JSON escapes.
fn write_json(line: &mut String, call: &Call) -> fmt::Result {
    use fmt::Write;
    let (method, trace_id) = (call.method.as_str(), call.trace_parent.trace_id);
    let Some(end) = line.rfind('}') else {
        return Err(fmt::Error);
    };
    line.truncate(end);
    write!(
        line,
        ",\"rpc.method\":\"{method}\",\"trace_id\":\"{trace_id}\"}}"
    )
}

#[cfg(test)]
mod tests;
