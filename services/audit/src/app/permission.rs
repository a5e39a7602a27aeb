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

/// Who may follow what is found in patients' histories: the service that tells patients, for
/// nobody.
pub fn may_follow_findings(cx: &RequestContext) -> Result<&CallerId, Denied> {
    let is_in_clear = cx.thumbprint.is_none() && cx.caller == CallerId::insecure_loopback();
    let caller = if is_in_clear {
        cx.caller.as_str()
    } else {
        "consent"
    };
    cx.service_caller(&[caller])
}

/// Whose events the call may read without asking the log: a patient's own, or what a
/// professional did. The producers read nothing. A professional who names a patient is
/// refused here; whether they are the treating doctor `App::reading` knows.
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

/// How the names begin in auditors' certificates: `auditor/<name>`, one for each.
const AUDITORS: &str = "auditor/";

/// Whether the call is an auditor's: in their own name, for nobody.
///
/// On a listener in clear, where nobody has a name, whoever is on this machine is one.
pub fn may_oversee(cx: &RequestContext) -> Result<(), Denied> {
    if cx.actor.is_some() {
        return Err(Denied::ActorNotAllowed);
    }
    let is_in_clear = cx.thumbprint.is_none() && cx.caller == CallerId::insecure_loopback();
    let name = cx.caller.as_str().strip_prefix(AUDITORS);
    if is_in_clear || name.is_some_and(|name| !name.is_empty()) {
        Ok(())
    } else {
        Err(Denied::CallerNotAllowed)
    }
}
