//! The directory's changes, watched over gRPC under this service's own certificate.

use aval_domain::aliases::IdentityChange;
use aval_domain::id::PractitionerId;
use aval_proto::practitioner_directory::v1 as proto;
use aval_proto::practitioner_directory::v1::directory_service_client::DirectoryServiceClient;
use aval_proto::practitioner_directory::v1::watch_changes_response::Item;
use aval_runtime::channel::Channel;
use futures::{StreamExt, TryStreamExt};
use tonic::{Code, Status};

use super::directory_client::{Malformed, parsed};
use crate::error::Error;
use crate::identity_changes::{ChangeCursor, Changes, IdentityChanges, News, Told};
use crate::store::Answer;

/// The changes behind a channel.
#[derive(Debug, Clone)]
pub struct DirectoryChangesClient {
    client: DirectoryServiceClient<Channel>,
}

impl DirectoryChangesClient {
    /// Watches over this channel.
    #[must_use]
    pub fn new(channel: Channel) -> Self {
        Self {
            client: DirectoryServiceClient::new(channel),
        }
    }

    async fn watch(&self, cursor: &ChangeCursor) -> Result<Option<Changes>, Error> {
        let request = proto::WatchChangesRequest {
            cursor: cursor.as_text().to_owned(),
            merges_only: true,
            ..proto::WatchChangesRequest::default()
        };
        match self.client.clone().watch_changes(request).await {
            Ok(answer) => {
                let items = answer.into_inner().map_err(unavailable);
                Ok(Some(items.and_then(async |item| told(item)).boxed()))
            }
            // The cursor is all there is to refuse in such a request.
            Err(status) if status.code() == Code::InvalidArgument => Ok(None),
            Err(status) => Err(unavailable(status)),
        }
    }
}

impl IdentityChanges for DirectoryChangesClient {
    fn changes_after<'a>(&'a self, cursor: &'a ChangeCursor) -> Answer<'a, Option<Changes>> {
        Box::pin(self.watch(cursor))
    }
}

fn unavailable(status: Status) -> Error {
    Error::DirectoryUnavailable(Box::new(status))
}

fn told(answer: proto::WatchChangesResponse) -> Result<Told, Error> {
    let news = match answer.item {
        Some(Item::PractitionersMerged(merge)) => {
            let source: PractitionerId = parsed(&merge.source_practitioner_id)?;
            let target = parsed(&merge.target_practitioner_id)?;
            News::Identity(IdentityChange::Merged { source, target })
        }
        Some(Item::PractitionersUnmerged(merge)) => {
            let source = parsed(&merge.source_practitioner_id)?;
            News::Identity(IdentityChange::Unmerged { source })
        }
        Some(Item::HeartbeatAt(_)) => News::CaughtUp,
        Some(Item::PractitionerChanged(_) | Item::OrganizationChanged(_)) => News::Other,
        // Something of which this program does not know whether it matters.
        None => return Err(Malformed("a change of an unknown kind").into()),
    };
    Ok(Told {
        news,
        cursor: ChangeCursor::from_text(answer.cursor),
    })
}
