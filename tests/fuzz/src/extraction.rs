//! The published files that the directory is made from: their rows, and the archives they
//! come in.

use std::sync::LazyLock;

use aval_practitioner_directory::extraction::{
    ExtractionName, ExtractionReader, Malformed, ReadLine,
};
use aval_practitioner_directory::source::Source;
use aval_testing::mutation::Mutator;
use aval_testing::synthesize::SynthesisPlan;

use crate::Target;

/// A file; its first byte says of which source, and whether it comes in an archive.
pub(crate) const EXTRACTION: Target = Target {
    name: "extraction",
    sound: || SOUND.clone(),
    almost,
    check,
};

/// So many people are made up, of whom some work in an establishment.
const PEOPLE: u32 = 200;
/// So many lines of their files are kept: a long input is tried less often.
const LINES: usize = 5;

/// The beginning of a file of each source.
static SOUND: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let plan = SynthesisPlan::new(1, PEOPLE);
    let file = |number: usize| {
        let mut file = Vec::new();
        match Source::ALL[number] {
            Source::PracticeSituations => plan.write(&mut file),
            Source::Skills => plan.write_skills(&mut file),
            Source::Mailboxes => plan.write_mailboxes(&mut file),
            Source::Qualifications => plan.write_qualifications(&mut file),
            Source::Establishments => plan.write_establishments(&mut file),
        }
        .unwrap();
        let lines = file.split_inclusive(|byte| *byte == b'\n').take(LINES);
        let choice = u8::try_from(number).unwrap();
        [&[choice], lines.collect::<Vec<_>>().concat().as_slice()].concat()
    };
    (0..Source::ALL.len()).map(file).collect()
});

fn almost(mutator: &mut Mutator) -> Vec<u8> {
    let mut chosen = mutator.one_of(&SOUND).clone();
    let file = mutator.bytes(&chosen.split_off(1));
    chosen.extend(file);
    chosen
}

/// The reader that the first byte asks for.
fn reader(choice: u8) -> ExtractionReader {
    let sources = Source::ALL.len();
    let source = Source::ALL[usize::from(choice) % sources];
    if usize::from(choice) < sources * 8 {
        return ExtractionReader::new(source);
    }
    let name = format!("{}.zip", source.name());
    ExtractionReader::named(&ExtractionName::parse(&name).unwrap())
}

/// What the reader makes of a file that comes in pieces of this size.
fn read(choice: u8, file: &[u8], piece: usize) -> (Vec<String>, Result<u64, Malformed>) {
    let mut reader = reader(choice);
    let mut lines = Vec::new();
    let mut take = |number: u64, line: ReadLine<'_>| lines.push(format!("{number} {line:?}"));
    for piece in file.chunks(piece) {
        if let Err(malformed) = reader.push(piece, &mut take) {
            return (lines, Err(malformed));
        }
    }
    let answer = reader.finish(&mut take);
    (lines, answer)
}

fn check(data: &[u8]) -> bool {
    let Some((&choice, file)) = data.split_first() else {
        return false;
    };
    let whole = read(choice, file, usize::MAX);
    assert_eq!(whole, read(choice, file, 7));
    whole.1.is_ok()
}
