//! The report's form.

use std::collections::BTreeMap;

use super::*;
use crate::bench::figures::Beside;
use crate::language::Language;

fn machine() -> Machine {
    Machine {
        date: "2026-11-23T10:00:00Z".to_owned(),
        cores: 2,
        processor: "Example 9000".to_owned(),
        memory_mib: 24_000,
        kernel: "6.18".to_owned(),
        file_system: "ext4".to_owned(),
        engines: "SQLite",
        rustc: "rustc 1.95.0".to_owned(),
        optimised: true,
        load_average: vec![0.25, 0.5, 1.0],
    }
}

fn figures(per_second: f64, p99_us: u64) -> Figures {
    Figures {
        seconds: 2.0,
        succeeded: 1_000,
        failed: BTreeMap::new(),
        per_second,
        p50_us: 100,
        p99_us,
        p999_us: 900,
        max_us: 12_345,
        alone_p50_us: 90,
        server_us_per_call: Some(12.5),
        server_cores: Some(0.75),
        caller_cores: Some(1.0),
        beside: None,
        from_rest: true,
    }
}

fn report() -> Report {
    let turns = Turns {
        rounds: 2,
        load: Load::Closed { seconds: 2.0 },
        callers: 64,
        when_told: false,
    };
    let mut failing = figures(15_000.0, 700);
    failing.failed.insert("Unavailable".to_owned(), 3);
    let mut restless = figures(9_000.0, 900);
    restless.from_rest = false;
    restless.beside = Some(Beside {
        per_second: 31.0,
        p99_us: 262_000,
        p99_without_calls_us: 257_000,
    });
    let played = vec![
        (
            Entrant::Bare,
            vec![figures(20_000.0, 400), figures(10_000.0, 800)],
        ),
        (
            Entrant::Layers,
            vec![figures(16_000.0, 500), figures(9_000.0, 800)],
        ),
        (Entrant::Check, vec![figures(16_000.0, 500), failing]),
        (
            Entrant::LayersRevoking,
            vec![figures(15_000.0, 600), figures(9_000.0, 900)],
        ),
        (
            Entrant::CheckRevoking,
            vec![figures(16_000.0, 500), restless],
        ),
    ];
    Report::new(machine(), turns, 8, played)
}

#[test]
fn the_json_has_this_shape() {
    insta::assert_json_snapshot!(report());
}

#[test]
fn the_tables_have_this_shape() {
    insta::assert_snapshot!(tables(&report()).in_language(Language::English));
}

#[test]
fn the_machine_is_described_in_both_languages() {
    let machine = Machine {
        optimised: false,
        ..machine()
    };
    let described = described(&machine);
    let both = [Language::French, Language::English].map(|it| described.in_language(it).to_owned());
    insta::assert_snapshot!(both.join("\n"));
}

#[test]
fn ratios_are_of_the_same_round_and_the_goal_is_judged_by_their_median() {
    let report = report();
    let ratio = &report.comparisons[0];
    assert_eq!(
        (ratio.contender, ratio.baseline),
        (Entrant::Layers, Entrant::Bare)
    );
    let per_second = ratio.per_second.unwrap();
    assert_eq!((per_second.lowest, per_second.highest), (0.8, 0.9));
    assert_eq!(ratio.reached, None);
    // Failed calls reach no goal, whatever the ratio.
    assert_eq!(report.comparisons[1].reached, Some(false));
    assert_eq!(report.failures(), 3);
}
