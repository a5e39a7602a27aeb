//! The messages of an import: first what the file is, then its bytes.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use aval_proto::practitioner_directory::v1::import_extraction_request::Part;
use aval_proto::practitioner_directory::v1::{ImportExtractionRequest, ImportHeader};
use aval_runtime::status::{FieldErrors, Refusal};
use futures::{Stream, StreamExt};
use tonic::{Status, Streaming};

use crate::app::{ImportExtraction, PieceFault};
use crate::extraction::ExtractionName;

/// The largest piece of a file, in bytes.
const LARGEST_PIECE: usize = 1024 * 1024;
/// The longest file name, in characters.
const LONGEST_NAME: usize = 200;

/// The bytes of a file, as they come.
pub(super) type Pieces = Pin<Box<dyn Stream<Item = Result<Piece, PieceFault>> + Send>>;

/// Some bytes of a file, in the message in which they came.
pub(super) struct Piece(Part);

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        match &self.0 {
            Part::Data(data) => data,
            Part::Header(_) => &[],
        }
    }
}

/// An import that was announced.
pub(super) struct Announced {
    pub(super) command: ImportExtraction,
    pub(super) pieces: Pieces,
    /// Why the stream broke off, once it did.
    pub(super) broken: Arc<OnceLock<Status>>,
}

/// Reads the header, and leaves the bytes to come.
pub(super) async fn open(
    mut messages: Streaming<ImportExtractionRequest>,
) -> Result<Announced, Status> {
    let first = messages.message().await?;
    let Some(Part::Header(header)) = first.and_then(|message| message.part) else {
        return Err(Refusal::field("header", "is required in the first message").into());
    };
    let command = command(&header)?;
    let broken = Arc::new(OnceLock::new());
    let cause = Arc::clone(&broken);
    let pieces = messages.map(move |message| {
        // A message that cannot be read ends the stream like a connection that is cut.
        piece(message.map_err(|status| {
            cause.get_or_init(|| status);
            PieceFault::Broken
        })?)
    });
    Ok(Announced {
        command,
        pieces: Box::pin(pieces),
        broken,
    })
}

fn command(header: &ImportHeader) -> Result<ImportExtraction, Refusal> {
    let mut fields = FieldErrors::new();
    fields.within("header", |fields| {
        let name = fields.required_text("file_name", &header.file_name);
        let is_plain = |name: &str| {
            name.chars().count() <= LONGEST_NAME
                && !name.contains(|c: char| c.is_control() || matches!(c, '/' | '\\'))
        };
        if name.is_some_and(|name| !is_plain(name)) {
            fields.add("file_name", "has 1 to 200 characters and names no folder");
        }
        let parsed = name.and_then(|name| fields.check("file_name", ExtractionName::parse(name)));
        let request_id = fields.parse("request_id", &header.request_id);
        std::mem::take(fields).build(|| {
            Some(ImportExtraction {
                name: parsed?,
                file_name: header.file_name.clone(),
                size_bytes: (header.size_bytes > 0).then_some(header.size_bytes),
                request_id: request_id?,
            })
        })
    })
}

fn piece(message: ImportExtractionRequest) -> Result<Piece, PieceFault> {
    let invalid = |field, rule| Err(PieceFault::Invalid { field, rule });
    match message.part {
        Some(Part::Data(data)) if data.len() > LARGEST_PIECE => {
            invalid("data", "has at most 1 MiB")
        }
        Some(data @ Part::Data(_)) => Ok(Piece(data)),
        Some(Part::Header(_)) => invalid("header", "stands in the first message only"),
        None => invalid("data", "is required"),
    }
}
