//! What the directory tells as it changes.

use aval_proto::practitioner_directory::v1 as proto;
use aval_proto::practitioner_directory::v1::directory_service_client::DirectoryServiceClient;
use aval_proto::practitioner_directory::v1::watch_changes_response::Item;
use aval_runtime::channel::Channel;
use futures::StreamExt;
use tonic::{Code, Status};

use super::{parsed, practitioner_of};
use crate::directory::{
    DirectoryChange, DirectoryChanges, DirectoryUnavailable, NotFollowed, Told,
};

/// Watches from after this cursor; an empty one is now.
pub(super) async fn watch(
    mut client: DirectoryServiceClient<Channel>,
    cursor: String,
) -> Result<DirectoryChanges, NotFollowed> {
    let request = proto::WatchChangesRequest {
        cursor,
        ..proto::WatchChangesRequest::default()
    };
    let answer = client.watch_changes(request).await;
    let changes = answer.map_err(|status| match status.code() {
        // There is nothing else in the request.
        Code::InvalidArgument => NotFollowed::CursorUnknown,
        _ => not_told(&status).into(),
    })?;
    Ok(changes
        .into_inner()
        .map(|told| change(told.map_err(|status| not_told(&status))?))
        .boxed())
}

fn not_told(status: &Status) -> DirectoryUnavailable {
    tracing::debug!(rpc.grpc.status_code = ?status.code(), "the directory tells no changes");
    DirectoryUnavailable
}

fn change(message: proto::WatchChangesResponse) -> Result<DirectoryChange, DirectoryUnavailable> {
    let told = match message.item {
        Some(Item::PractitionerChanged(person))
            if person.merged_into_practitioner_id.is_empty() =>
        {
            Told::Practitioner(practitioner_of(&person)?)
        }
        Some(Item::PractitionerChanged(merged)) => Told::Absorbed(parsed(&merged.practitioner_id)?),
        Some(Item::PractitionersMerged(merge)) => {
            Told::Absorbed(parsed(&merge.source_practitioner_id)?)
        }
        // Both are told as they are then.
        Some(Item::PractitionersUnmerged(_) | Item::OrganizationChanged(_)) | None => Told::Other,
        Some(Item::HeartbeatAt(_)) => Told::Nothing,
    };
    Ok(DirectoryChange {
        told,
        cursor: message.cursor,
    })
}
