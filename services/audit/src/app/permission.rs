//! Who may.

use aval_domain::id::PatientId;
use aval_runtime::caller::CallerId;
use aval_runtime::context::{Actor, Denied, RequestContext};

use crate::query::Scope;

/// The services that have an outbox.
pub const PRODUCERS: [&str; 4] = ["identity", "practitioner-directory", "consent", "audit"];

/// Whether the call may append events of this source: a producer may, its own, for
/// nobody.
///
/// On a listener in clear, where nobody has a name, the source is believed: that is
/// for development on one machine.
pub fn may_append(cx: &RequestContext, source: &str) -> Result<(), Denied> {
    if !PRODUCERS.contains(&source) {
        return Err(Denied::CallerNotAllowed);
    }
    let is_in_clear = cx.thumbprint.is_none() && cx.caller == CallerId::insecure_loopback();
    let caller = if is_in_clear {
        cx.caller.as_str()
    } else {
        source
    };
    cx.service_caller(&[caller])?;
    Ok(())
}

/// Who may have events erased: an operator, for nobody.
pub fn may_erase(cx: &RequestContext) -> Result<&CallerId, Denied> {
    cx.service_caller(&["operator"])
}

/// Whose events the call may read: a patient's own, or what a professional did. The
/// producers read nothing.
///
/// Not yet: what the treating doctor may read (CSP R.1111-43), so a professional who
/// names a patient is refused.
pub fn may_read(cx: &RequestContext, patient_id: Option<PatientId>) -> Result<Scope, Denied> {
    if PRODUCERS.contains(&cx.caller.as_str()) {
        return Err(Denied::CallerNotAllowed);
    }
    match (cx.person()?, patient_id) {
        (Actor::Patient(patient), None) => Ok(Scope::Patient(patient.patient_id)),
        (Actor::Patient(_), Some(patient_id)) => {
            cx.patient_owning(patient_id)?;
            Ok(Scope::Patient(patient_id))
        }
        (Actor::Practitioner(practitioner), None) => {
            Ok(Scope::Practitioner(practitioner.practitioner_id))
        }
        (Actor::Practitioner(_), Some(_)) => Err(Denied::ActorNotAllowed),
    }
}
