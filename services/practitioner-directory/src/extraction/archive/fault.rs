//! Why an archive is refused.

/// What is wrong with an archive. `Display` is a fixed public sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum ArchiveFault {
    /// Its first bytes are not those of a zip archive.
    #[error("the file is named .zip and is no zip archive")]
    NotArchive,
    /// It holds nothing.
    #[error("the archive holds no file")]
    Empty,
    /// It holds more than the published file.
    #[error("the archive holds more than one file: send each by itself")]
    SeveralFiles,
    /// A password is wanted.
    #[error("the archive is encrypted")]
    Encrypted,
    /// The name in it leads somewhere.
    #[error("the name in the archive is that of a folder, or names one")]
    FolderNamed,
    /// The name in it is another file's.
    #[error(
        "the file in the archive is not named as the extraction that the archive is named after"
    )]
    NameUnexpected,
    /// Neither deflated nor stored with its size.
    #[error("the file in the archive is not compressed by deflate")]
    MethodUnsupported,
    /// What is compressed cannot be read, or its records contradict each other.
    #[error("the archive is damaged")]
    Damaged,
    /// What was read is not what was packed.
    #[error("the file in the archive is not the one that its checksum and its sizes tell of")]
    ChecksumWrong,
    /// It stops before its end.
    #[error("the archive ends before its end")]
    Truncated,
    /// It becomes many times as large as it is.
    #[error("the file in the archive is more than 100 times as large as what it is compressed to")]
    Bomb,
    /// It becomes larger than any published file.
    #[error("the file in the archive has more than 8 GiB")]
    TooLarge,
    /// It goes on after its end.
    #[error("something stands behind the end of the archive")]
    Trailing,
}
