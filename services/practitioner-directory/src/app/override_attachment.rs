//! Where somebody practises is corrected against the source.

use aval_database::requests::{RequestKey, fingerprint};
use aval_domain::event::{EventKind, Outcome, Subject};
use aval_domain::id::{ActivityId, OrganizationId, RequestId};
use aval_runtime::context::RequestContext;

use super::{App, keep_directory};
use crate::error::Error;
use crate::practitioner::Activity;
use crate::reason::Reason;
use crate::store::OverridePlace;

/// A person's correction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverrideAttachment {
    /// Which practice situation.
    pub activity_id: ActivityId,
    /// Where it really is; `None`: an earlier correction is taken back.
    pub organization_id: Option<OrganizationId>,
    /// Why.
    pub reason: Reason,
    /// The client's name for this correction.
    pub request_id: RequestId,
}

impl App {
    /// Corrects where somebody practises, or takes a correction back, and answers the
    /// practice situation.
    pub async fn override_attachment(
        &self,
        cx: &RequestContext,
        command: OverrideAttachment,
    ) -> Result<Activity, Error> {
        keep_directory(cx)?;
        let OverrideAttachment {
            activity_id,
            organization_id,
            reason,
            request_id,
        } = command;
        let kind = match organization_id {
            Some(_) => EventKind::DirectoryAttachmentOverridden,
            None => EventKind::DirectoryAttachmentOverrideEnded,
        };
        let mut event = cx.event(kind, Outcome::Success);
        event.subject = Some(Subject::new("activity", &activity_id));
        let text = reason.as_str().to_owned();
        event.after.insert("decision_reason".to_owned(), text);
        let place = organization_id.map_or_else(String::new, |id| id.to_string());
        let activity = activity_id.to_string();
        let parts = [activity.as_str(), &place, reason.as_str()];
        let place = OverridePlace {
            activity_id,
            organization_id,
            author: cx.caller.to_string(),
            request: RequestKey {
                actor: cx.caller.to_string(),
                request_id,
                operation: "practitioner_directory.override_attachment",
                fingerprint: fingerprint(parts.map(str::as_bytes)),
            },
            reason,
            event,
            now: cx.clock.now(),
        };
        let corrected = self.store.override_attachment(&place).await;
        self.people.forget();
        corrected
    }
}
