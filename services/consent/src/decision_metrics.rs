//! How often which decision is answered, for operators.

use aval_domain::access::{AccessMode, DenialReason};
use aval_runtime::telemetry::metrics::meter;
use opentelemetry::KeyValue;
use opentelemetry::metrics::Counter;

use crate::decision::Verdict;

/// Counts decisions on which data may be disclosed, or may not.
#[derive(Debug, Clone)]
pub(crate) struct DecisionMetrics {
    decisions: Counter<u64>,
}

impl DecisionMetrics {
    pub(crate) fn new() -> Self {
        let decisions = meter()
            .u64_counter("aval.consent.decisions")
            .with_description(
                "Accesses decided and traced, by what was answered and in which mode.",
            )
            .build();
        Self { decisions }
    }

    /// An access was decided, and its trace is durable.
    pub(crate) fn decided(&self, verdict: Verdict, mode: AccessMode) {
        let attributes = [
            KeyValue::new("outcome", outcome(verdict)),
            KeyValue::new("mode", mode_name(mode)),
        ];
        self.decisions.add(1, &attributes);
    }
}

const fn outcome(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Permit(_) => "permitted",
        Verdict::Deny(reason) => match reason {
            DenialReason::PractitionerInactive => "practitioner_inactive",
            DenialReason::RecordUnavailable => "record_unavailable",
            DenialReason::Blocked => "blocked",
            DenialReason::EmergencyOpposed => "emergency_opposed",
            DenialReason::EmergencyReasonMissing => "emergency_reason_missing",
            DenialReason::EmergencyAuthenticationTooWeak => "emergency_authentication_too_weak",
            DenialReason::RegulatorFunctionRequired => "regulator_function_required",
            DenialReason::NoGrant => "no_grant",
            DenialReason::GrantExpired => "grant_expired",
            DenialReason::GrantNotYetActive => "grant_not_yet_active",
            DenialReason::NothingPermitted => "nothing_permitted",
        },
    }
}

const fn mode_name(mode: AccessMode) -> &'static str {
    match mode {
        AccessMode::Normal => "normal",
        AccessMode::BreakGlass => "break_glass",
        AccessMode::RegulationCenter => "regulation_center",
    }
}
