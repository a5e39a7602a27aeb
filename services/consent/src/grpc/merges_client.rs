//! Identity's merges, watched over gRPC under this service's own certificate.

use aval_domain::aliases::IdentityChange;
use aval_domain::id::PatientId;
use aval_proto::identity::v1 as proto;
use aval_proto::identity::v1::merge_service_client::MergeServiceClient;
use aval_proto::identity::v1::watch_merges_response::Item;
use aval_runtime::channel::Channel;
use futures::{StreamExt, TryStreamExt};
use tonic::{Code, Status};

use crate::error::Error;
use crate::identity_changes::{ChangeCursor, Changes, IdentityChanges, News, Told};
use crate::store::Answer;

/// The merges behind a channel.
#[derive(Debug, Clone)]
pub struct MergesClient {
    client: MergeServiceClient<Channel>,
}

/// Identity answered, and not as the contract says.
#[derive(Debug, thiserror::Error)]
#[error("identity's answer breaks the contract: {0}")]
struct Malformed(&'static str);

impl MergesClient {
    /// Watches over this channel.
    #[must_use]
    pub fn new(channel: Channel) -> Self {
        Self {
            client: MergeServiceClient::new(channel),
        }
    }

    async fn watch(&self, cursor: &ChangeCursor) -> Result<Option<Changes<PatientId>>, Error> {
        let request = proto::WatchMergesRequest {
            cursor: cursor.as_text().to_owned(),
        };
        match self.client.clone().watch_merges(request).await {
            Ok(answer) => {
                let items = answer.into_inner().map_err(unavailable);
                Ok(Some(items.and_then(async |item| told(&item)).boxed()))
            }
            // The cursor is all there is to refuse in such a request.
            Err(status) if status.code() == Code::InvalidArgument => Ok(None),
            Err(status) => Err(unavailable(status)),
        }
    }
}

impl IdentityChanges<PatientId> for MergesClient {
    fn changes_after<'a>(
        &'a self,
        cursor: &'a ChangeCursor,
    ) -> Answer<'a, Option<Changes<PatientId>>> {
        Box::pin(self.watch(cursor))
    }
}

fn told(answer: &proto::WatchMergesResponse) -> Result<Told<PatientId>, Error> {
    let news = match &answer.item {
        Some(Item::PatientsMerged(merge)) => News::Identity(IdentityChange::Merged {
            source: patient(&merge.source_patient_id)?,
            target: patient(&merge.target_patient_id)?,
        }),
        Some(Item::PatientsUnmerged(merge)) => News::Identity(IdentityChange::Unmerged {
            source: patient(&merge.source_patient_id)?,
        }),
        Some(Item::HeartbeatAt(_)) => News::CaughtUp,
        // Something of which this program does not know whether it matters.
        None => return Err(malformed("a change of an unknown kind")),
    };
    Ok(Told {
        news,
        cursor: ChangeCursor::from_text(answer.cursor.clone()),
    })
}

fn patient(id: &str) -> Result<PatientId, Error> {
    id.parse().map_err(|_| malformed("a patient's identifier"))
}

fn malformed(what: &'static str) -> Error {
    Error::NotFollowed(Box::new(Malformed(what)))
}

fn unavailable(status: Status) -> Error {
    Error::NotFollowed(Box::new(status))
}
