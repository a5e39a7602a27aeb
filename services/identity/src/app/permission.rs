//! Who may.

use aval_domain::id::PatientId;
use aval_runtime::caller::CallerId;
use aval_runtime::context::{Denied, RequestContext};

/// The platform's own services that keep and look up patients; and, on a listener in
/// clear on one's own machine, whoever calls.
const PATIENT_KEEPERS: [&str; 4] = ["gateway", "records", "operator", "insecure-loopback"];

/// Who keeps what patients decided and so follows who is whom; and, on a listener in clear
/// on one's own machine, whoever calls.
const FOLLOWERS: [&str; 2] = ["consent", "insecure-loopback"];

/// The platform's own software that may ask about any token.
const PLATFORM: [&str; 4] = ["gateway", "records", "operator", "insecure-loopback"];

/// Whether the call may sign people in: every software that may call the service may.
/// It proves nothing by itself: the provider's tokens do.
pub fn serve_sessions(cx: &RequestContext) -> Result<&CallerId, Denied> {
    Ok(&cx.caller)
}

/// Whether the call may keep or look up patients: the platform's own services may, for
/// nobody.
pub fn keep_patients(cx: &RequestContext) -> Result<&CallerId, Denied> {
    cx.service_caller(&PATIENT_KEEPERS)
}

/// Whether the call may learn who turned out to be whom.
pub fn follow_merges(cx: &RequestContext) -> Result<&CallerId, Denied> {
    cx.service_caller(&FOLLOWERS)
}

/// Whether the call may read this patient: they themselves may, or who acts for them,
/// and the platform's own services.
pub(super) fn read_patient(cx: &RequestContext, patient_id: PatientId) -> Result<(), Denied> {
    match cx.actor {
        Some(_) => cx.patient_owning(patient_id).map(|_| ()),
        None => keep_patients(cx).map(|_| ()),
    }
}

/// Whether the call may learn about a token that is bound to another certificate.
pub(super) fn sees_every_token(cx: &RequestContext) -> bool {
    PLATFORM.contains(&cx.caller.as_str())
}
