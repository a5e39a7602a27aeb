//! What the trail finds, watched over gRPC under this service's own certificate.

use aval_proto::audit::v1 as proto;
use aval_proto::audit::v1::finding_service_client::FindingServiceClient;
use aval_proto::audit::v1::watch_findings_response::Item;
use aval_runtime::channel::Channel;
use futures::{StreamExt, TryStreamExt};
use tonic::{Code, Status};

use crate::error::Error;
use crate::findings::{Finding, FindingSource, Findings, ToldFinding};
use crate::identity_changes::ChangeCursor;
use crate::store::Answer;

/// The findings behind a channel.
#[derive(Debug, Clone)]
pub struct FindingsClient {
    client: FindingServiceClient<Channel>,
}

/// Audit answered, and not as the contract says.
#[derive(Debug, thiserror::Error)]
#[error("audit's answer breaks the contract: {0}")]
struct Malformed(&'static str);

impl FindingsClient {
    /// Watches over this channel.
    #[must_use]
    pub fn new(channel: Channel) -> Self {
        Self {
            client: FindingServiceClient::new(channel),
        }
    }

    async fn watch(&self, cursor: &ChangeCursor) -> Result<Option<Findings>, Error> {
        let request = proto::WatchFindingsRequest {
            cursor: cursor.as_text().to_owned(),
        };
        match self.client.clone().watch_findings(request).await {
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

impl FindingSource for FindingsClient {
    fn findings_after<'a>(&'a self, cursor: &'a ChangeCursor) -> Answer<'a, Option<Findings>> {
        Box::pin(self.watch(cursor))
    }
}

fn unavailable(status: Status) -> Error {
    Error::NotFollowed(Box::new(status))
}

fn told(answer: proto::WatchFindingsResponse) -> Result<ToldFinding, Error> {
    let finding = match &answer.item {
        Some(Item::Finding(found)) => Some(Finding {
            finding_id: parsed(&found.finding_id)?,
            patient_id: parsed(&found.patient_id)?,
            practitioner_id: parsed(&found.practitioner_id)?,
            event_id: parsed(&found.event_id)?,
            withheld_from_representatives: found.withheld_from_representatives,
        }),
        Some(Item::HeartbeatAt(_)) => None,
        // Something of which this program does not know whether it is to be told.
        None => return Err(malformed("an item of an unknown kind")),
    };
    Ok(ToldFinding {
        finding,
        cursor: ChangeCursor::from_text(answer.cursor),
    })
}

fn parsed<Id: std::str::FromStr>(id: &str) -> Result<Id, Error> {
    id.parse().map_err(|_| malformed("an identifier"))
}

fn malformed(what: &'static str) -> Error {
    Error::NotFollowed(Box::new(Malformed(what)))
}
