//! What approving and rejecting an import have in common.

use aval_database::requests::{RequestKey, fingerprint};
use aval_domain::event::{EventKind, Outcome};
use aval_domain::id::{ImportId, RequestId};
use aval_runtime::context::RequestContext;

use crate::import::Decided;
use crate::reason::Reason;
use crate::store::DecideImport;

/// What a person decides about a suspended import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportDecision {
    /// Which import.
    pub import_id: ImportId,
    /// Why.
    pub reason: Reason,
    /// The client's name for this decision.
    pub request_id: RequestId,
}

impl ImportDecision {
    /// The same for the store: who, when, and under which names.
    pub(super) fn of_call(
        self,
        cx: &RequestContext,
        operation: &'static str,
        kind: EventKind,
    ) -> DecideImport {
        let id = self.import_id.to_string();
        DecideImport {
            import_id: self.import_id,
            request: RequestKey {
                actor: cx.caller.to_string(),
                request_id: self.request_id,
                operation,
                fingerprint: fingerprint([id.as_bytes(), self.reason.as_str().as_bytes()]),
            },
            decided: Decided {
                by: cx.caller.to_string(),
                reason: self.reason,
            },
            event: cx.event(kind, Outcome::Success),
            now: cx.clock.now(),
        }
    }
}
