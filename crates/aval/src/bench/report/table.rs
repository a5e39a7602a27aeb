//! The report as people read it.

use comfy_table::{Cell, CellAlignment, Table};

use super::{Comparison, Report, Standing};
use crate::bench::figures::{Beside, count};
use crate::bench::load::Load;
use crate::bench::machine::Machine;
use crate::bench::revocations::REVOCATIONS_PER_SECOND;
use crate::bench::spread::Spread;
use crate::language::{Language, Text, say};

/// The machine in some lines, for before the run.
pub(crate) fn described(machine: &Machine) -> Text {
    let in_language = |language| described_in(machine, language);
    say(
        in_language(Language::French),
        in_language(Language::English),
    )
}

/// What was done, what each contender did, and how they compare.
pub(crate) fn tables(report: &Report) -> Text {
    let in_language = |language| tables_in(report, language);
    say(
        in_language(Language::French),
        in_language(Language::English),
    )
}

fn described_in(machine: &Machine, language: Language) -> String {
    let load: Vec<_> = machine
        .load_average
        .iter()
        .map(|load| format!("{load:.2}"))
        .collect();
    let load = load.join(" ");
    let Machine {
        date,
        cores,
        processor,
        memory_mib,
        kernel,
        file_system,
        engines,
        rustc,
        ..
    } = machine;
    let mut text = say(
        format!(
            "{date} · {cores} cœurs {processor} · {memory_mib} Mio · noyau {kernel} · {file_system} · {engines}\n\
             {rustc} · charge avant l'essai : {load}"
        ),
        format!(
            "{date} · {cores} cores {processor} · {memory_mib} MiB · kernel {kernel} · {file_system} · {engines}\n\
             {rustc} · load average before the run: {load}"
        ),
    )
    .in_language(language)
    .to_owned();
    if machine.is_shared() {
        let warning = say(
            "\nMachine occupée : d'un tour à l'autre les débits diront surtout ce qu'on lui \
             laissait.",
            "\nThe machine is busy: throughput will mostly tell how much of it was left in each \
             round.",
        );
        text.push_str(warning.in_language(language));
    }
    if !machine.optimised {
        let warning = say(
            "\nCompilé sans optimisation : ces chiffres ne disent rien (cargo run --release).",
            "\nCompiled without optimisations: these figures say nothing (cargo run --release).",
        );
        text.push_str(warning.in_language(language));
    }
    text
}

fn tables_in(report: &Report, language: Language) -> String {
    let legend = say(
        "Médiane des tours (la plus petite – la plus grande). Serveur et appelants ont chacun \
         leur fil d'exécution ; « serveur/appel » est le temps processeur du serveur, avec sa base \
         si c'est SQLite. Quand les appelants occupent tout leur cœur, ce sont eux la limite, et \
         seul ce temps compare les serveurs.",
        "Median of the rounds (lowest – highest). Servers and callers have a thread each; \
         “server/call” is processor time of the server, with its database if that is SQLite. Where \
         the callers fill their core they are the limit, and only that time compares the servers.",
    );
    [
        what_was_done(report).in_language(language),
        &standings(report, language).to_string(),
        &comparisons(report, language).to_string(),
        legend.in_language(language),
        &revocations(report, language),
        &reservations(report, language),
    ]
    .into_iter()
    .filter(|part| !part.is_empty())
    .collect::<Vec<_>>()
    .join("\n\n")
}

fn what_was_done(report: &Report) -> Text {
    let Report {
        rounds,
        callers,
        connections,
        ..
    } = report;
    match report.load {
        Load::Closed { seconds } => say(
            format!(
                "Boucle fermée : {callers} appelants, {connections} connexions, {rounds} tours de {seconds} s"
            ),
            format!(
                "Closed loop: {callers} callers, {connections} connections, {rounds} rounds of {seconds} s"
            ),
        ),
        Load::Counted { calls } => say(
            format!(
                "Boucle fermée : {callers} appelants, {connections} connexions, {rounds} tours de {calls} appels"
            ),
            format!(
                "Closed loop: {callers} callers, {connections} connections, {rounds} rounds of {calls} calls"
            ),
        ),
        Load::Open { rate, seconds } => say(
            format!(
                "Boucle ouverte : {rate} appels/s dus, au plus {callers} en cours, {connections} \
                 connexions, {rounds} tours de {seconds} s ; latences depuis l'instant dû"
            ),
            format!(
                "Open loop: {rate} calls/s due, at most {callers} under way, {connections} \
                 connections, {rounds} rounds of {seconds} s; latencies from the moment due"
            ),
        ),
    }
}

fn standings(report: &Report, language: Language) -> Table {
    let headings = [
        say("", ""),
        say("appels/s", "calls/s"),
        say("p50", "p50"),
        say("p99", "p99"),
        say("p99,9", "p99.9"),
        say("max", "max"),
        say("erreurs", "errors"),
        say("serveur/appel", "server/call"),
        say("cœurs\nserveur + appelants", "cores\nserver + callers"),
    ];
    let mut table = with_headings(&headings, language);
    for standing in &report.contenders {
        let name = standing.name;
        let description = name.description();
        let description = description.in_language(language);
        table.add_row([
            Cell::new(format!("{}\n{description}", name.name())),
            number(spread(standing.per_second, thousands)),
            number(durations(standing.p50_us)),
            number(durations(standing.p99_us)),
            number(durations(standing.p999_us)),
            number(durations(standing.max_us)),
            number(standing.failed.to_string()),
            number(durations(standing.server_us_per_call)),
            number(cores(standing)),
        ]);
    }
    table
}

fn cores(standing: &Standing) -> String {
    match (standing.server_cores, standing.caller_cores) {
        (Some(servers), Some(callers)) => {
            format!("{:.2} + {:.2}", servers.median, callers.median)
        }
        _ => NOTHING.to_owned(),
    }
}

fn comparisons(report: &Report, language: Language) -> Table {
    let headings = [
        say("rapport", "ratio"),
        say("débit", "throughput"),
        say("p99", "p99"),
        say("serveur/appel", "server/call"),
        say("p50, un\nappelant", "p50, one\ncaller"),
        say("objectif", "goal"),
    ];
    let mut table = with_headings(&headings, language);
    for comparison in &report.comparisons {
        table.add_row([
            Cell::new(format!(
                "{} / {}",
                comparison.contender.name(),
                comparison.baseline.name()
            )),
            number(spread(comparison.per_second, ratio)),
            number(spread(comparison.p99, ratio)),
            number(spread(comparison.server_us_per_call, ratio)),
            number(spread(comparison.alone_p50, ratio)),
            Cell::new(goal(comparison, language)),
        ]);
    }
    table
}

fn goal(comparison: &Comparison, language: Language) -> String {
    let Some(goal) = comparison.goal else {
        return NOTHING.to_owned();
    };
    let throughput = say("débit", "throughput");
    let throughput = throughput.in_language(language);
    let much = goal.per_second_at_least;
    let much = much.map(|least| format!("{throughput} ≥ {least}"));
    let quick = goal.p99_at_most.map(|most| format!("p99 ≤ {most}"));
    let asked: Vec<_> = much.into_iter().chain(quick).collect();
    let verdict = match comparison.reached {
        Some(true) => say("atteint", "reached"),
        Some(false) => say("NON ATTEINT", "NOT REACHED"),
        None => say("pas jugé ici", "not judged here"),
    };
    let verdict = verdict.in_language(language);
    format!("{}\n{verdict}", asked.join(", "))
}

/// How long revocations took to return, a line for each that was measured beside them.
fn revocations(report: &Report, language: Language) -> String {
    let heading = say(
        "99 révocations sur 100 ont abouti en moins de",
        "99 of 100 revocations returned within",
    );
    let alone = say("sans les appels", "without the calls");
    let lines = report.contenders.iter().filter_map(|standing| {
        let p99 = |of: fn(Beside) -> u64| {
            let rounds = standing.rounds.iter().filter_map(|round| round.beside);
            let p99 = Spread::of(rounds.map(|beside| count(of(beside))))?;
            Some(durations(Some(p99)).replace('\n', " "))
        };
        let beside = p99(|beside| beside.p99_us)?;
        let without = p99(|beside| beside.p99_without_calls_us)?;
        let (name, heading) = (standing.name.name(), heading.in_language(language));
        let alone = alone.in_language(language);
        Some(format!("{name}: {heading} {beside}; {alone} {without}"))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// What makes figures worthless, a line each; empty if nothing does.
fn reservations(report: &Report, language: Language) -> String {
    let failed = say("ERREURS", "ERRORS");
    let restless = say(
        "les serveurs n'étaient pas au repos avant ce tour",
        "the servers were not at rest before this turn",
    );
    let slow = say("révocations par seconde", "revocations a second");
    let mut lines = Vec::new();
    for standing in &report.contenders {
        for (index, figures) in standing.rounds.iter().enumerate() {
            let turn = format!("{} #{}", standing.name.name(), index + 1);
            if !figures.from_rest {
                lines.push(format!("{turn}: {}", restless.in_language(language)));
            }
            if let Some(Beside {
                per_second: revoked,
                ..
            }) = figures.beside
                && revoked < 0.9 * f64::from(REVOCATIONS_PER_SECOND)
            {
                let slow = slow.in_language(language);
                lines.push(format!(
                    "{turn}: {revoked:.0} / {REVOCATIONS_PER_SECOND} {slow}"
                ));
            }
            for (failure, count) in &figures.failed {
                let failed = failed.in_language(language);
                lines.push(format!("{turn}: {failed}: {count} × {failure}"));
            }
        }
    }
    lines.join("\n")
}

/// What is shown where nothing is known.
const NOTHING: &str = "—";

fn with_headings(headings: &[Text], language: Language) -> Table {
    let mut table = Table::new();
    table.set_header(headings.iter().map(|heading| heading.in_language(language)));
    table
}

fn number(text: String) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

/// The median above the range.
fn spread(spread: Option<Spread>, shown: impl Fn(f64) -> String) -> String {
    let Some(spread) = spread else {
        return NOTHING.to_owned();
    };
    let [median, lowest, highest] = [spread.median, spread.lowest, spread.highest].map(shown);
    format!("{median}\n({lowest}–{highest})")
}

/// The same of durations in microseconds, all in the unit of the longest.
fn durations(durations: Option<Spread>) -> String {
    let longest = durations.map_or(0.0, |durations| durations.highest);
    let (unit, micros, decimals) = match longest {
        ..100.0 => ("µs", 1.0, 1),
        ..1_000.0 => ("µs", 1.0, 0),
        ..1_000_000.0 => ("ms", 1e3, 2),
        _ => ("s", 1e6, 2),
    };
    let shown = spread(durations, |value| format!("{:.decimals$}", value / micros));
    match shown.split_once('\n') {
        Some((median, range)) => format!("{median} {unit}\n{range}"),
        None => shown,
    }
}

fn ratio(value: f64) -> String {
    format!("{value:.2}")
}

/// `12 345`.
fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_threes() {
        assert_eq!(thousands(0.4), "0");
        assert_eq!(thousands(999.0), "999");
        assert_eq!(thousands(1_000.0), "1 000");
        assert_eq!(thousands(1_234_567.0), "1 234 567");
    }

    #[test]
    fn durations_are_shown_in_the_unit_of_the_longest() {
        let shown = |values: [f64; 3]| durations(Spread::of(values));
        assert_eq!(shown([8.84, 7.0, 9.96]), "8.8 µs\n(7.0–10.0)");
        assert_eq!(shown([213.0, 99.0, 214.0]), "213 µs\n(99–214)");
        assert_eq!(shown([850.0, 800.0, 1_250.0]), "0.85 ms\n(0.80–1.25)");
        assert_eq!(shown([2.5e6, 1e6, 2.5e6]), "2.50 s\n(1.00–2.50)");
        assert_eq!(durations(None), "—");
    }

    #[test]
    fn a_spread_shows_its_median_above_its_range() {
        let shown = spread(Spread::of([3.0, 1.0, 2.0]), ratio);
        assert_eq!(shown, "2.00\n(1.00–3.00)");
        assert_eq!(spread(None, ratio), "—");
    }
}
