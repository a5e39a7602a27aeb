//! Identity's merges, asked for over gRPC under this service's own certificate.

use std::collections::VecDeque;
use std::time::Duration;

use aval_domain::id::PatientId;
use aval_proto::identity::v1 as proto;
use aval_proto::identity::v1::merge_service_client::MergeServiceClient;
use aval_runtime::channel::Channel;
use futures::stream::{self, StreamExt};
use tonic::{Code, Status};

use super::directory_client::Malformed;
use crate::aliases::IdentityChange;
use crate::error::Error;
use crate::identity_changes::{ChangeCursor, Changes, IdentityChanges, News, Told};
use crate::store::Answer;

/// Merges are asked for so often. They are rare; the question costs one row.
const EVERY: Duration = Duration::from_secs(2);
/// So many at once.
const PAGE: i32 = 200;

/// The merges behind a channel.
#[derive(Debug, Clone)]
pub struct MergesClient {
    client: MergeServiceClient<Channel>,
}

/// What was told and not yet given, and where to ask on.
struct Asking {
    client: MergesClient,
    told: VecDeque<Told<PatientId>>,
    cursor: ChangeCursor,
    has_more: bool,
}

impl MergesClient {
    /// Asks over this channel.
    #[must_use]
    pub fn new(channel: Channel) -> Self {
        Self {
            client: MergeServiceClient::new(channel),
        }
    }

    async fn ask(&self, cursor: &ChangeCursor) -> Result<proto::ListMergesResponse, Status> {
        let from_the_start = *cursor == ChangeCursor::start();
        let cursor = Some(cursor.as_text()).filter(|_| !from_the_start);
        let request = proto::ListMergesRequest {
            cursor: cursor.unwrap_or_default().to_owned(),
            page_size: PAGE,
        };
        let answer = self.client.clone().list_merges(request).await?;
        Ok(answer.into_inner())
    }

    async fn watch(&self, cursor: &ChangeCursor) -> Result<Option<Changes<PatientId>>, Error> {
        let first = match self.ask(cursor).await {
            Ok(first) => first,
            // The cursor is all there is to refuse in such a request.
            Err(status) if status.code() == Code::InvalidArgument => return Ok(None),
            Err(status) => return Err(unavailable(status)),
        };
        let mut asking = Asking {
            client: self.clone(),
            told: VecDeque::new(),
            cursor: cursor.clone(),
            has_more: false,
        };
        asking.take(first)?;
        Ok(Some(stream::try_unfold(asking, next).boxed()))
    }
}

impl Asking {
    fn take(&mut self, answer: proto::ListMergesResponse) -> Result<(), Error> {
        for change in &answer.changes {
            self.told.push_back(told(change)?);
        }
        self.cursor = ChangeCursor::from_text(answer.cursor);
        self.has_more = answer.has_more;
        if !self.has_more {
            self.told.push_back(Told {
                news: News::CaughtUp,
                cursor: self.cursor.clone(),
            });
        }
        Ok(())
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

async fn next(mut asking: Asking) -> Result<Option<(Told<PatientId>, Asking)>, Error> {
    loop {
        if let Some(told) = asking.told.pop_front() {
            return Ok(Some((told, asking)));
        }
        if !asking.has_more {
            tokio::time::sleep(EVERY).await;
        }
        let answer = asking.client.ask(&asking.cursor).await;
        asking.take(answer.map_err(unavailable)?)?;
    }
}

fn told(change: &proto::MergeChange) -> Result<Told<PatientId>, Error> {
    let source = patient(&change.source_patient_id)?;
    let change_of_identity = if change.target_patient_id.is_empty() {
        IdentityChange::Unmerged { source }
    } else {
        let target = patient(&change.target_patient_id)?;
        IdentityChange::Merged { source, target }
    };
    Ok(Told {
        news: News::Identity(change_of_identity),
        cursor: ChangeCursor::from_text(change.cursor.clone()),
    })
}

fn patient(id: &str) -> Result<PatientId, Error> {
    let malformed = |_| Error::NotFollowed(Box::new(Malformed("a patient's identifier")));
    id.parse().map_err(malformed)
}

fn unavailable(status: Status) -> Error {
    Error::NotFollowed(Box::new(status))
}
