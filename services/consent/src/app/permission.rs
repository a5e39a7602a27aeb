//! Who may without a person.

use aval_runtime::caller::CallerId;
use aval_runtime::context::{Denied, RequestContext};

/// Who keeps the policy: the operator's command line, and, on a listener in clear on
/// one's own machine, whoever calls.
const KEEPERS: [&str; 2] = ["operator", "insecure-loopback"];

/// Whether the call may look after the policy: the operator may, for nobody.
pub fn keep_policy(cx: &RequestContext) -> Result<&CallerId, Denied> {
    cx.service_caller(&KEEPERS)
}
