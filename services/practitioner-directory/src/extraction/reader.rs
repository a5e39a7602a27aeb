//! From bytes to rows.

use std::borrow::Cow;

use super::archive::Archive;
use super::encoding::Encoding;
use super::header::Header;
use super::lines::{Lines, RawLine};
use super::values::Values;
use super::{
    ActivityRow, EstablishmentRow, ExtractionName, MailboxRow, Malformed, Packing, PersonSkillRow,
    QualificationRow, RowFault, register,
};
use crate::source::Source;

/// What a line of the file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadLine<'line> {
    /// A practice situation.
    Row(Box<ActivityRow<'line>>),
    /// A skill of a person.
    Skill(PersonSkillRow<'line>),
    /// A mailbox.
    Mailbox(MailboxRow<'line>),
    /// A diploma of a person, an authorisation to practise, or both.
    Qualification(Box<QualificationRow<'line>>),
    /// An establishment.
    Establishment(Box<EstablishmentRow<'line>>),
    /// A row that is put aside.
    Fault(RowFault),
}

/// Reads a file that comes in pieces.
#[derive(Debug)]
pub struct ExtractionReader {
    /// What it comes in, if it does.
    archive: Option<Archive>,
    lines: Lines,
    rows: Rows,
}

/// What is known after the lines read so far.
#[derive(Debug)]
struct Rows {
    source: Source,
    encoding: Encoding,
    header: Option<Header>,
    count: u64,
}

impl ExtractionReader {
    /// Reads a file of this source, of which nothing is read yet.
    #[must_use]
    pub fn new(source: Source) -> Self {
        Self {
            archive: None,
            lines: Lines::default(),
            rows: Rows {
                source,
                encoding: Encoding::default(),
                header: None,
                count: 0,
            },
        }
    }

    /// Reads a file that comes under this name, of which nothing is read yet.
    #[must_use]
    pub fn named(name: &ExtractionName) -> Self {
        Self {
            archive: (name.packing == Packing::Zip).then(|| Archive::new(name.source)),
            ..Self::new(name.source)
        }
    }

    /// Takes the next bytes of the file and gives each row that they complete to
    /// `each`, with its line, the header being line 1.
    ///
    /// After an error the file is refused: there is nothing to go on with.
    pub fn push(
        &mut self,
        piece: &[u8],
        mut each: impl FnMut(u64, ReadLine<'_>),
    ) -> Result<(), Malformed> {
        let Self {
            archive,
            lines,
            rows,
        } = self;
        let mut read =
            |bytes: &[u8]| lines.push(bytes, |number, line| rows.read(number, line, &mut each));
        match archive {
            Some(archive) => archive.push(piece, read),
            None => read(piece),
        }
    }

    /// Takes note that there is nothing after the last piece: gives the last row, if
    /// no line end stands behind it, and answers how many rows there were.
    pub fn finish(mut self, mut each: impl FnMut(u64, ReadLine<'_>)) -> Result<u64, Malformed> {
        if let Some(archive) = &self.archive {
            archive.finish()?;
        }
        if let Some((number, line)) = self.lines.unterminated() {
            self.rows.require_whole(line)?;
            self.rows.read(number, line, &mut each)?;
        }
        match (&self.rows.header, self.rows.count) {
            (None, _) => Err(Malformed::Empty),
            (Some(_), 0) => Err(Malformed::NoRows),
            (Some(_), count) => Ok(count),
        }
    }
}

impl Rows {
    fn read(
        &mut self,
        number: u64,
        line: RawLine<'_>,
        each: &mut impl FnMut(u64, ReadLine<'_>),
    ) -> Result<(), Malformed> {
        let Some(header) = &self.header else {
            self.header = Some(self.read_header(line)?);
            return Ok(());
        };
        let read = match line {
            // Not a row: a blank line, as some files end in.
            RawLine::Bytes([]) => return Ok(()),
            RawLine::TooLong => ReadLine::Fault(RowFault::row("the line has at most 65,536 bytes")),
            RawLine::Bytes(bytes) => match self.encoding.read(bytes) {
                Err(_) => ReadLine::Fault(RowFault::row("the line is UTF-8 like those before it")),
                Ok(text) if is_passed_over(self.source, &text) => return Ok(()),
                Ok(text) => {
                    self.count += 1;
                    let text = plain(self.source, text);
                    let read = read_row(self.source, header, &text);
                    each(number, read.unwrap_or_else(ReadLine::Fault));
                    return Ok(());
                }
            },
        };
        self.count += 1;
        each(number, read);
        Ok(())
    }

    fn read_header(&mut self, line: RawLine<'_>) -> Result<Header, Malformed> {
        let RawLine::Bytes(bytes) = line else {
            return Err(Malformed::HeaderUnknown);
        };
        let bytes = self.encoding.without_mark(bytes);
        let text = self.encoding.read(bytes).map_err(|_| Malformed::NotText)?;
        match self.source {
            Source::Establishments => Header::parse(self.source, &register::header_of(&text)),
            _ => Header::parse(self.source, &text),
        }
    }

    /// A last line without its end may be a whole row, or the remains of one.
    fn require_whole(&self, line: RawLine<'_>) -> Result<(), Malformed> {
        let (Some(header), RawLine::Bytes(bytes)) = (&self.header, line) else {
            return Ok(());
        };
        let mut encoding = self.encoding;
        let is_cut = encoding.read(bytes).map_or(true, |text| {
            !is_passed_over(self.source, &text) && header.is_cut(&plain(self.source, text))
        });
        if is_cut {
            return Err(Malformed::Truncated);
        }
        Ok(())
    }
}

/// Whether a line is no row of those that are read.
fn is_passed_over(source: Source, text: &str) -> bool {
    source == Source::Establishments && register::is_position(text)
}

/// A line with its separators, and without quotes around its values.
fn plain(source: Source, text: Cow<'_, str>) -> Cow<'_, str> {
    match source {
        Source::Establishments => Cow::Owned(register::unquoted(&text)),
        _ => text,
    }
}

fn read_row<'line>(
    source: Source,
    header: &Header,
    line: &'line str,
) -> Result<ReadLine<'line>, RowFault> {
    let values = Values::of(header, line)?;
    let read = values
        .require_plain(line)
        .and_then(|()| parse(source, &values));
    read.map_err(|fault| RowFault {
        national_id: values.national_id().ok(),
        ..fault
    })
}

fn parse<'line>(source: Source, values: &Values<'_, 'line>) -> Result<ReadLine<'line>, RowFault> {
    match source {
        Source::PracticeSituations => Ok(ReadLine::Row(Box::new(ActivityRow::parse(values)?))),
        Source::Skills => Ok(ReadLine::Skill(PersonSkillRow::parse(values)?)),
        Source::Mailboxes => Ok(ReadLine::Mailbox(MailboxRow::parse(values)?)),
        Source::Qualifications => {
            let row = QualificationRow::parse(values)?;
            Ok(ReadLine::Qualification(Box::new(row)))
        }
        Source::Establishments => {
            let row = EstablishmentRow::parse(values)?;
            Ok(ReadLine::Establishment(Box::new(row)))
        }
    }
}
