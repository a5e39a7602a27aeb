//! Writing the file of ADELI numbers that RPPS numbers take the place of: UTF-8, a
//! heading line, a semicolon between the two.

use std::io::{self, Write};

use super::SynthesisPlan;
use super::file::{CHUNK, Written, flush};
use super::person::PersonNumber;

/// The heading line.
pub const TOGGLE_HEADING: &str = "N° ADELI;N° RPPS";

/// Writes the heading, and one line for each of the people who have an ADELI number.
pub(super) fn write(output: &mut impl Write, plan: &SynthesisPlan) -> io::Result<Written> {
    let plan = |toggled| SynthesisPlan { toggled, ..*plan };
    let mut written = Written::default();
    let mut text = format!("{TOGGLE_HEADING}\n");
    for (before, after) in plan(false).people().zip(plan(true).people()) {
        let PersonNumber::Adeli(adeli) = &before.number else {
            continue;
        };
        for part in [adeli, ";", after.number.text(), "\n"] {
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
