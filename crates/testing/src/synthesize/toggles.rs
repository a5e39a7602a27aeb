//! Writing the file of ADELI numbers that RPPS numbers take the place of: UTF-8, a
//! heading line, a semicolon between the two.

use std::io::{self, Write};

use super::SynthesisPlan;
use super::day;
use super::file::{CHUNK, Written, flush};
use super::making::Maker;
use super::person::PersonNumber;

/// The heading line.
pub const TOGGLE_HEADING: &str = "N° ADELI;N° RPPS";

/// Writes the heading, and one line for each of the people who had an ADELI number on the
/// first day and have an RPPS number by the plan's day; on the first day, for everybody
/// with an ADELI number.
pub(super) fn write(output: &mut impl Write, plan: &SynthesisPlan) -> io::Result<Written> {
    let first = SynthesisPlan {
        toggled: false,
        day: 0,
        ..*plan
    };
    let last = SynthesisPlan {
        toggled: plan.toggled || plan.day == 0,
        ..*plan
    };
    let (before, after) = (Maker::new(&first), Maker::new(&last));
    let mut written = Written::default();
    let mut text = format!("{TOGGLE_HEADING}\n");
    for rank in 0..plan.size() {
        let PersonNumber::Adeli(adeli) = before.person(rank).number else {
            continue;
        };
        let Some(PersonNumber::Rpps(rpps)) =
            day::person(&after, rank, last.day).map(|person| person.number)
        else {
            continue;
        };
        for part in [&adeli, ";", &rpps, "\n"] {
            text.push_str(part);
        }
        written.rows += 1;
        written.people += 1;
        if text.len() >= CHUNK {
            flush(&mut text, output, &mut written)?;
        }
    }
    flush(&mut text, output, &mut written)?;
    output.flush()?;
    Ok(written)
}
