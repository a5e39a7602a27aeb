//! Sending a published file to the directory, in pieces, as it is.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context;
use aval_domain::id::RequestId;
use aval_domain::random::SystemRandom;
use aval_proto::practitioner_directory::v1::import_extraction_request::Part;
use aval_proto::practitioner_directory::v1::{ImportExtractionRequest, ImportHeader};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

/// How much of the file one message carries: well below the largest message.
const PIECE: usize = 256 * 1024;

/// A file as published, with the name that says what it is and how old.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileToImport {
    path: PathBuf,
    name: String,
}

impl FileToImport {
    /// The file at this path.
    pub fn at(path: &Path) -> anyhow::Result<Self> {
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.with_context(|| format!("{} names no file", path.display()))?;
        Ok(Self {
            path: path.to_owned(),
            name: name.to_owned(),
        })
    }

    /// Its name without the folder.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its size in bytes.
    pub fn size(&self) -> anyhow::Result<u64> {
        let metadata = std::fs::metadata(&self.path);
        Ok(metadata
            .with_context(|| format!("cannot read {}", self.path.display()))?
            .len())
    }
}

/// Reads the file on a thread of its own, as fast as the directory takes it, and
/// tells `progress` how many bytes each piece has. A file that cannot be read to its
/// end breaks the stream off: the directory then keeps what it had.
pub fn send(
    file: &FileToImport,
    progress: impl Fn(u64) + Send + 'static,
) -> anyhow::Result<ReceiverStream<ImportExtractionRequest>> {
    let size_bytes = file.size()?;
    let mut reader =
        File::open(&file.path).with_context(|| format!("cannot open {}", file.path.display()))?;
    let header = ImportExtractionRequest {
        part: Some(Part::Header(ImportHeader {
            file_name: file.name.clone(),
            size_bytes,
            request_id: RequestId::new(&SystemRandom).to_string(),
        })),
    };
    let (sender, receiver) = mpsc::channel(4);
    tokio::task::spawn_blocking(move || {
        if sender.blocking_send(header).is_err() {
            return;
        }
        while let Ok(piece) = next_piece(&mut reader) {
            let length = piece.len();
            let message = ImportExtractionRequest {
                part: Some(Part::Data(piece.into())),
            };
            if length == 0 || sender.blocking_send(message).is_err() {
                return;
            }
            progress(u64::try_from(length).unwrap_or(u64::MAX));
        }
    });
    Ok(ReceiverStream::new(receiver))
}

fn next_piece(reader: &mut File) -> std::io::Result<Vec<u8>> {
    let mut piece = Vec::with_capacity(PIECE);
    reader
        .take(u64::try_from(PIECE).unwrap_or(u64::MAX))
        .read_to_end(&mut piece)?;
    Ok(piece)
}
