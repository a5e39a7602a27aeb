//! `aval directory synthesize`: a directory file in the published format, of people
//! who do not exist.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use aval_domain::time::{Clock, SystemClock};
use aval_testing::synthesize::{
    Faults, FileForm, SynthesisPlan, Written, establishments_file_name, file_name,
    mailboxes_file_name, qualifications_file_name, skills_file_name, write_zipped,
};
use clap::{Args, ValueEnum};
use serde_json::json;

use crate::language::say;
use crate::output::{Output, Rows};

/// Which of the published files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PublishedFile {
    /// `PS_LibreAcces_Personne_activite`.
    PracticeSituations,
    /// `PS_LibreAcces_SavoirFaire`, of the same people; without rows in error.
    Skills,
    /// `PS_LibreAcces_Dipl_AutExerc`, of the same people; without rows in error.
    Diplomas,
    /// `Extraction_Correspondance_MSSante`, of the same people and of their structures;
    /// without rows in error.
    Mailboxes,
    /// `etalab-cs1100502-stock`, the FINESS register, of their structures; without rows in
    /// error.
    Establishments,
    /// The ADELI numbers that RPPS numbers take the place of, and those: `N° ADELI;N° RPPS`.
    Toggles,
}

/// Arguments of `aval directory synthesize`.
#[derive(Debug, Args)]
pub struct SynthesizeArguments {
    /// Which file.
    #[arg(long, value_enum, default_value_t = PublishedFile::PracticeSituations)]
    file: PublishedFile,
    /// How many people.
    #[arg(long, default_value_t = 2_000)]
    people: u32,
    /// One seed gives one file.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many rows in error of each kind.
    #[arg(long, default_value_t = 0)]
    faults: u32,
    /// The older form, with 52 columns instead of 56.
    #[arg(long)]
    older: bool,
    /// So many days after the first file: each day 6 people of 1,000 change, get an RPPS
    /// number or leave, and others come. Some ten days at once are held by the limits.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=3650))]
    day: u32,
    /// Everybody under an RPPS number, also those who had an ADELI number.
    #[arg(long)]
    toggled: bool,
    /// How the file comes.
    #[command(flatten)]
    transfer: Transfer,
    /// The folder to write into; the file is named as published.
    #[arg(long, default_value = ".")]
    folder: PathBuf,
}

/// How a file comes.
#[derive(Debug, Args)]
struct Transfer {
    /// In a zip archive of its own, as published.
    #[arg(long)]
    zip: bool,
    /// Cuts the file off before its end, as a broken transfer does.
    #[arg(long)]
    cut: bool,
}

/// How many bytes are missing of a file that is cut off.
const CUT_OFF: u64 = 40;

/// Writes the file, in memory that does not grow with it.
pub fn run(arguments: &SynthesizeArguments, output: Output) -> anyhow::Result<()> {
    let name = match arguments.file {
        PublishedFile::PracticeSituations => file_name,
        PublishedFile::Skills => skills_file_name,
        PublishedFile::Diplomas => qualifications_file_name,
        PublishedFile::Mailboxes => mailboxes_file_name,
        PublishedFile::Establishments => establishments_file_name,
        PublishedFile::Toggles => |_| "bascules_adeli_rpps.csv".to_owned(),
    };
    let name = name(SystemClock.now());
    let packed = arguments
        .transfer
        .zip
        .then(|| Path::new(&name).with_extension("zip"));
    let path = arguments
        .folder
        .join(packed.as_deref().unwrap_or(Path::new(&name)));
    let file = File::create(&path).with_context(|| format!("cannot make {}", path.display()))?;
    let mut writer = BufWriter::new(file);
    let written = if arguments.transfer.zip {
        write_zipped(writer, &name, |mut inside| write(arguments, &mut inside))?
    } else {
        let written = write(arguments, &mut writer)?;
        writer.flush()?;
        written
    };
    if arguments.transfer.cut {
        let whole = File::options().write(true).open(&path)?;
        whole.set_len(whole.metadata()?.len().saturating_sub(CUT_OFF))?;
    }
    let mut rows = Rows::new(vec![
        ("file", say("fichier", "file")),
        ("people", say("personnes", "people")),
        ("rows", say("lignes", "rows")),
        ("bad_rows", say("dont en erreur", "of which in error")),
        ("bytes", say("octets", "bytes")),
    ]);
    rows.push(vec![
        json!(path.display().to_string()),
        json!(written.people),
        json!(written.rows),
        json!(written.bad_rows),
        json!(written.bytes),
    ]);
    Ok(output.one(&rows)?)
}

fn write(arguments: &SynthesizeArguments, output: &mut impl Write) -> io::Result<Written> {
    let plan = plan(arguments);
    match arguments.file {
        PublishedFile::PracticeSituations => plan.write(output),
        PublishedFile::Skills => plan.write_skills(output),
        PublishedFile::Diplomas => plan.write_qualifications(output),
        PublishedFile::Mailboxes => plan.write_mailboxes(output),
        PublishedFile::Establishments => plan.write_establishments(output),
        PublishedFile::Toggles => plan.write_toggles(output),
    }
}

fn plan(arguments: &SynthesizeArguments) -> SynthesisPlan {
    let each = arguments.faults;
    SynthesisPlan {
        form: if arguments.older {
            FileForm::Older
        } else {
            FileForm::Present
        },
        faults: Faults {
            wrong_column_count: each,
            bad_check_digit: each,
            missing_identifier: each,
            unknown_profession: each,
            control_characters: each,
        },
        toggled: arguments.toggled,
        day: arguments.day,
        ..SynthesisPlan::new(arguments.seed, arguments.people)
    }
}
