//! The use cases, one file each.
//!
//! Each takes the [`RequestContext`](aval_runtime::context::RequestContext) first
//! and asks it who may; there is no other way to a person.

mod asking;
mod authorize;
mod batch_check;
mod check;
mod decision_writer;
mod explain;
mod list_authorized;
mod preview_access;

mod approve_grant;
mod block_grantee;
mod create_grant;
mod declare_grant;
mod decline_grant;
mod get_grant;
mod known_grantee;
mod list_blocks;
mod list_grants;
mod repetition;
mod request_grant;
mod revoke_all_grants;
mod revoke_grant;
mod settle_waiting_grants;
mod standing;
mod unblock_grantee;
mod update_grant;

mod close_care_episode;
mod list_care_episodes;
mod open_care_episode;

mod acknowledge_notification;
mod get_notification_preferences;
mod list_notifications;
mod set_notification_preferences;
mod tell_what_is_due;
mod watch_notifications;

mod add_treating_doctor;
mod close_record;
mod get_record_settings;
mod list_document_visibilities;
mod open_record;
mod opening;
mod page;
mod remove_treating_doctor;
mod set_document_visibility;
mod set_emergency_oppositions;

mod check_matrix;
mod get_matrix;
mod load_matrix;
mod permission;

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod clock_steps;
#[cfg(test)]
mod testing;

pub use add_treating_doctor::AddTreatingDoctor;
pub use approve_grant::ApproveGrant;
pub use asking::AccessQuestion;
pub use authorize::{Authorize, Authorized};
pub use block_grantee::BlockGrantee;
pub use check_matrix::CheckedMatrix;
pub use close_care_episode::CloseCareEpisode;
pub use close_record::CloseRecord;
pub use create_grant::CreateGrant;
pub use declare_grant::DeclareGrant;
pub use decline_grant::DeclineGrant;
pub use explain::Explain;
pub use list_authorized::ListAuthorized;
pub use list_blocks::ListBlocks;
pub use list_care_episodes::ListCareEpisodes;
pub use list_document_visibilities::ListDocumentVisibilities;
pub use list_grants::ListGrants;
pub use list_notifications::ListNotifications;
pub use load_matrix::LoadMatrix;
pub use open_care_episode::OpenCareEpisode;
pub use open_record::OpenRecord;
pub use page::{Page, PageRequest};
pub use permission::keep_policy;
pub use preview_access::{Preview, PreviewAccess};
pub use remove_treating_doctor::RemoveTreatingDoctor;
pub use request_grant::RequestGrant;
pub use revoke_all_grants::RevokeAllGrants;
pub use revoke_grant::RevokeGrant;
pub use set_document_visibility::SetDocumentVisibility;
pub use set_emergency_oppositions::SetEmergencyOppositions;
pub use set_notification_preferences::SetNotificationPreferences;
pub use standing::Standing;
pub use tell_what_is_due::DueSettings;
pub use unblock_grantee::UnblockGrantee;
pub use update_grant::UpdateGrant;
pub use watch_notifications::{NotificationWatch, WatchFrom, WatchItem};

use std::sync::Arc;

use aval_runtime::token::AuthenticationStrength;

use crate::access_basis::AccessBasisSource;
use crate::decision_log::DecisionLog;
use crate::decision_metrics::DecisionMetrics;
use crate::directory::Directory;
use crate::doorbell::Doorbell;
use crate::inbox::Inboxes;
use crate::policies::PolicySource;
use crate::store::Store;
use crate::trail_backlog::TrailBacklog;
use decision_writer::DecisionWriter;

/// The use cases and what they rest on.
#[derive(Debug)]
pub struct App {
    store: Arc<dyn Store>,
    bases: Arc<dyn AccessBasisSource>,
    decisions: DecisionWriter,
    decided: DecisionMetrics,
    inboxes: Arc<dyn Inboxes>,
    doorbell: Arc<Doorbell>,
    directory: Arc<dyn Directory>,
    policies: Arc<dyn PolicySource>,
    trail_backlog: Arc<TrailBacklog>,
    opening_strength: AuthenticationStrength,
}

impl App {
    /// The use cases on these. Call it inside the asynchronous run time: decisions are
    /// written by a task of their own, which ends with the `App`.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        bases: Arc<dyn AccessBasisSource>,
        log: Arc<dyn DecisionLog>,
        inboxes: Arc<dyn Inboxes>,
        directory: Arc<dyn Directory>,
        policies: Arc<dyn PolicySource>,
        trail_backlog: Arc<TrailBacklog>,
    ) -> Self {
        Self {
            store,
            bases,
            decisions: DecisionWriter::start(log),
            decided: DecisionMetrics::new(),
            inboxes,
            doorbell: Arc::default(),
            directory,
            policies,
            trail_backlog,
            opening_strength: AuthenticationStrength::Substantial,
        }
    }
}
