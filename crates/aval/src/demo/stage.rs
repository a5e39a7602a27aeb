//! Where the demo shows itself: each step prints what was asked, what came back,
//! how long it took, and whether it was so.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use tonic::{Response, Status};
use tonic_types::StatusExt;

use crate::language::{Language, Text, say};

/// The demo's output, step after step.
#[derive(Debug)]
pub(crate) struct Stage {
    language: Language,
    coloured: bool,
    steps: u32,
    checks: u32,
}

/// One step: a question put to a service, and what must come of it.
#[derive(Debug)]
pub(crate) struct Step<'stage> {
    stage: &'stage mut Stage,
    elapsed: Duration,
}

/// Why a demo ends early: something was not as it must be.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NotSo(String);

impl Stage {
    /// An empty stage.
    #[must_use]
    pub(crate) fn new(language: Language) -> Self {
        let coloured = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self {
            language,
            coloured,
            steps: 0,
            checks: 0,
        }
    }

    /// Begins a part of the story.
    pub(crate) fn act(&self, title: &Text) -> io::Result<()> {
        let title = title.in_language(self.language);
        print(&format!("\n{}", self.paint("1", title)))
    }

    /// Begins a step: what is about to be done, and the call that does it.
    pub(crate) fn step(&mut self, title: &Text, call: impl Display) -> io::Result<Step<'_>> {
        self.steps += 1;
        let title = title.in_language(self.language);
        print(&format!("{:>3}. {title}", self.steps))?;
        print(&format!("     {}", self.paint("2", format!("→ {call}"))))?;
        Ok(Step {
            stage: self,
            elapsed: Duration::ZERO,
        })
    }

    /// Says something between two steps.
    pub(crate) fn remark(&self, text: &Text) -> io::Result<()> {
        print(text.in_language(self.language))
    }

    /// How many steps were shown and how many things were checked.
    #[must_use]
    pub(crate) fn tally(&self) -> (u32, u32) {
        (self.steps, self.checks)
    }

    fn paint(&self, code: &str, text: impl Display) -> String {
        if self.coloured {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_string()
        }
    }
}

impl Step<'_> {
    /// Waits for an answer that must come, and measures how long it takes.
    pub(crate) async fn answer<T>(
        &mut self,
        call: impl Future<Output = Result<Response<T>, Status>>,
    ) -> anyhow::Result<T> {
        match self.measured(call).await {
            Ok(response) => Ok(response.into_inner()),
            Err(status) => Err(self.fails(&say(
                format!("un refus inattendu : {}", described(&status)),
                format!("an unexpected refusal: {}", described(&status)),
            ))?),
        }
    }

    /// Waits for a refusal that must come, with this reason, and shows it.
    pub(crate) async fn refusal<T>(
        &mut self,
        call: impl Future<Output = Result<Response<T>, Status>>,
        reason: &str,
    ) -> anyhow::Result<Status> {
        let Err(status) = self.measured(call).await else {
            return Err(self.fails(&say(
                format!("accepté, alors que {reason} était attendu"),
                format!("accepted where {reason} was expected"),
            ))?);
        };
        self.shows(&say(french_sentence(&status), described(&status)))?;
        let seen = reason_of(&status);
        self.holds(
            seen == reason,
            &say(
                format!("refusé pour la raison attendue : {reason}"),
                format!("refused for the expected reason: {reason}"),
            ),
        )?;
        Ok(status)
    }

    /// Runs something else than a call, and measures how long it takes.
    pub(crate) async fn measured<T>(&mut self, work: impl Future<Output = T>) -> T {
        let begun = Instant::now();
        let value = work.await;
        self.elapsed += begun.elapsed();
        value
    }

    /// Shows what came back, with the time that it took so far.
    pub(crate) fn shows(&mut self, answer: &Text) -> io::Result<()> {
        let answer = answer.in_language(self.stage.language);
        let elapsed = std::mem::take(&mut self.elapsed);
        let line = if elapsed.is_zero() {
            format!("     ← {answer}")
        } else {
            let took = self
                .stage
                .paint("2", format!("({})", milliseconds(elapsed)));
            format!("     ← {answer}  {took}")
        };
        print(&line)
    }

    /// What must be so; the demo fails if it is not.
    pub(crate) fn holds(&mut self, so: bool, what: &Text) -> anyhow::Result<()> {
        if !so {
            return Err(self.fails(what)?);
        }
        self.stage.checks += 1;
        let mark = self.stage.paint("32", "✓");
        let what = what.in_language(self.stage.language);
        print(&format!("     {mark} {what}"))?;
        Ok(())
    }

    fn fails(&self, what: &Text) -> io::Result<anyhow::Error> {
        let mark = self.stage.paint("31", "✗");
        let what = what.in_language(self.stage.language);
        print(&format!("     {mark} {what}"))?;
        Ok(anyhow::Error::new(NotSo(what.to_owned())))
    }
}

/// The reason in a status's `ErrorInfo`, or its code where there is none.
#[must_use]
pub(crate) fn reason_of(status: &Status) -> String {
    let details = status.get_error_details();
    details.error_info().map_or_else(
        || format!("{:?}", status.code()),
        |info| info.reason.clone(),
    )
}

fn described(status: &Status) -> String {
    format!(
        "{:?} {}: {}",
        status.code(),
        reason_of(status),
        status.message()
    )
}

fn french_sentence(status: &Status) -> String {
    let details = status.get_error_details();
    let localized = details.localized_message();
    localized.map_or_else(
        || described(status),
        |localized| format!("{} — {}", reason_of(status), localized.message),
    )
}

fn milliseconds(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1000.0)
}

fn print(line: &str) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{line}")
}
