//! Why a file is not an extraction.

use super::ArchiveFault;

/// Why a file as a whole is refused. `Display` is a fixed public sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Malformed {
    /// Not a single byte.
    #[error("the file is empty")]
    Empty,
    /// Its first line holds bytes that no text has: an archive under the name of a text,
    /// an image, UTF-16.
    #[error("the file is not text: send the .txt file, or the .zip under its published name")]
    NotText,
    /// Its first line is not the header of the extraction that it is named after.
    #[error("the first line is not the header of this extraction")]
    HeaderUnknown,
    /// A header and nothing below it.
    #[error("the file has a header and no row")]
    NoRows,
    /// The last line breaks off.
    #[error("the file ends in the middle of a row")]
    Truncated,
    /// Fewer bytes than its sender announced.
    #[error("the file is shorter than announced")]
    ShorterThanAnnounced,
    /// More bytes than its sender announced.
    #[error("the file is longer than announced")]
    LongerThanAnnounced,
    /// It is an archive, and not one that is read.
    #[error(transparent)]
    Archive(#[from] ArchiveFault),
}
