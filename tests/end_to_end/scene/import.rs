//! Sending bytes to the directory as a published file.

use aval_proto::practitioner_directory::v1::import_extraction_request::Part;
use aval_proto::practitioner_directory::v1::{Import, ImportExtractionRequest, ImportHeader};
use tonic::Status;

use super::{Scene, fresh_id};

/// What one message carries of a file.
const PIECE: usize = 512 * 1024;

impl Scene {
    /// Imports these bytes under this name.
    pub(crate) async fn import(&self, name: &str, bytes: Vec<u8>) -> Result<Import, Status> {
        self.import_announced(name, bytes.len(), bytes).await
    }

    /// Imports these bytes, announced to be so many.
    pub(crate) async fn import_announced(
        &self,
        name: &str,
        announced: usize,
        bytes: Vec<u8>,
    ) -> Result<Import, Status> {
        let size_bytes = u64::try_from(announced).unwrap();
        let mut messages = vec![header(name, size_bytes)];
        messages.extend(bytes.chunks(PIECE).map(piece));
        let answer = self
            .operator
            .directory_admin()
            .import_extraction(tokio_stream::iter(messages))
            .await?;
        Ok(answer.into_inner().import.unwrap())
    }
}

/// The first message of an import.
pub(crate) fn header(name: &str, size_bytes: u64) -> ImportExtractionRequest {
    ImportExtractionRequest {
        part: Some(Part::Header(ImportHeader {
            file_name: name.to_owned(),
            size_bytes,
            request_id: fresh_id(),
        })),
    }
}

/// A later one.
pub(crate) fn piece(bytes: &[u8]) -> ImportExtractionRequest {
    ImportExtractionRequest {
        part: Some(Part::Data(bytes.to_vec().into())),
    }
}
