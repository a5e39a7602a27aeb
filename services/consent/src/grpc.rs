//! The contract's services: open the context, parse, call, render.

mod convert;
mod decision_service;
mod directory_changes;
mod directory_client;
mod findings_client;
mod grant_service;
mod merges_client;
mod notification_service;
mod notification_stream;
mod policy_service;
mod record_settings_service;
mod status;

pub use convert::Pages;
pub use decision_service::DecisionGrpc;
pub use directory_changes::DirectoryChangesClient;
pub use directory_client::DirectoryClient;
pub use findings_client::FindingsClient;
pub use grant_service::GrantGrpc;
pub use merges_client::MergesClient;
pub use notification_service::NotificationGrpc;
pub use policy_service::PolicyGrpc;
pub use record_settings_service::RecordSettingsGrpc;

use std::sync::Arc;

use aval_runtime::context::RequestContext;
use aval_runtime::status::Refusal;
use tonic::{Request, Status};

/// The context and the message of a call that a person has to make. Without a token
/// nothing of the message is looked at.
fn of_person<Asked>(request: Request<Asked>) -> Result<(Arc<RequestContext>, Asked), Status> {
    let (cx, message) = RequestContext::open(request)?;
    cx.person().map_err(Refusal::from)?;
    Ok((cx, message))
}
