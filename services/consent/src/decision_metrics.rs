//! How often which decision is answered, for operators.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aval_domain::access::{AccessMode, DenialReason};
use aval_runtime::telemetry::metrics::meter;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, ObservableCounter};

use crate::decision::Verdict;

/// A permission, and each reason for a denial.
const OUTCOMES: usize = 1 + DenialReason::ALL.len();

/// Counts decisions on which data may be disclosed, or may not, and those that were only
/// asked for.
#[derive(Debug, Clone)]
pub(crate) struct DecisionMetrics {
    decisions: Counter<u64>,
    /// Counted here and read when metrics are: a check takes microseconds, and looking a
    /// counter up by its attributes would be felt.
    checks: Arc<Checks>,
    _checks: ObservableCounter<u64>,
}

/// By mode, and by outcome.
#[derive(Debug, Default)]
struct Checks([[AtomicU64; OUTCOMES]; AccessMode::ALL.len()]);

impl DecisionMetrics {
    pub(crate) fn new() -> Self {
        let meter = meter();
        let decisions = meter
            .u64_counter("aval.consent.decisions")
            .with_description(
                "Accesses decided and traced, by what was answered and in which mode.",
            )
            .build();
        let checks = Arc::new(Checks::default());
        let counted = Arc::clone(&checks);
        let observed = meter
            .u64_observable_counter("aval.consent.checks")
            .with_description(
                "Questions answered without a trace (Check, BatchCheck), by what was answered \
                 and in which mode.",
            )
            .with_callback(move |counter| {
                counted.each(|outcome, mode, count| {
                    let attributes = [
                        KeyValue::new("outcome", outcome),
                        KeyValue::new("mode", mode_name(mode)),
                    ];
                    counter.observe(count, &attributes);
                });
            })
            .build();
        Self {
            decisions,
            checks,
            _checks: observed,
        }
    }

    /// An access was decided, and its trace is durable.
    pub(crate) fn decided(&self, verdict: Verdict, mode: AccessMode) {
        let attributes = [
            KeyValue::new("outcome", OUTCOME_NAMES[outcome(verdict)]),
            KeyValue::new("mode", mode_name(mode)),
        ];
        self.decisions.add(1, &attributes);
    }

    /// A question was answered, and nothing may be disclosed on it.
    pub(crate) fn checked(&self, verdict: Verdict, mode: AccessMode) {
        self.checks.0[mode as usize][outcome(verdict)].fetch_add(1, Ordering::Relaxed);
    }

    /// How many checks were counted.
    #[cfg(test)]
    pub(crate) fn counted(&self) -> u64 {
        let mut all = 0;
        self.checks.each(|_, _, count| all += count);
        all
    }
}

impl Checks {
    fn each(&self, mut tell: impl FnMut(&'static str, AccessMode, u64)) {
        for (mode, counts) in AccessMode::ALL.iter().zip(&self.0) {
            for (name, count) in OUTCOME_NAMES.into_iter().zip(counts) {
                tell(name, *mode, count.load(Ordering::Relaxed));
            }
        }
    }
}

/// The place of an outcome in [`OUTCOME_NAMES`].
const fn outcome(verdict: Verdict) -> usize {
    match verdict {
        Verdict::Permit(_) => 0,
        Verdict::Deny(reason) => 1 + reason as usize,
    }
}

const OUTCOME_NAMES: [&str; OUTCOMES] = {
    let mut names = ["permitted"; OUTCOMES];
    let mut at = 0;
    while at < DenialReason::ALL.len() {
        names[1 + at] = reason_name(DenialReason::ALL[at]);
        at += 1;
    }
    names
};

const fn reason_name(reason: DenialReason) -> &'static str {
    match reason {
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
    }
}

const fn mode_name(mode: AccessMode) -> &'static str {
    match mode {
        AccessMode::Normal => "normal",
        AccessMode::BreakGlass => "break_glass",
        AccessMode::RegulationCenter => "regulation_center",
    }
}

#[cfg(test)]
mod tests {
    use aval_domain::access::Ground;

    use super::*;

    #[test]
    fn each_outcome_is_counted_under_its_own_name_in_its_mode() {
        let metrics = DecisionMetrics::new();
        let denied = |reason| Verdict::Deny(reason);
        for reason in DenialReason::ALL {
            assert_eq!(
                OUTCOME_NAMES[outcome(denied(*reason))],
                reason_name(*reason)
            );
        }
        metrics.checked(Verdict::Permit(Ground::OwnRecord), AccessMode::Normal);
        metrics.checked(denied(DenialReason::Blocked), AccessMode::BreakGlass);
        metrics.checked(denied(DenialReason::Blocked), AccessMode::BreakGlass);
        let mut counted = Vec::new();
        metrics.checks.each(|outcome, mode, count| {
            if count > 0 {
                counted.push((outcome, mode, count));
            }
        });
        let expected = [
            ("permitted", AccessMode::Normal, 1),
            ("blocked", AccessMode::BreakGlass, 2),
        ];
        assert_eq!(counted, expected);
    }
}
