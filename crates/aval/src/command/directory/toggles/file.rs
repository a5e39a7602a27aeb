//! The file of ADELI numbers that RPPS numbers take the place of: `N° ADELI;N° RPPS`,
//! in Latin-1 or UTF-8.

use std::path::Path;

use anyhow::{Context, bail};
use aval_domain::InvalidValue;
use aval_domain::adeli::Adeli;
use aval_domain::rpps::Rpps;

/// The largest file that is read, in bytes: about three million lines.
const LARGEST_FILE: u64 = 64 * 1024 * 1024;

/// A number that goes, and the number of the same human that takes its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Toggle {
    pub(super) adeli: Adeli,
    pub(super) rpps: Rpps,
}

/// A line below the header, numbered from 2.
pub(super) type Line = (u64, Result<Toggle, InvalidValue>);

/// Reads the whole file.
pub(super) fn read(path: &Path) -> anyhow::Result<Vec<Line>> {
    let size = std::fs::metadata(path).map(|metadata| metadata.len());
    let size = size.with_context(|| format!("cannot read {}", path.display()))?;
    if size > LARGEST_FILE {
        bail!("{} has more than 64 MiB", path.display());
    }
    let bytes = std::fs::read(path);
    parse(&bytes.with_context(|| format!("cannot read {}", path.display()))?)
}

/// Everything that is read is ASCII; the header's other letters may come in any encoding.
fn parse(bytes: &[u8]) -> anyhow::Result<Vec<Line>> {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.lines();
    let header: Vec<String> = values_of(lines.next().unwrap_or_default())
        .map(str::to_uppercase)
        .collect();
    let place = |name: &str| header.iter().position(|column| column.contains(name));
    let (Some(adeli), Some(rpps)) = (place("ADELI"), place("RPPS")) else {
        bail!("the first line is not `N° ADELI;N° RPPS`");
    };
    let numbered = (2..).zip(lines).filter(|(_, line)| !line.trim().is_empty());
    Ok(numbered
        .map(|(number, line)| {
            let values: Vec<&str> = values_of(line).collect();
            let value = |place: usize| values.get(place).copied().unwrap_or_default();
            (number, toggle(value(adeli), value(rpps)))
        })
        .collect())
}

fn values_of(line: &str) -> impl Iterator<Item = &str> {
    line.split(';').map(|value| value.trim().trim_matches('"'))
}

fn toggle(adeli: &str, rpps: &str) -> Result<Toggle, InvalidValue> {
    Ok(Toggle {
        adeli: Adeli::parse(adeli)?,
        rpps: Rpps::parse(rpps)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn valid(lines: &[Line]) -> Vec<(u64, &str, String)> {
        lines
            .iter()
            .filter_map(|(number, read)| {
                let toggle = read.as_ref().ok()?;
                Some((*number, toggle.adeli.as_str(), toggle.rpps.to_string()))
            })
            .collect()
    }

    #[test]
    fn both_encodings_orders_and_line_ends_are_read() {
        let expected = [(2, "012600631", "99700366240".to_owned())];
        for file in [
            "N° ADELI;N° RPPS\n012600631;99700366240\n".as_bytes(),
            b"N\xB0 ADELI;N\xB0 RPPS\r\n012600631;99700366240\r\n",
            "\u{FEFF}N° RPPS;N° ADELI\n\"99700366240\";\"012600631\"".as_bytes(),
        ] {
            assert_eq!(valid(&parse(file).unwrap()), expected);
        }
    }

    #[test]
    fn a_bad_line_is_put_aside_by_its_number_and_says_no_value() {
        let file = "N° ADELI;N° RPPS\n\n012600631;99700366241\nX;99700366240\n012600631\n";
        let lines = parse(file.as_bytes()).unwrap();
        let numbers: Vec<u64> = lines.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, [3, 4, 5]);
        for (_, read) in &lines {
            let told = read.as_ref().unwrap_err().to_string();
            assert!(
                !told.contains("012600631") && !told.contains("9970036624"),
                "{told}"
            );
        }
    }

    #[test]
    fn another_file_is_refused() {
        for file in ["", "ADELI\n1\n", "Type d'identifiant PP|Identifiant PP|\n"] {
            assert!(parse(file.as_bytes()).is_err(), "{file}");
        }
    }
}
