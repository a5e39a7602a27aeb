//! Who may.

use aval_runtime::caller::CallerId;
use aval_runtime::context::{Denied, RequestContext};

/// Who keeps the directory: the operator's command line, and, on a listener in clear
/// on one's own machine, whoever calls.
const KEEPERS: [&str; 2] = ["operator", "insecure-loopback"];

/// Whether the call may read the directory: every software that may call the service
/// may, with or without a person. What it reads is public data.
pub fn read_directory(cx: &RequestContext) -> Result<&CallerId, Denied> {
    Ok(&cx.caller)
}

/// Whether the call may look after the directory: the operator may, for nobody.
pub fn keep_directory(cx: &RequestContext) -> Result<&CallerId, Denied> {
    cx.service_caller(&KEEPERS)
}
