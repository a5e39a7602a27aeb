//! What a published file's name says.

use aval_domain::InvalidValue;
use aval_domain::time::Timestamp;

use crate::source::Source;

/// The name of a published file: `<source>_AAAAMMJJhhmm.txt`, or `<source>.txt`
/// where a mirror leaves the time out; of the FINESS register
/// `<source>-AAAAMMJJ-hhmm.csv`; or `.zip`, of the archive that holds it.
///
/// Whether the time is that of Paris or UTC is not published. It is read as UTC: the
/// order of the files, which decides what is outdated, is the same either way, and
/// the age of a file is at most two hours greater than what freshness shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtractionName {
    /// Which file it is.
    pub source: Source,
    /// When it was generated, if the name says so.
    pub generated_at: Option<Timestamp>,
    /// How it comes.
    pub packing: Packing,
}

/// How a published file comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// As it is.
    Plain,
    /// In a zip archive of its own.
    Zip,
}

const WHAT: &str = "file name";
const UNKNOWN_FILE: InvalidValue = InvalidValue::new(
    WHAT,
    "it is the published name of a file that is imported here, \
     PS_LibreAcces_Personne_activite_AAAAMMJJhhmm.txt, PS_LibreAcces_SavoirFaire_…, \
     PS_LibreAcces_Dipl_AutExerc_…, Extraction_Correspondance_MSSante_… or \
     etalab-cs1100502-stock-AAAAMMJJ-hhmm.csv, or .zip",
);
const NO_SUCH_TIME: InvalidValue = InvalidValue::new(
    WHAT,
    "the twelve digits at its end are a year, month, day, hour and minute",
);

impl ExtractionName {
    /// Reads a name. Upper and lower case, `-` and `_` are the same: mirrors differ.
    pub fn parse(name: &str) -> Result<Self, InvalidValue> {
        let plain = plain(name);
        let (stem, extension) = plain.rsplit_once('.').ok_or(UNKNOWN_FILE)?;
        let (source, rest) = Source::ALL
            .iter()
            .find_map(|source| Some((*source, behind_name(*source, stem)?)))
            .ok_or(UNKNOWN_FILE)?;
        let packing = match extension {
            "zip" => Packing::Zip,
            other if other == source.extension() => Packing::Plain,
            _ => return Err(UNKNOWN_FILE),
        };
        let generated_at = match rest {
            "" => None,
            _ => Some(time_of(
                source,
                rest.strip_prefix('_').ok_or(UNKNOWN_FILE)?,
            )?),
        };
        Ok(Self {
            source,
            generated_at,
            packing,
        })
    }
}

fn plain(name: &str) -> String {
    name.to_ascii_lowercase().replace('-', "_")
}

/// What stands behind the source's name, if the file is named after it.
fn behind_name(source: Source, stem: &str) -> Option<&str> {
    let names = [Some(source.name()), source.other_name()];
    let mut names = names.into_iter().flatten();
    names.find_map(|name| stem.strip_prefix(plain(name).as_str()))
}

fn time_of(source: Source, text: &str) -> Result<Timestamp, InvalidValue> {
    match source {
        Source::Establishments => {
            let parts = text.split_once('_').filter(|(date, _)| date.len() == 8);
            let (date, time) = parts.ok_or(NO_SUCH_TIME)?;
            time_of_digits(&format!("{date}{time}"))
        }
        _ => time_of_digits(text),
    }
}

fn time_of_digits(digits: &str) -> Result<Timestamp, InvalidValue> {
    if digits.len() != 12 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NO_SUCH_TIME);
    }
    let (date, time) = digits.split_at(8);
    let (year, month, day) = (&date[..4], &date[4..6], &date[6..]);
    let (hour, minute) = time.split_at(2);
    Timestamp::parse_rfc3339(&format!("{year}-{month}-{day}T{hour}:{minute}:00Z"))
        .map_err(|_| NO_SUCH_TIME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_in_the_name_is_read_as_utc() {
        let name = "PS_LibreAcces_Personne_activite_202611230412.txt";
        let read = ExtractionName::parse(name).unwrap();
        assert_eq!(read.source, Source::PracticeSituations);
        let time = Timestamp::parse_rfc3339("2026-11-23T04:12:00Z").unwrap();
        assert_eq!(read.generated_at, Some(time));
    }

    #[test]
    fn a_mirror_s_name_without_time_is_known_and_says_no_time() {
        for name in [
            "PS_LibreAcces_Personne_activite.txt",
            "ps-libreacces-personne-activite.txt",
        ] {
            assert_eq!(ExtractionName::parse(name).unwrap().generated_at, None);
        }
    }

    #[test]
    fn an_archive_is_named_as_the_file_in_it() {
        let name = "Extraction_Correspondance_MSSante_202611230412.zip";
        let read = ExtractionName::parse(name).unwrap();
        assert_eq!(
            (read.source, read.packing),
            (Source::Mailboxes, Packing::Zip)
        );
        let plain = ExtractionName::parse(&name.replace(".zip", ".txt")).unwrap();
        assert_eq!(plain.packing, Packing::Plain);
        assert_eq!(plain.generated_at, read.generated_at);
    }

    #[test]
    fn each_source_has_its_name() {
        for source in Source::ALL {
            let name = match source {
                Source::Establishments => format!("{source}-20261123-0412.csv"),
                _ => format!("{source}_202611230412.txt"),
            };
            let read = ExtractionName::parse(&name).unwrap();
            assert_eq!((read.source, read.packing), (*source, Packing::Plain));
            let time = Timestamp::parse_rfc3339("2026-11-23T04:12:00Z").unwrap();
            assert_eq!(read.generated_at, Some(time));
        }
    }

    #[test]
    fn the_register_is_published_with_and_without_where_its_establishments_lie() {
        for name in [
            "etalab-cs1100507-stock-20260512-0339.csv",
            "etalab_cs1100502_stock_20260512_0339.zip",
            "etalab-cs1100502-stock.csv",
        ] {
            let read = ExtractionName::parse(name).unwrap();
            assert_eq!(read.source, Source::Establishments, "{name}");
        }
    }

    #[test]
    fn other_names_are_refused() {
        for name in [
            "",
            ".txt",
            "PS_LibreAcces_Dipl_202611230412.txt",
            "PS_LibreAcces_Personne_activite_202611230412.gz",
            "PS_LibreAcces_Personne_activite_202611230412.txt.zip",
            "PS_LibreAcces_202611230412.zip",
            "PS_LibreAcces_Personne_activite202611230412.txt",
            "PS_LibreAcces_Personne_activite_.txt",
            "PS_LibreAcces_Personne_activite_20261123041.txt",
            "PS_LibreAcces_Personne_activite_202613230412.txt",
            "PS_LibreAcces_Personne_activite_202602300412.txt",
            "PS_LibreAcces_Personne_activite_202611232412.txt",
            "PS_LibreAcces_Personne_activite_２０２６１１２３０４１２.txt",
            "PS_LibreAcces_Personne_activite_202611230412.csv",
            "PS_LibreAcces_Personne_activite_20261123_0412.txt",
            "etalab-cs1100502-stock-20260512-0339.txt",
            "etalab-cs1100502-stock-202605120339.csv",
            "etalab-cs1100502-stock-202605-120339.csv",
            "etalab-cs1100501-stock-20260512-0339.csv",
        ] {
            assert!(ExtractionName::parse(name).is_err(), "{name}");
        }
    }
}
